/* SPDX-License-Identifier: MIT */
/* Groups, semaphores, shared calls and rates. */
#include <leat/group.h>
#include <leat/rate.h>
#include <leat/semaphore.h>
#include <leat/singleflight.h>

struct page {
    char text[64];
};

typedef leat_flight(struct page) page_flight;
typedef leat_chan(page_flight) page_flight_chan;

static leat_semaphore slots = LEAT_SEMAPHORE(4);
static leat_limiter limiter = LEAT_LIMITER(2.5, 3);
static leat_sometimes rarely = {.first = 3, .interval = LEAT_SECOND};

static int nothing(void)
{
    return 0;
}

static int fetch(struct page *out, const char *url, unsigned char tries)
{
    out->text[0] = url[0];
    return tries ? 0 : -EIO;
}

static int blank(struct page *out)
{
    out->text[0] = 0;
    return 0;
}

int use_group(leat_ctx *parent, const char *url, int i);

int use_group(leat_ctx *parent, const char *url, int i)
{
    leat_group g = {0};
    leat_singleflight flights = {{0}, 0};
    struct page page;
    bool shared;
    leat_ctx *ctx = leat_group_with_ctx(&g, parent);

    leat_group_set_limit(&g, 3);
    leat_group_go(&g, nothing);
    leat_group_go(&g, fetch, &page, url, i++);
    if (!leat_group_try_go(&g, nothing) || leat_group_go_ctx(ctx, &g, fetch, &page, url, 1))
        i++;
    {
        leat_scoped_group(inner, leat_group_ctx(&g));
        leat_group_go(&inner, nothing);
        leat_scoped_group(other, NULL);
        leat_group_go(&other, nothing);
    }
    i += leat_singleflight_do(&flights, url, &page, &shared, fetch, url, 3);
    i += leat_singleflight_do(&flights, url, &page, NULL, blank);
    i += leat_singleflight_do_ctx(ctx, &flights, url, &page, NULL, fetch, url, i++);
    page_flight_chan c = leat_chan_make(page_flight_chan, 1);
    leat_singleflight_do_chan(&flights, url, c, fetch, url, 3);
    leat_singleflight_do_chan(&flights, url, c, blank);
    leat_singleflight_forget(&flights, url);
    leat_chan_unref(c);
    if (leat_semaphore_try_acquire(&slots, 1))
        leat_semaphore_release(&slots, 1);
    if (leat_limiter_allow(&limiter) && i)
        leat_sometimes_do(&rarely, nothing);
    else
        leat_sometimes_do(&rarely, fetch, &page, url, 1);
    return leat_group_wait(&g) + i;
}
