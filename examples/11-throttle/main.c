/* SPDX-License-Identifier: MIT */
/*
 * 11 throttle: crawl a small site, page by page, with at most three requests at a time.
 *
 * Every page that is found gets a goroutine of its own: they are cheap, and the crawler has
 * no list of things to do. What must be bounded is what the server sees, so each one passes a
 * throttle before it asks. Here nobody is turned away (the backlog has room for all); a server
 * would use the same thing with a short backlog and a timeout, and answer "busy" to the rest.
 */
#include <leat.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* The site: each page and the pages it links to. */
static const struct page {
    const char *path, *links[5];
} site[] = {
    {"/", {"/docs", "/blog", "/about"}},
    {"/docs", {"/docs/start", "/docs/api", "/"}},
    {"/docs/start", {"/docs/api", "/docs/install"}},
    {"/docs/api", {"/docs", "/docs/missing"}},
    {"/docs/install", {"/"}},
    {"/blog", {"/blog/1", "/blog/2", "/blog/3"}},
    {"/blog/1", {"/blog", "/blog/2"}},
    {"/blog/2", {"/blog/1", "/about"}},
    {"/blog/3", {"/docs/start"}},
    {"/about", {"/"}},
};
enum { PAGES = sizeof(site) / sizeof(site[0]) };

static leat_throttle server = {.limit = 3, .backlog = 1000, .timeout = LEAT_MINUTE};
static atomic_int at_once, most_at_once;

/* What a request costs, and a look at how many there are. */
static int fetch(const char *path)
{
    int now = atomic_fetch_add(&at_once, 1) + 1;
    int most = atomic_load(&most_at_once);
    while (now > most && !atomic_compare_exchange_weak(&most_at_once, &most, now))
        continue;
    leat_sleep(2 * LEAT_MILLISECOND);
    atomic_fetch_sub(&at_once, 1);

    for (int i = 0; i < PAGES; i++)
        if (strcmp(site[i].path, path) == 0)
            return i;
    return -ENOENT;
}

/* Who has been seen is shared by all of them. */
static struct {
    leat_mutex lock;
    bool seen[PAGES];
    int broken;
} crawl;

static bool first_visit(int page)
{
    leat_lock_guard(&crawl.lock);
    bool first = !crawl.seen[page];
    crawl.seen[page] = true;
    return first;
}

static void visit(leat_waitgroup *wg, const char *path)
{
    int page = leat_throttle_do(&server, fetch, path);
    if (page < 0) {
        leat_lock_guard(&crawl.lock);
        crawl.broken++;
        return;
    }
    if (!first_visit(page))
        return;
    for (const char *const *link = site[page].links; *link; link++)
        leat_waitgroup_go(wg, visit, wg, *link);
}

int main(void)
{
    leat_waitgroup wg = {0};

    leat_waitgroup_go(&wg, visit, &wg, "/");
    leat_waitgroup_wait(&wg);

    for (int i = 0; i < PAGES; i++)
        printf("%-13s %s\n", site[i].path, crawl.seen[i] ? "found" : "not found");
    printf("broken links: %d\n", crawl.broken);
    printf("requests at a time: %s\n",
           atomic_load(&most_at_once) <= 3 ? "3 at most" : "too many");
    return 0;
}
