/* SPDX-License-Identifier: MIT */
/*
 * poll.c - the poller as the scheduler knows it (sched/source.h): it starts with the first
 * descriptor, sorts news by their tags, and starts anew in the child of a fork, where the
 * kernel's part would be shared with the parent.
 */
#include "poll/poll.h"

#include <pthread.h>

#include "os/os.h"
#include "os/poller.h"
#include "sched/sched.h"
#include "sched/source.h"

bool poll_win(struct g *waiter, enum woken how)
{
    uint32_t none = 0;

    return cas(&waiter->u.wait.fired, &none, 1 + (uint32_t)how);
}

void poll_list(struct ready_list *list, struct g *g)
{
    g->next = NULL;
    *list->end = g;
    list->end = &g->next;
}

static struct g *sort_news(const struct poller_news *news)
{
    struct ready_list list = {.end = &list.first};

    for (int i = 0; i < news->n; i++) {
        if (news->at[i].tag & POLL_FOREIGN)
            foreign_ready(news->at[i].tag, news->at[i].ready, &list);
        else
            desc_ready(news->at[i].tag, news->at[i].ready, &list);
    }
    return list.first;
}

static bool anyone_waits(void)
{
    return desc_awaited() || foreign_awaited();
}

static const struct leat__poller poller = {poller_wait, poller_interrupt, sort_news,
                                           anyone_waits};

static spinlock start_lock;
static bool poll_started; /* atomic, start_lock to change */

static void poll_in_child(void)
{
    start_lock.held = 0;
    if (!poll_started)
        return;
    poller_forget();
    leat__poller = NULL;
    poll_started = false;
    desc_forked();
    foreign_forked();
}

int poll_start(void)
{
    static bool atfork;
    int err = 0;

    if (likely(load_acquire(&poll_started)))
        return 0;
    spin_lock(&start_lock, LEAT__RANK_LEAF);
    if (!poll_started)
        err = poller_open();
    if (!poll_started && !err) {
        if (!atfork)
            pthread_atfork(NULL, NULL, poll_in_child);
        atfork = true;
        store_release(&leat__poller, &poller);
        store_release(&poll_started, true);
    }
    spin_unlock(&start_lock, LEAT__RANK_LEAF);
    return err;
}
