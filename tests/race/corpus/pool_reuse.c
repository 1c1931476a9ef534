/* SPDX-License-Identifier: MIT */
/* pool_reuse.c - who takes an object out of a pool comes after who put it there. */
#include "corpus.h"

static void *make_word(void *arg)
{
    (void)arg;
    return calloc(1, sizeof(struct word));
}

static void drop_word(void *item, void *arg)
{
    (void)arg;
    free(item);
}

static void takes_writes_and_puts(struct race *r, leat_pool *pool)
{
    struct word *w = leat_pool_get(pool);

    race_write(&w->v);
    leat_pool_put(pool, w);
    leat_send(r->c, 1);
}

static void puts_and_takes_again(struct race *r)
{
    leat_pool pool = {.make = make_word, .drop = drop_word};
    struct word *w = leat_pool_get(&pool);

    race_write(&w->v);
    leat_pool_put(&pool, w);
    leat_waitgroup_go(&r->join, takes_writes_and_puts, r, &pool);
    while (leat_len(r->c) == 0)
        leat_yield();
    w = leat_pool_get(&pool);
    race_write(&w->v);
    leat_pool_put(&pool, w);
    leat_recv(r->c, NULL);
    leat_pool_free(&pool);
}

ORDERED(a_put_is_before_the_get_of_its_object, MM20, Pool, .cap = 1,
        .parties = {puts_and_takes_again})

static void puts_and_writes(struct race *r)
{
    leat_pool pool = {.make = make_word, .drop = drop_word};
    struct word *w = leat_pool_get(&pool);

    race_write(&w->v);
    leat_pool_put(&pool, w);
    leat_waitgroup_go(&r->join, takes_writes_and_puts, r, &pool);
    race_write(&w->v);
    leat_recv(r->c, NULL);
    leat_pool_free(&pool);
}

RACES(what_follows_a_put_is_not_before_the_get, MM20, Pool, race_write, .cap = 1,
      .parties = {puts_and_writes})
