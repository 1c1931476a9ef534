/* SPDX-License-Identifier: MIT */
/* Atomic values of every type. */
#include <leat/atomic.h>

struct node {
    struct node *next;
    int value;
};
struct limits {
    double rate;
    int burst[5];
};
enum colour { RED, GREEN };
typedef leat_atomic(struct node *) node_ref;

static leat_atomic_int64 hits;
static leat_atomic(struct node *) head;
static leat_atomic(short) small;
static leat_atomic(enum colour) paint;
static leat_atomic_value(struct limits) limits;
static leat_atomic_bool ready;
static leat_atomic_pointer any;

int use_atomics(node_ref *shared, struct node *n, const leat_atomic_uint32 *look);

int use_atomics(node_ref *shared, struct node *n, const leat_atomic_uint32 *look)
{
    struct limits l = {.rate = 1}, old;
    leat_atomic_uintptr p = {0};

    leat_atomic_add(&hits, 1);
    leat_atomic_add(&hits, n->value);
    leat_atomic_store(&head, NULL);
    leat_atomic_store(&head, n);
    leat_atomic_store(&any, n);
    leat_atomic_store(shared, leat_atomic_load(&head));
    do
        n->next = leat_atomic_load(&head);
    while (!leat_atomic_cas(&head, n->next, n));
    leat_atomic_store(&small, 3);
    leat_atomic_or(&small, 4);
    leat_atomic_and(&p, ~(uintptr_t)1);
    leat_atomic_store(&paint, GREEN);
    leat_atomic_wait(&ready, false);
    leat_atomic_store(&ready, true);
    leat_atomic_notify_one(&ready);
    leat_atomic_notify_all(shared);
    if (leat_atomic_wait_ctx(NULL, shared, n) || leat_atomic_wait_until(look, 3, 0))
        return leat_atomic_swap(&paint, RED) == GREEN;
    leat_atomic_value_store(&limits, l);
    leat_atomic_value_store(&limits, ((struct limits){.burst = {1, 2}}));
    if (leat_atomic_value_swap(&limits, l, &old) && leat_atomic_value_cas(&limits, old, l))
        return leat_atomic_value_load(&limits, &l);
    return (int)leat_atomic_load(look) + (int)leat_atomic_load(&small);
}
