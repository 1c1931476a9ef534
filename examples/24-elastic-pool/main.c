/* SPDX-License-Identifier: MIT */
/*
 * 24 elastic pool: a pool of workers with a backlog, whose size changes while it works.
 *
 * Example 07 built a pool of goroutines and a channel. leat_workers is that and what one comes to
 * miss: a backlog with a bound, errors, waiting until everything is done and then going on, and
 * a number of workers that follows the load. A task is a call, as for leat_go.
 */
#include <leat.h>
#include <stdatomic.h>
#include <stdio.h>

struct gauge {
    atomic_int now, most;
};

static int resize_picture(struct gauge *g, int width, double quality)
{
    int now = atomic_fetch_add(&g->now, 1) + 1;
    int most = atomic_load(&g->most);
    while (now > most && !atomic_compare_exchange_weak(&g->most, &most, now))
        continue;
    leat_sleep(200 * LEAT_MICROSECOND);
    atomic_fetch_sub(&g->now, 1);
    return width > 0 && quality <= 1 ? 0 : -EINVAL;
}

static void round_of(leat_workers *pool, int workers, int tasks)
{
    struct gauge g = {0, 0};

    leat_workers_resize(pool, workers);
    for (int i = 0; i < tasks; i++)
        leat_workers_submit(pool, resize_picture, &g, 100 + i,
                            0.8); /* waits if there is no room */
    int err = leat_workers_drain(pool);
    printf("%d tasks, at most %d at once: %s\n", tasks, workers,
           err                               ? leat_strerror(err)
           : atomic_load(&g.most) <= workers ? "fine"
                                             : "too many");
}

/* Without workers nothing runs, and the backlog fills up. */
static void overload(leat_workers *pool)
{
    struct gauge g = {0, 0};
    int accepted = 0;

    leat_workers_resize(pool, 0);
    while (leat_workers_try_submit(pool, resize_picture, &g, 640, 0.8) == 0)
        accepted++;
    printf("halted: %d accepted, the next one: %s\n", accepted,
           leat_strerror(leat_workers_try_submit(pool, resize_picture, &g, 640, 0.8)));
    leat_workers_resize(pool, 2);
    leat_workers_drain(pool);
    printf("and then all done: %d running, %d waiting\n", leat_workers_running(pool),
           (int)leat_workers_waiting(pool));
}

int main(void)
{
    leat_workers *pool = leat_workers_make(&(leat_workers_opts){.workers = 2, .backlog = 10});
    struct gauge g = {0, 0};

    round_of(pool, 2, 50);
    round_of(pool, 6, 100);
    round_of(pool, 1, 20);
    overload(pool);

    /* An error does not stop this pool: the next drain tells it. */
    leat_workers_submit(pool, resize_picture, &g, -1, 0.8);
    leat_workers_submit(pool, resize_picture, &g, 100, 0.8);
    printf("a bad task: %s\n", leat_strerror(leat_workers_drain(pool)));
    leat_workers_free(pool);
    return 0;
}
