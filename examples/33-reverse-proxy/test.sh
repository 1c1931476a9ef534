#!/bin/sh
# SPDX-License-Identifier: MIT
# test.sh PROGRAM: the proxy between curl and Python's file server; then it is told to end.
set -u
program=$1
for needed in curl python3; do
    command -v "$needed" >/dev/null && continue
    echo "needs $needed"
    exit 77
done
dir=$(mktemp -d) || exit 1
behind='' front=''
finish()
{
    [ -z "$behind" ] || kill "$behind" 2>/dev/null
    [ -z "$front" ] || kill "$front" 2>/dev/null
    wait
    rm -rf "$dir"
}
trap finish EXIT

fail()
{
    echo "$*"
    exit 1
}

free_port()
{
    python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

get()
{
    curl --silent --show-error --fail --noproxy '*' --max-time 60 "$@"
}

port=$(free_port)
back=$(free_port)
mkdir "$dir/www"
seq 1 100000 >"$dir/www/numbers"
python3 -m http.server --bind 127.0.0.1 --directory "$dir/www" "$back" >/dev/null 2>&1 &
behind=$!
"$program" "127.0.0.1:$port" "127.0.0.1:$back" >"$dir/said" &
front=$!

tries=0
until get "http://127.0.0.1:$port/numbers" -o "$dir/got" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || fail 'the proxy does not answer'
    sleep 0.1
done
cmp "$dir/got" "$dir/www/numbers" || fail 'the file came out changed'
[ "$(get -r 0-9 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/numbers")" = 200 ] ||
    fail 'the status was not passed on'
[ "$(curl -s --noproxy '*' -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/none")" = 404 ] ||
    fail 'an error was not passed on'
get -I "http://127.0.0.1:$port/numbers" | grep -qi '^x-request-id: ' || fail 'no number'

kill -INT "$front"
wait "$front" || fail "the proxy ended with $?"
front=''
[ "$(cat "$dir/said")" = 'shut down' ] || fail "the proxy said: $(cat "$dir/said")"
