/* SPDX-License-Identifier: MIT */
/*
 * main_returns.c - when main returns the program ends with main's status, and nobody is waited
 * for: neither who computes, nor who sleeps, nor who is blocked in a system call. It must print
 * one line, from its atexit handler, and end with the status it was given as argument.
 */
#include <leat.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_int begun;

static void computes(void)
{
    atomic_fetch_add(&begun, 1);
    for (;;)
        atomic_load(&begun);
}

static void sleeps(void)
{
    atomic_fetch_add(&begun, 1);
    leat_sleep(LEAT_HOUR);
    puts("the sleeper was waited for");
}

static void blocks(int fd)
{
    char byte;

    atomic_fetch_add(&begun, 1);
    if (read(fd, &byte, 1) == 1)
        puts("the reader was waited for");
}

static void never(char *unused)
{
    (void)unused;
    puts("a deferred call of another goroutine ran");
}

static void waits(leat_done_chan c)
{
    leat_defer(never, (char *)NULL);
    atomic_fetch_add(&begun, 1);
    leat_recv(c, NULL);
}

static void last_words(void)
{
    puts("atexit ran");
}

int main(int argc, char **argv)
{
    int ends[2];
    leat_done_chan c = leat_chan_make(leat_done_chan, 0);

    atexit(last_words);
    if (pipe(ends) != 0)
        return 99;
    leat_go(sleeps);
    leat_go(waits, c);
    leat_go(blocks, ends[0]);
    while (atomic_load(&begun) < 3)
        leat_yield();
    /* No leat call from here on: main would wait for its thread, which might run this one. */
    leat_go(computes);
    while (atomic_load(&begun) < 4)
        ;
    return argc > 1 ? atoi(argv[1]) : 0;
}
