/* SPDX-License-Identifier: MIT */
/*
 * 12 timers: things that happen later, again and again, or not at all.
 *
 * A timer strikes once, a ticker again and again; both send the time to a channel, so they stand
 * in a select like everything else. leat_after_func calls a function instead. All can be stopped
 * and reset, and what was stopped or reset delivers nothing old: no channel has to be emptied.
 */
#include <leat.h>
#include <stdio.h>

/* Search when the typing pauses: each key puts the timer off. */
static void search_as_you_type(const char *keys)
{
    leat_timer *pause = leat_timer_make(LEAT_HOUR);
    int searches = 0;

    for (const char *k = keys; *k; k++)
        leat_timer_reset(pause, 5 * LEAT_MILLISECOND);
    leat_recv(leat_timer_chan(pause), NULL);
    searches++;
    while (leat_recv_until(leat_timer_chan(pause), NULL, leat_now() + 10 * LEAT_MILLISECOND) ==
           0)
        searches++;
    printf("typed \"%s\", searched %d time\n", keys, searches);
    leat_timer_free(pause);
}

/* Say that it goes on while it does. Who is slow to listen loses ticks, and nothing queues up. */
static void work_with_progress(void)
{
    leat_ticker *progress = leat_ticker_make(2 * LEAT_MILLISECOND);
    int shown = 0;

    leat_range(now, leat_ticker_chan(progress)) {
        (void)now;
        printf("working%.*s\n", ++shown, "...");
        if (shown == 3)
            break;
    }
    leat_ticker_free(progress);
}

static void remind(const char *what, leat_done_chan done)
{
    printf("reminder: %s\n", what);
    leat_close(done);
}

/* One reminder is in time, the other is called off. Each runs in a goroutine of its own. */
static void tea_and_cake(void)
{
    leat_scoped_chan(leat_done_chan, tea, 0);
    leat_scoped_chan(leat_done_chan, cake, 0);
    leat_timer *tea_timer = leat_after_func(3 * LEAT_MILLISECOND, remind, "the tea", tea);
    leat_timer *cake_timer = leat_after_func(LEAT_HOUR, remind, "the cake", cake);

    leat_recv(tea, NULL);
    if (leat_timer_stop(cake_timer))
        puts("no cake today");
    leat_timer_free(tea_timer);
    leat_timer_free(cake_timer);
}

int main(void)
{
    search_as_you_type("leat");
    work_with_progress();
    tea_and_cake();
    return 0;
}
