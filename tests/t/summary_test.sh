#!/bin/sh
# SPDX-License-Identifier: MIT
# summary_test.sh - what summary makes of one ctest log with every kind of end in it.
set -eu
cd "$(dirname "$0")"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

expect()
{
    status=0
    got=$(./summary "$log") || status=$?
    if [ "$status" != "$1" ] || [ "$got" != "$2" ]; then
        printf 'got status %s:\n%s\nexpected status %s:\n%s\n' "$status" "$got" "$1" "$2"
        exit 1
    fi
}

cat >"$log" <<'LOG'
1: ok a procs=1 (0.00 s)
1: skip b procs=2: not for mode tsan
1: skip c procs=2: not for mode tsan
1:     | 9 passed, 9 failed
1: 4 passed, 0 failed, 2 skipped
1/2 Test  #1: chan_test ........................   Passed    0.01 sec
2: no compiler here
2/2 Test  #2: consume ..........................***Skipped   0.01 sec
LOG
expect 0 'skipped 1: no compiler here
skipped 2: not for mode tsan
4 passed, 0 failed, 3 skipped'

cat >"$log" <<'LOG'
1: FAIL x procs=2 (0.10 s): t.c:3: T_EQ(a, b): left is 1, right is 2
1: 3 passed, 1 failed
1/5 Test  #1: select_test ......................***Failed    0.01 sec
2: ok a procs=1 (0.00 s)
2/5 Test  #2: crash_test .......................***Exception: SegFault  0.01 sec
3/5 Test  #3: other ............................
   Passed    0.01 sec
4: 3 passed, 0 failed
4/5 Test  #4: late_test ........................***Timeout   9.01 sec
5/5 Test  #5: absent ...........................***Not Run   0.00 sec
LOG
expect 1 'FAIL x procs=2 (0.10 s): t.c:3: T_EQ(a, b): left is 1, right is 2
FAIL crash_test: no totals; the last line was: ok a procs=1 (0.00 s)
FAIL late_test: after its totals
FAIL absent: no totals; no output
7 passed, 4 failed'

: >"$log"
expect 1 '0 passed, 0 failed'
