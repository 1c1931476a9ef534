/* SPDX-License-Identifier: MIT */
/*
 * 31 leaks: goroutines that wait for ever, how to see them, and how to let them end.
 *
 * A goroutine ends when its function returns, and by nothing else. One that waits for something
 * that will never happen stays, with its stack and all it holds; a server that leaves one
 * behind with each request dies of it, in a week. It is seen by counting: leat_num_goroutine
 * before and after should agree. leat_dump then says where they wait, and where they were
 * started.
 *
 * Who starts a goroutine knows how it will end. The ways that cover nearly everything:
 *
 *     room for every answer     a sender never waits for a receiver that has gone
 *     a context                 who waits is told that nobody needs it any more
 *     a close                   who reads is told that nothing will come
 *
 * and a wait group or a group, to wait until it has ended.
 */
#include <leat.h>
#include <stdio.h>
#include <string.h>

enum { MIRRORS = 3 };

/* How many more there are than before. They end a moment after their last word, so we wait for
 * those of whom we know that they can. */
static int left_behind(int before, int expected)
{
    while (leat_num_goroutine() > before + expected)
        leat_sleep(100 * LEAT_MICROSECOND);
    return leat_num_goroutine() - before;
}

/* --- the first answer is enough: what about the others? --- */

static void download(int mirror, leat_int_chan answers)
{
    leat_send(answers, mirror);
    leat_chan_unref(answers); /* its own reference: it may outlive the one who asked */
}

static void first_answer(const char *how, int room, int expected)
{
    leat_int_chan answers = leat_chan_make(leat_int_chan, room);
    int before = leat_num_goroutine();

    for (int i = 0; i < MIRRORS; i++)
        leat_go(download, i, leat_chan_ref(answers));
    leat_recv(answers, NULL); /* and the rest of them is not read */
    printf("%s: %d left behind\n", how, left_behind(before, expected));
    for (int i = 0; i < expected; i++)
        leat_recv(answers, NULL); /* what the code that leaks does not do */
    left_behind(before, 0);
    leat_chan_free(answers); /* would end the program if somebody still waited on it */
}

/* --- it would work for ever, and for nobody --- */

static void watch(leat_ctx *ctx, leat_int_chan readings)
{
    for (int i = 0;; i++) {
        /* Everything that waits has a form that takes a context: leat_sleep_ctx, too. */
        if (leat_select(leat_case_send(readings, i), leat_case_done(ctx)) == 1)
            return;
    }
}

static void told_by_a_context(void)
{
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    leat_scoped_chan(leat_int_chan, readings, 0);
    leat_waitgroup wg = {0};
    int before = leat_num_goroutine(), reading = 0;

    leat_waitgroup_go(&wg, watch, ctx, readings);
    while (reading < 10)
        leat_recv(readings, &reading);
    printf("read enough: %d left behind\n", left_behind(before, 1));
    leat_ctx_cancel(ctx);
    leat_waitgroup_wait(&wg);
    printf("and told so by a context: %d left behind\n", left_behind(before, 0));
}

/* --- a reader that is never told the end --- */

static void count_letters(leat_str_chan lines, size_t *letters)
{
    leat_range(line, lines)
        *letters += strlen(line);
}

static void told_by_a_close(void)
{
    leat_scoped_chan(leat_str_chan, lines, 0);
    leat_waitgroup wg = {0};
    size_t letters = 0;
    int before = leat_num_goroutine();

    leat_waitgroup_go(&wg, count_letters, lines, &letters);
    leat_send(lines, "the mill is open");
    leat_send(lines, "the mill is closed");
    printf("all lines sent: %d left behind\n", left_behind(before, 1));
    leat_close(lines);
    leat_waitgroup_wait(&wg); /* and its result is there */
    printf("and the log closed: %d left behind, %d letters\n", left_behind(before, 0),
           (int)letters);
}

int main(void)
{
    first_answer("no room for late answers", 0, MIRRORS - 1);
    first_answer("room for every answer", MIRRORS, 0);
    told_by_a_context();
    told_by_a_close();
    printf("goroutines at the end: %d, and that is main\n", leat_num_goroutine());
    return 0;
}
