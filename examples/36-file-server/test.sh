#!/bin/sh
# SPDX-License-Identifier: MIT
# test.sh PROGRAM: the server is asked by curl and Python, told to end, and given what is wrong.
set -u
program=$1
for needed in curl python3; do
    command -v "$needed" >/dev/null && continue
    echo "needs $needed"
    exit 77
done
dir=$(mktemp -d) || exit 1
server=''
finish()
{
    [ -z "$server" ] || kill "$server" 2>/dev/null
    wait
    rm -rf "$dir"
}
trap finish EXIT

fail()
{
    echo "$*"
    cat "$dir/log"
    exit 1
}

mkfifo "$dir/out"
exec 3<>"$dir/out" # what the server says is read line by line, and waited for

# start [-c N]: starts the server at a port that is free; $url is what it says.
start()
{
    "$program" "$@" "$dir/www" 127.0.0.1:0 >"$dir/out" 2>"$dir/log" &
    server=$!
    read -r _ at url <&3
    [ "$at" = at ] || fail "it said: $at $url"
}

# ends SIGNAL WORDS: the server is told to end, says so, and ends well.
ends()
{
    kill "-$1" "$server"
    read -r said <&3
    [ "$said" = "$2" ] || fail "at the end it said: $said"
    wait "$server" || fail "it ended with $?"
    server=''
}

get()
{
    curl --silent --show-error --fail --noproxy '*' --max-time 60 "$@"
}

# status WANTED CURL-ARGUMENT...
status()
{
    wanted=$1
    shift
    got=$(curl --silent --noproxy '*' --max-time 60 -o /dev/null -w '%{http_code}' "$@")
    [ "$got" = "$wanted" ] || fail "$*: $got, not $wanted"
}

# refuses STATUS WORDS ARGUMENT...: ends with that status, and says so.
refuses()
{
    wanted=$1 words=$2
    shift 2
    "$program" "$@" >/dev/null 2>"$dir/log"
    [ $? -eq "$wanted" ] || fail "$*: the status is not $wanted"
    grep -qF -- "$words" "$dir/log" || fail "$*: it does not say: $words"
}

mkdir -p "$dir/www/sub"
seq 1 200000 >"$dir/www/numbers.txt"
echo '<p>welcome</p>' >"$dir/www/sub/index.html"
echo secret >"$dir/secret.txt"
ln -s ../secret.txt "$dir/www/link.txt"
echo hidden >"$dir/www/.hidden"
truncate -s 64M "$dir/www/big.bin"

start
get "$url/numbers.txt" | cmp - "$dir/www/numbers.txt" || fail 'the file came out changed'
get --compressed "$url/numbers.txt" | cmp - "$dir/www/numbers.txt" || fail 'changed by gzip'
[ "$(get -r 0-9 "$url/numbers.txt" | tr '\n' ,)" = 1,2,3,4,5, ] || fail 'the range'
[ "$(get "$url/sub/")" = '<p>welcome</p>' ] || fail 'the index'
status 206 -r -10 "$url/numbers.txt"
status 416 -r 99999999- "$url/numbers.txt"
status 200 -I "$url/numbers.txt"
status 405 -d text "$url/numbers.txt"
status 404 "$url/none.txt"
status 404 "$url/.hidden"
status 404 "$url/link.txt"
status 404 --path-as-is "$url/../secret.txt"
status 404 --path-as-is "$url/%2e%2e/secret.txt"
tag=$(get -I "$url/numbers.txt" | tr -d '\r' | sed -n 's/^ETag: //p')
status 304 -H "If-None-Match: $tag" "$url/numbers.txt"

# Many at once, on connections of their own, by a client that is not ours.
python3 -c 'import concurrent.futures, http.client, sys
address, path = sys.argv[1].removeprefix("http://"), sys.argv[2]
want = open(path, "rb").read()
def ask(n):
    c = http.client.HTTPConnection(address, timeout=60)
    for i in range(5):
        first = n * 1000 + i
        c.request("GET", "/numbers.txt", headers={"Range": f"bytes={first}-{first + 999}"})
        r = c.getresponse()
        assert r.status == 206, r.status
        assert r.read() == want[first:first + 1000]
with concurrent.futures.ThreadPoolExecutor(20) as pool:
    list(pool.map(ask, range(20)))' "$url" "$dir/www/numbers.txt" || fail 'Python saw another file'

# A download that is under way when it is told to end goes on to its end; nobody else is let in.
python3 -c 'import http.client, os, signal, sys
address, server = sys.argv[1].removeprefix("http://"), int(sys.argv[2])
c = http.client.HTTPConnection(address, timeout=60)
c.request("GET", "/big.bin")
r = c.getresponse()
os.kill(server, signal.SIGTERM)
try:
    while True:
        late = http.client.HTTPConnection(address, timeout=60)
        late.request("GET", "/none.txt")
        late.getresponse().read()
except (OSError, http.client.HTTPException):
    pass
assert len(r.read()) == 64 << 20' "$url" "$server" || fail 'the download was cut off'
read -r said <&3
[ "$said" = 'terminated signal received' ] || fail "at the end it said: $said"
wait "$server" || fail "it ended with $?"
server=''
grep -q '"GET /numbers.txt HTTP/1.1" 200 ' "$dir/log" || fail 'the log has no such line'
grep -q '"GET /.hidden HTTP/1.1" 404 ' "$dir/log" || fail 'the log has no errors'
[ "$(wc -l <"$dir/log")" -ge 115 ] || fail 'lines of the log are missing'

# So many connections: who comes then is told 503, and the others go on.
start -c 2
python3 -c 'import socket, sys
host, port = sys.argv[1].removeprefix("http://").split(":")
def ask(s):
    s.sendall(b"GET /none.txt HTTP/1.1\r\nHost: a\r\n\r\n")
    return s.recv(4096)
held = [socket.create_connection((host, int(port))) for _ in range(2)]
assert all(ask(s).startswith(b"HTTP/1.1 404 ") for s in held)
assert ask(socket.create_connection((host, int(port)))).startswith(b"HTTP/1.1 503 ")
assert all(ask(s).startswith(b"HTTP/1.1 404 ") for s in held)' "$url" || fail 'the limit'
ends INT 'interrupt signal received'

refuses 2 'a directory is needed' -c 5
refuses 2 'a directory is needed' "$dir/www" 127.0.0.1:0 more
refuses 2 '-c many: that is no number' -c many "$dir/www"
refuses 2 '-x: there is no such option' -x "$dir/www"
refuses 1 "$dir/none: No such file or directory" "$dir/none"
refuses 1 "$dir/secret.txt: Not a directory" "$dir/secret.txt"
refuses 1 'nowhere: Invalid argument' "$dir/www" nowhere
refuses 1 '127.0.0.1:99999: ' "$dir/www" 127.0.0.1:99999
