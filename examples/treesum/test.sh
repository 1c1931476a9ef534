#!/bin/sh
# SPDX-License-Identifier: MIT
# test.sh TREESUM [quick]: what treesum promises, each promise a test.
#
# The yardstick is sha256sum itself, byte for byte. `quick` leaves out what takes long or proves
# nothing in an instrumented build: the system's own big trees and the memory bound.
#
# Where a moment matters, the program is held there instead of hoping for it: its output goes to
# a FIFO that nobody reads, so it stands still, in the middle of the tree, until we read on.
set -u

treesum=$(realpath "$1")
quick=${2:-}
work=$(mktemp -d) || exit 1
trap 'chmod -R u+rwx "$work" 2>/dev/null; rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work" || exit 1
passed=0
failed=0
skipped=0

# run NAME: a test returns 0 or, with a reason in $why, 77 to skip or anything else to fail.
run()
{
    why=''
    "$1"
    case $? in
    0) passed=$((passed + 1)) && printf 'ok      %s\n' "$1" ;;
    77) skipped=$((skipped + 1)) && printf 'skip    %s: %s\n' "$1" "$why" ;;
    *) failed=$((failed + 1)) && printf 'FAIL    %s: %s\n' "$1" "$why" ;;
    esac
}

reference()
{
    find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
}

# treesum with these arguments: into out and err, exit status into $status
sum()
{
    timeout 300 "$treesum" "$@" >"$work/out" 2>"$work/err"
    status=$?
}

# same JOBS ROOT...: no error, and the same bytes as the yardstick
same()
{
    jobs=$1
    shift
    sum -j "$jobs" "$@"
    why="-j $jobs $*: exit status $status, $(head -n 1 "$work/err")"
    [ "$status" -eq 0 ] && [ ! -s "$work/err" ] || return 1
    reference "$@" >"$work/expected"
    why="-j $jobs $*: not sha256sum's output: $(cmp "$work/out" "$work/expected" 2>&1)"
    cmp -s "$work/out" "$work/expected"
}

# ends STATUS TEXT: the last sum ended with this status and a message with this text
ends()
{
    why="exit status $status instead of $1: $(head -n 2 err)"
    [ "$status" -eq "$1" ] || return 1
    why="no '$2' on standard error: $(head -n 3 err)"
    grep -qF -- "$2" err
}

# ---- trees ----

# shellcheck disable=SC1003,SC2016 # names that look like shell, and are not
make_odd_tree()
{
    mkdir -p odd/a odd/a.d odd/a-d "odd/two  words" "odd/new
line" odd/deep odd/empty-directory
    for name in a/b a.b a-b a0 a.d/x a-d/x ' leading' 'trailing ' "tab$(printf '\tx')" \
        'back\slash' '\' 'two  words/x y' 'new
line/and
another' "return$(printf '\rx')" '*' '-j' '$(x)' "quote'd" '"' \
        "$(printf 'latin \351')" 'grüße'; do
        printf 'content of %s' "$name" >"odd/$name"
    done
    : >odd/empty
    : >odd/empty-too
    head -c 65536 /dev/zero >odd/one-piece
    head -c 65537 /dev/zero >odd/one-piece-and-a-byte
    ln -s one-piece odd/link-to-file
    ln -s . odd/link-to-directory
    ln -s nowhere odd/dangling
    mkfifo odd/fifo
    ln odd/one-piece odd/hard-link
    path=odd/deep
    for level in $(seq 120); do
        path=$path/level-$level
    done
    mkdir -p "$path"
    echo bottom >"$path/bottom"
    echo halfway >"${path%/level-60/*}/halfway"
}

# Enough lines that neither a pipe nor our buffer nor the window can hold them: about 400 KiB.
make_many()
{
    long=$(printf '%080d' 0)
    mkdir -p many/tree
    (cd many/tree && seq -f "$long-%04g" 2600 | xargs touch)
    truncate -s 300M many/a-sparse-file
}

# A path longer than the system takes: an error that even root gets.
make_too_deep()
{
    name=$(printf '%0200d' 0)
    half=$name
    for _ in $(seq 11); do
        half=$half/$name
    done
    mkdir -p "deep/m/$half" "other/$half"
    mv other/* "deep/m/$half/"
    mkdir -p deep/a deep/z
    echo 1 >deep/a/1
    echo 2 >deep/z/2
    echo 3 >"deep/m/$name/+first"
}

# ---- the same bytes ----

usr_include_is_as_sha256sum_says()
{
    [ -z "$quick" ] || { why='quick'; return 77; }
    [ -d /usr/include ] || { why='no /usr/include'; return 77; }
    same 8 /usr/include
}

usr_share_doc_is_as_sha256sum_says()
{
    [ -z "$quick" ] || { why='quick'; return 77; }
    [ -d /usr/share/doc ] || { why='no /usr/share/doc'; return 77; }
    same 3 /usr/share/doc
}

odd_names_with_any_number_of_jobs()
{
    for n in 1 2 8 64 256; do
        same "$n" odd || return 1
    done
}

several_roots_come_out_in_one_order()
{
    same 4 odd/a-d odd/a.d odd/a odd/deep && same 4 odd/deep odd/a odd/a.d odd/a-d
}

overlapping_roots_are_each_walked()
{
    same 4 odd odd/a odd/deep odd
}

roots_are_written_as_given()
{
    same 2 ./odd && same 2 odd/ && same 2 odd//a && same 2 "$work/odd" && same 2 odd/empty &&
        cd odd && same 2 . && same 2 ./-j
    result=$?
    cd "$work" && return "$result"
}

an_empty_directory_has_no_output()
{
    same 2 odd/empty-directory
}

a_link_with_a_slash_is_what_it_points_to()
{
    ln -s odd/a link
    same 2 link/
}

a_sparse_file_is_read_whole()
{
    [ -z "$quick" ] || { why='quick'; return 77; }
    same 2 many/a-sparse-file
}

# ---- errors ----

wrong_use_is_refused()
{
    sum && ends 2 'no directory given' &&
        sum -j 0 odd && ends 2 '-j 0: out of range' &&
        sum -j 257 odd && ends 2 '-j 257: out of range' &&
        sum -j -1 odd && ends 2 '-j -1: out of range' &&
        sum -j abc odd && ends 2 '-j abc: not a number' &&
        sum -j '' odd && ends 2 'not a number' &&
        sum -j 99999999999999999999 odd && ends 2 'out of range' &&
        sum odd -j && ends 2 '-j needs a number' &&
        sum -x odd && ends 2 'unknown option -x' &&
        sum --what odd && ends 2 'unknown option --what' &&
        sum --fail-fast=1 odd && ends 2 '--fail-fast=1' &&
        sum odd/nothing && ends 2 'odd/nothing: No such file or directory' &&
        sum odd/link-to-directory && ends 2 'symbolic links are not followed' &&
        sum odd/fifo && ends 2 'neither a directory nor a regular file' &&
        sum '' && ends 2 'No such file or directory' &&
        [ ! -s out ]
}

help_is_no_error()
{
    sum --help
    why="exit status $status: $(cat out err)"
    [ "$status" -eq 0 ] && [ ! -s err ] && grep -q '^Usage: treesum' out
}

a_path_too_long_is_counted_and_the_rest_goes_on()
{
    sum -j 4 deep
    ends 1 'File name too long' && ends 1 '1 could not be read, 3 digested' || return 1
    reference deep/a deep/z deep/m/*/+first 2>/dev/null | LC_ALL=C sort -k 2 >expected
    why='the other files are not as sha256sum says'
    cmp -s out expected
}

fail_fast_prints_what_came_before_and_no_more()
{
    for n in 1 8; do
        sum -j "$n" --fail-fast deep
        ends 1 'stopped at the first error' || return 1
        reference deep/a deep/m/*/+first >expected
        why="-j $n: not the digests before the error"
        cmp -s out expected || return 1
    done
}

what_may_not_be_read_is_counted()
{
    unprivileged=''
    if [ "$(id -u)" -eq 0 ]; then
        unprivileged='setpriv --reuid=65534 --regid=65534 --clear-groups'
        $unprivileged "$treesum" --help >/dev/null 2>&1 ||
            { why='root may read everything, and nobody cannot run the program'; return 77; }
    fi
    mkdir -p closed/directory closed/open
    echo 1 >closed/file
    echo 2 >closed/directory/file
    echo 3 >closed/open/file
    chmod 0 closed/file closed/directory
    # shellcheck disable=SC2086 # several words, or none
    timeout 60 $unprivileged "$treesum" closed >out 2>err
    status=$?
    ends 1 'treesum: closed/file: Permission denied' &&
        ends 1 'treesum: closed/directory: Permission denied' &&
        ends 1 '2 could not be read, 1 digested' || return 1
    why='the readable file is missing'
    sha256sum closed/open/file | cmp -s out -
}

a_full_disk_is_reported()
{
    [ -c /dev/full ] || { why='no /dev/full'; return 77; }
    timeout 60 "$treesum" many/tree >/dev/full 2>err
    status=$?
    ends 1 'standard output: No space left on device'
}

a_closed_output_is_refused()
{
    timeout 60 "$treesum" many/tree >&- 2>err
    status=$?
    ends 2 'standard output is closed'
}

a_reader_who_leaves_ends_it()
{
    { timeout 60 "$treesum" -j 8 many/tree 2>err; echo $? >status; } | head -n 1 >out
    status=$(cat status)
    ends 1 'standard output: Broken pipe' || return 1
    why='the first line did not come'
    reference many/tree >expected
    head -n 1 expected | cmp -s out -
}

# ---- held in the middle of the tree ----

# start ARGUMENT...: returns when the first byte was printed; what is more waits in fd 3.
start()
{
    rm -f fifo
    mkfifo fifo
    # shellcheck disable=SC2016 # for the inner shell, whose place treesum then takes
    timeout 300 sh -c 'echo $$ >pid; exec "$@"' sh "$treesum" "$@" >fifo 2>err &
    child=$!
    exec 3<fifo
    dd bs=1 count=1 <&3 >out 2>/dev/null
}

finish()
{
    cat <&3 >>out
    exec 3<&-
    wait "$child"
    status=$?
}

a_file_that_vanishes_is_reported()
{
    gone=$(find many/tree -type f | LC_ALL=C sort | tail -n 1)
    start -j 8 many/tree
    rm "$gone"
    finish
    ends 1 "treesum: $gone: No such file or directory" &&
        ends 1 '1 could not be read, 2599 digested' || return 1
    reference many/tree >expected
    why='the other files are not as sha256sum says'
    cmp -s out expected
}

a_file_that_became_something_else_is_reported()
{
    changed=$(find many/tree -type f | LC_ALL=C sort | tail -n 2)
    start -j 8 many/tree
    for file in $changed; do
        rm "$file"
    done
    # shellcheck disable=SC2086 # two names without blanks
    set -- $changed
    mkfifo "$1"
    ln -s /etc/passwd "$2"
    finish
    rm "$1" "$2"
    ends 1 "treesum: $1: no longer a regular file" &&
        ends 1 "treesum: $2: no longer a regular file"
}

memory_does_not_follow_the_file_size()
{
    [ -z "$quick" ] || { why='quick'; return 77; }
    start -j 8 many
    peak=$(awk '/^VmHWM/ {print $2}' "/proc/$(cat pid)/status")
    finish
    why="peak of $peak KiB with a file of 300 MiB, exit status $status"
    [ "$status" -eq 0 ] && [ "$peak" -lt $((64 * 1024)) ]
}

# ---- progress ----

progress_is_for_terminals_only()
{
    sum many/tree
    why="on standard error: $(head -c 200 err)"
    [ "$status" -eq 0 ] && [ ! -s err ]
}

progress_is_drawn_and_erased_on_a_terminal()
{
    script -qefc true typescript </dev/null >/dev/null 2>&1 ||
        { why='no script command, or no terminals for it'; return 77; }
    rm -f fifo
    mkfifo fifo
    timeout 300 script -qefc "'$treesum' -j 2 many/tree >fifo" typescript \
        </dev/null >/dev/null 2>&1 &
    child=$!
    exec 3<fifo
    tries=0
    until grep -q 'MiB/s' typescript 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || break
        sleep 0.1
    done
    finish
    why="after $tries looks: exit status $status, $(head -c 300 typescript | tr '\r' '|')"
    [ "$status" -eq 0 ] && grep -q 'files, .* MiB, .* MiB/s' typescript || return 1
    why='the last thing drawn is not blank'
    grep -a 'MiB/s' typescript | tr '\r' '\n' | sed '/^$/d' | tail -n 1 | grep -q '^ *$'
}

make_odd_tree
make_many
make_too_deep
run usr_include_is_as_sha256sum_says
run usr_share_doc_is_as_sha256sum_says
run odd_names_with_any_number_of_jobs
run several_roots_come_out_in_one_order
run overlapping_roots_are_each_walked
run roots_are_written_as_given
run an_empty_directory_has_no_output
run a_link_with_a_slash_is_what_it_points_to
run a_sparse_file_is_read_whole
run wrong_use_is_refused
run help_is_no_error
run a_path_too_long_is_counted_and_the_rest_goes_on
run fail_fast_prints_what_came_before_and_no_more
run what_may_not_be_read_is_counted
run a_full_disk_is_reported
run a_closed_output_is_refused
run a_reader_who_leaves_ends_it
run progress_is_for_terminals_only
run progress_is_drawn_and_erased_on_a_terminal
run memory_does_not_follow_the_file_size
run a_file_that_became_something_else_is_reported
make_many
run a_file_that_vanishes_is_reported
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
