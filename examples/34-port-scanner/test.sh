#!/bin/sh
# SPDX-License-Identifier: MIT
# test.sh PROGRAM: scans servers of Python's on this machine, and is given what it must refuse.
set -u
program=$1
command -v python3 >/dev/null || { echo 'needs python3'; exit 77; }
dir=$(mktemp -d) || exit 1
servers=''
finish()
{
    [ -z "$servers" ] || kill "$servers" 2>/dev/null
    wait
    rm -rf "$dir"
}
trap finish EXIT

fail()
{
    echo "$*"
    cat "$dir/said" "$dir/wrong"
    exit 1
}

# refuses STATUS WORDS ARGUMENT...: ends with that status, and says so.
refuses()
{
    status=$1 words=$2
    shift 2
    "$program" "$@" >"$dir/said" 2>"$dir/wrong"
    [ $? -eq "$status" ] || fail "$*: the status is not $status"
    grep -qF -- "$words" "$dir/wrong" || fail "$*: it does not say: $words"
}

# Three ports: one that is open, one that is bound and so can be nobody's, and one whose queue is
# full, so that who dials it hears nothing. Of a listener, unacked (byte 24 of the kernel's
# tcp_info) is who waits to be accepted.
mkfifo "$dir/ports"
python3 -c 'import signal, socket, struct, sys
def bound():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    return s
opened, closed, full = bound(), bound(), bound()
opened.listen()
full.listen(0)
caller = socket.create_connection(full.getsockname())
def waiting():
    info = full.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return struct.unpack_from("I", info, 24)[0]
while waiting() < 1:
    pass
with open(sys.argv[1], "w") as out:
    print(*(s.getsockname()[1] for s in (opened, closed, full)), file=out)
signal.pause()' "$dir/ports" &
servers=$!
read -r opened closed full <"$dir/ports"

"$program" -t 1500 127.0.0.1 "$closed,$full,$opened,$opened-$opened" \
    >"$dir/said" 2>"$dir/wrong" || fail 'the scan failed'
{
    printf '%5d open\n%5d silent\n' "$opened" "$full" | sort -n
    echo '127.0.0.1: 1 open, 1 closed, 1 silent'
} >"$dir/expected"
cmp "$dir/said" "$dir/expected" || fail 'the scan said otherwise'

# A range around the open one, fast and many at once.
first=$((opened - 500)) last=$((opened + 500))
[ "$first" -gt 0 ] || first=1
[ "$last" -lt 65536 ] || last=65535
"$program" -r 100000 -t 5000 -n 200 127.0.0.1 "$first-$last" >"$dir/said" 2>"$dir/wrong" ||
    fail 'the range failed'
grep -qx " *$opened open" "$dir/said" || fail 'the range does not have the open port'
sed '$d' "$dir/said" | sort -n -c || fail 'out of order'

refuses 2 'a host and ports are needed' 127.0.0.1
refuses 2 'those are no ports' 127.0.0.1 ''
refuses 2 'those are no ports' 127.0.0.1 0
refuses 2 'those are no ports' 127.0.0.1 80,
refuses 2 'those are no ports' 127.0.0.1 20-10
refuses 2 'those are no ports' 127.0.0.1 1-65536
refuses 2 'those are no ports' 127.0.0.1 99999999999999999999
refuses 2 'those are no ports' 127.0.0.1 http
refuses 2 '-r 0: that is no number' -r 0 127.0.0.1 80
refuses 2 '-t 1s: that is no number' -t 1s 127.0.0.1 80
refuses 2 '-n: there is no such option' -n
refuses 2 '-x: there is no such option' -x 127.0.0.1 80
refuses 1 '34-port-scanner: 127.0.0.1:80: Invalid argument' 127.0.0.1:80 80
