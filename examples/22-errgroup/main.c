/* SPDX-License-Identifier: MIT */
/*
 * 22 errgroup: start a service of several parts, and take all of it down when one fails.
 *
 * A wait group waits. A group also keeps the first error, and its context tells the others that
 * there is no point in going on. With a scope nobody can forget to wait: the block does not end
 * before its goroutines have.
 */
#include <leat.h>
#include <stdatomic.h>
#include <stdio.h>

/* A part that works until it is told to stop. */
static int serve(leat_ctx *ctx, const char *name, atomic_int *stopped)
{
    (void)name;
    leat_recv(leat_ctx_done(ctx), NULL);
    atomic_fetch_add(stopped, 1);
    return leat_ctx_err(ctx); /* an error as well, but not the first */
}

/* A part that cannot even start. */
static int load_config(const char *path)
{
    leat_sleep(LEAT_MILLISECOND);
    return path[0] == '/' ? 0 : -ENOENT;
}

static int service(const char *config)
{
    atomic_int stopped = 0;
    int err;
    {
        leat_scoped_group(g, NULL);
        leat_ctx *ctx = leat_group_ctx(&g);

        leat_group_go(&g, serve, ctx, "listener", &stopped);
        leat_group_go(&g, serve, ctx, "cleaner", &stopped);
        leat_group_go(&g, serve, ctx, "metrics", &stopped);
        leat_group_go(&g, load_config, config);
        err = leat_group_wait(&g);
        printf("the group: %s; the cause: %s\n", leat_strerror(err), leat_ctx_cause_text(ctx));
    }
    printf("parts that were told to stop: %d\n", atomic_load(&stopped));
    return err;
}

/* With a limit a group is a pool: so many at once, and the first error at the end. */
static int square(int i, long *out)
{
    *out = (long)i * i;
    return i == 13 ? -ERANGE : 0;
}

static void limited(void)
{
    leat_group g = {0};
    long squares[20], sum = 0;

    leat_group_set_limit(&g, 4);
    for (int i = 0; i < 20; i++)
        leat_group_go(&g, square, i, &squares[i]); /* waits while four run */
    int err = leat_group_wait(&g);
    for (int i = 0; i < 20; i++)
        sum += squares[i];
    printf("sum %ld, and one of them said: %s\n", sum, leat_strerror(err));
}

int main(void)
{
    service("config.toml");
    limited();
    return 0;
}
