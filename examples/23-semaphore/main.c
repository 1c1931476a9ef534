/* SPDX-License-Identifier: MIT */
/*
 * 23 semaphore: decode pictures of all sizes in a hundred megabytes.
 *
 * A number of goroutines at a time is the wrong limit where jobs differ: ten thumbnails fit
 * where one panorama does. A weighted semaphore counts what is really scarce. Requests are served
 * in the order in which they come, so the panorama gets its turn though thumbnails keep coming;
 * and one that nobody can ever serve waits only as long as its context lets it.
 */
#include <leat.h>
#include <stdatomic.h>
#include <stdio.h>

static leat_semaphore memory = LEAT_SEMAPHORE(100); /* megabytes */
static atomic_int in_use, most_in_use;

static int decode(leat_ctx *ctx, const char *name, int megabytes)
{
    (void)name;
    int err = leat_semaphore_acquire_ctx(ctx, &memory, megabytes);
    if (err)
        return err;

    int now = atomic_fetch_add(&in_use, megabytes) + megabytes;
    int most = atomic_load(&most_in_use);
    while (now > most && !atomic_compare_exchange_weak(&most_in_use, &most, now))
        continue;
    leat_sleep(LEAT_MILLISECOND);
    atomic_fetch_sub(&in_use, megabytes);

    leat_semaphore_release(&memory, megabytes);
    return 0;
}

static void decode_all(void)
{
    leat_group g = {0};

    for (int i = 0; i < 40; i++) {
        leat_group_go(&g, decode, (leat_ctx *)NULL, "thumbnail", 5);
        if (i % 10 == 0)
            leat_group_go(&g, decode, (leat_ctx *)NULL, "panorama", 90);
    }
    int err = leat_group_wait(&g);
    printf("44 pictures decoded: %s\n", err ? leat_strerror(err) : "all of them");
    printf("memory in use: %s\n",
           atomic_load(&most_in_use) <= 100 ? "never more than there is" : "too much");
}

/* Larger than all the memory: it waits for its deadline, and holds nobody up meanwhile. */
static void too_large(void)
{
    leat_group g = {0};
    leat_ctx *ctx = leat_ctx_with_timeout(NULL, 20 * LEAT_MILLISECOND);

    leat_group_go(&g, decode, ctx, "poster", 300);
    decode_all();
    printf("a poster of 300: %s\n", leat_strerror(leat_group_wait(&g)));
    leat_ctx_free(ctx);
}

int main(void)
{
    too_large();

    /* Who would rather do something else than wait asks without waiting. */
    leat_semaphore_acquire(&memory, 60);
    printf("room for 50 more: %s\n", leat_semaphore_try_acquire(&memory, 50) ? "yes" : "no");
    printf("room for 40 more: %s\n", leat_semaphore_try_acquire(&memory, 40) ? "yes" : "no");
    leat_semaphore_release(&memory, 100);
    return 0;
}
