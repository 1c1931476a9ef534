/* SPDX-License-Identifier: MIT */
/*
 * 13 mailbox: a counter that lives in one goroutine and is spoken to by letters.
 *
 * LEAT_UNBOUNDED makes a channel whose senders never wait: right where a sender must not be held
 * up by a slow receiver, and wrong where nothing else slows it down, because the letters that
 * have not been read are memory. leat_len says how many there are, and they are given back as
 * they are read.
 *
 * The mailbox is closed by its owner, while others may still be writing. leat_send would end the
 * program then; leat_send_status says that nobody reads any more.
 */
#include <errno.h>
#include <leat.h>
#include <stdio.h>

typedef leat_chan(int) mailbox;

enum { WRITERS = 4, LETTERS = 10000 };

static void write_letters(mailbox to)
{
    for (int i = 0; i < LETTERS; i++)
        leat_send(to, 1);
}

static void write_until_nobody_reads(mailbox to, leat_int_chan results)
{
    int err;

    while ((err = leat_send_status(to, 0)) == 0)
        leat_yield();
    leat_send(results, err);
}

int main(void)
{
    leat_scoped_chan(mailbox, letters, LEAT_UNBOUNDED);
    leat_scoped_chan(leat_int_chan, results, 1);
    leat_waitgroup writers = {0};
    long sum = 0;
    int letter, err;

    for (int i = 0; i < WRITERS; i++)
        leat_waitgroup_go(&writers, write_letters, letters);
    leat_waitgroup_wait(&writers); /* though nobody has read a single one */
    printf("%lld letters wait\n", (long long)leat_len(letters));
    while (leat_try_recv(letters, &letter))
        sum += letter;
    printf("they add up to %ld, and %lld wait\n", sum, (long long)leat_len(letters));

    leat_go(write_until_nobody_reads, letters, results);
    leat_recv(letters, &letter); /* it has begun */
    leat_close(letters);
    leat_recv(results, &err);
    printf("the last writer: %s\n", leat_strerror(err));
    return err == -EPIPE ? 0 : 1;
}
