/* SPDX-License-Identifier: MIT */
/*
 * 35 crawler: every page of a site, and which of its links are broken.
 *
 * A page is fetched by a goroutine, and a group keeps them together: so many at once, and the
 * first error that makes it pointless to go on ends the group's context, under which all the
 * others ask. A link that leads nowhere is no such error, but a result; a server that is gone is.
 *
 * The site is walked level by level: all pages that one click leads to, then all that two do. So
 * the depth of a page is that of the shortest way, whoever answers first. And nobody who holds one
 * of the group's places ever waits for another one: a page that fetched its own links would, and
 * with deep sites all places would be held by pages that wait for their links, for ever.
 *
 * A map makes sure that each page is fetched once: whoever puts it there sends it to the next
 * level. That is a channel without a limit, since nobody reads it before the level is over.
 *
 *     35-crawler                                a scene, with a site of its own
 *     35-crawler http://localhost:8000/         its pages; others of the same host, and no others
 *     35-crawler -d 2 -n 4 -t 10 URL            two clicks deep, four at once, ten seconds in all
 *
 * EXIT  0: all well; 1: some pages cannot be had; 2: it could not be found out.
 */
#include <leat.h>
#include <leat/http.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { URL_MAX = 1000, PAGE_MAX = 4 << 20 };

struct page {
    char *path;          /* with its query, such as "/news?page=2" */
    int status;          /* 0: not visited; below: why it could not be asked for */
    struct page **links; /* in the order in which they stand there */
    int nlinks;
};

typedef leat_chan(struct page *) page_chan;

struct crawl {
    char site[URL_MAX]; /* "http://localhost:8000" */
    leat_http_client *client;
    int at_once, depth;
    leat_map seen;               /* path -> struct page */
    page_chan next;              /* the pages of the next level */
    char why[2 * URL_MAX + 200]; /* what ended it */
};

static void *must(void *memory)
{
    if (!memory)
        leat_panic("out of memory");
    return memory;
}

/* ---- links ---- */

/* Takes "." and ".." out of a path, in place; the query is left alone. */
static void clean(char *path)
{
    char *to = path, *from = path, *end = path + strcspn(path, "?");

    while (from < end) { /* from is at a slash, and a part follows */
        size_t n = 1 + strcspn(from + 1, "/?");
        bool last = from + n == end;
        if (n == 2 && from[1] == '.') {
            if (last)
                *to++ = '/';
        } else if (n == 3 && from[1] == '.' && from[2] == '.') {
            while (to > path && *--to != '/')
                continue;
            if (last)
                *to++ = '/';
        } else {
            memmove(to, from, n);
            to += n;
        }
        from += n;
    }
    memmove(to, end, strlen(end) + 1);
}

/* What a link on a page of this site leads to, if that is on this site. */
static bool resolve(const struct crawl *c, const char *on, const char *link, char path[URL_MAX])
{
    size_t site = strlen(c->site), dir = 0;

    if (strncasecmp(link, c->site, site) == 0 && (link[site] == '/' || link[site] == '\0'))
        link = link[site] == '/' ? link + site : "/"; /* said in full */
    else if (strncmp(link, "//", 2) == 0 || link[strcspn(link, ":/?")] == ':')
        return false; /* another host, mailto: and its like */
    if (link[0] == '?')
        dir = strcspn(on, "?"); /* the same page, asked otherwise */
    else if (link[0] != '/')
        for (size_t i = 0; on[i] != '\0' && on[i] != '?'; i++)
            dir = on[i] == '/' ? i + 1 : dir; /* beside this page */
    if (snprintf(path, URL_MAX, "%.*s%s", (int)dir, on, link) >= URL_MAX)
        return false;
    clean(path);
    return true;
}

/* The page of a path. Whoever asks for it first sends it to the next level. */
static struct page *page_at(struct crawl *c, const char *path)
{
    struct page *mine = must(calloc(1, sizeof(*mine)));
    void *there;

    mine->path = must(strdup(path));
    if (leat_map_load_or_store(&c->seen, path, mine, &there)) {
        free(mine->path);
        free(mine);
        return there;
    }
    leat_send(c->next, mine);
    return mine;
}

static void add_link(struct crawl *c, struct page *from, const char *on, const char *link)
{
    char path[URL_MAX];

    if (link[0] == '\0' || !resolve(c, on, link, path))
        return;
    size_t size = (size_t)(from->nlinks + 1) * sizeof(*from->links);
    from->links = must(realloc(from->links, size));
    from->links[from->nlinks++] = page_at(c, path);
}

/* The value that begins at a quote: without a fragment, and with & for &amp;. It ends in place. */
static char *value(char *quote, char **after)
{
    char *begin = quote + 1, *end = strchr(begin, *quote), *amp;

    if (!end)
        return NULL;
    *after = end + 1;
    *end = '\0';
    begin[strcspn(begin, "#")] = '\0';
    for (char *p = begin; (amp = strstr(p, "&amp;")); p = amp + 1)
        memmove(amp + 1, amp + 5, strlen(amp + 5) + 1);
    return begin;
}

/* How long the name of an attribute is that holds a link; 0: there is none. */
static size_t attribute(const char *p)
{
    return strncasecmp(p, "href=", 5) == 0 ? 5 : strncasecmp(p, "src=", 4) == 0 ? 4 : 0;
}

/* This is no parser of HTML, but it finds what links look like. */
static void find_links(struct crawl *c, struct page *from, const char *on, char *text)
{
    for (char *p = text; *p != '\0';) {
        size_t n = attribute(p);
        if (n == 0 || (p[n] != '"' && p[n] != '\'')) {
            p++;
            continue;
        }
        char *link = value(p + n, &p);
        if (!link)
            return;
        add_link(c, from, on, link);
    }
}

/* ---- visits ---- */

/* Is it this link that is bad, and not the server, or the whole crawl? */
static bool is_of_the_link(int err)
{
    return err == -EINVAL || err == -ELOOP || err == -EPROTONOSUPPORT;
}

static int read_page(struct crawl *c, struct page *page, leat_http_answer *answer)
{
    const char *type = leat_http_answer_header(answer, "Content-Type");
    size_t host = strlen("http://");
    char *text;

    if (page->status >= 400 || !type || strncasecmp(type, "text/html", 9) != 0)
        return 0;
    if (strcasecmp(leat_http_answer_host(answer), c->site + host) != 0)
        return 0; /* a redirect has led to another site */
    int64_t n = leat_http_answer_read_all(answer, &text, PAGE_MAX);
    if (n < 0)
        return n == -E2BIG ? 0 : (int)n;
    find_links(c, page, leat_http_answer_target(answer), text);
    free(text);
    return 0;
}

static int visit(leat_ctx *ctx, struct crawl *c, struct page *page)
{
    char url[2 * URL_MAX];
    leat_http_answer *answer;

    snprintf(url, sizeof(url), "%s%s", c->site, page->path);
    int err = leat_http_get_ctx(ctx, c->client, url, &answer);
    if (err == 0) {
        page->status = leat_http_answer_status(answer);
        err = read_page(c, page, answer);
        leat_http_answer_free(answer);
    } else if (is_of_the_link(err)) {
        page->status = err;
        err = 0;
    }
    if (err) { /* the first one ends the context, and says why; the others are ended by it */
        char why[sizeof(url) + 100];
        snprintf(why, sizeof(why), "%s: %s", url, leat_strerror(err));
        leat_ctx_cancel_cause(ctx, err, why);
    }
    return err;
}

/* Visits all that the channel holds, and leaves a new one with what that has led to. */
static int visit_level(leat_ctx *ctx, struct crawl *c)
{
    leat_scoped_group(g, ctx);
    page_chan level = c->next;

    leat_group_set_limit(&g, c->at_once);
    c->next = leat_chan_make(page_chan, LEAT_UNBOUNDED);
    leat_close(level);
    leat_range(page, level)
        leat_group_go(&g, visit, leat_group_ctx(&g), c, page); /* waits for a place */
    leat_chan_free(level);
    if (leat_group_wait(&g) == 0)
        return 0;
    /* Whoever was cancelled may have said so first: the cause is what came before that. */
    snprintf(c->why, sizeof(c->why), "%s", leat_ctx_cause_text(leat_group_ctx(&g)));
    return leat_ctx_cause(leat_group_ctx(&g));
}

static int crawl(leat_ctx *ctx, struct crawl *c, const char *first)
{
    int err = 0;

    c->next = leat_chan_make(page_chan, LEAT_UNBOUNDED);
    page_at(c, first);
    for (int clicks = 0; clicks <= c->depth && leat_len(c->next) > 0 && !err; clicks++)
        err = visit_level(ctx, c);
    return err;
}

/* ---- what was found ---- */

struct list {
    struct page **pages;
    int n;
};

static bool collect(leat_key key, void *page, void *arg)
{
    struct list *l = arg;

    (void)key;
    l->pages = must(realloc(l->pages, (size_t)(l->n + 1) * sizeof(*l->pages)));
    l->pages[l->n++] = page;
    return true;
}

static int by_path(const void *a, const void *b)
{
    const struct page *const *x = a, *const *y = b;

    return strcmp((*x)->path, (*y)->path);
}

static bool is_bad(const struct page *page)
{
    return page->status < 0 || page->status >= 400;
}

static const char *in_words(int status)
{
    return status < 0 ? leat_strerror(status) : leat_http_status_text(status);
}

/* Shows the pages in order, below each its broken links; how many pages could not be had. */
static int report(struct crawl *c)
{
    struct list l = {0};
    int visited = 0, bad = 0, broken = 0;

    leat_map_range(&c->seen, collect, &l);
    qsort(l.pages, (size_t)l.n, sizeof(struct page *), by_path);
    for (int i = 0; i < l.n; i++) {
        const struct page *page = l.pages[i];
        if (page->status == 0)
            continue;
        visited++;
        bad += is_bad(page);
        printf("%s %s\n", is_bad(page) ? "BAD" : "ok ", page->path);
        for (int k = 0; k < page->nlinks; k++) {
            const struct page *to = page->links[k];
            if (!is_bad(to))
                continue;
            broken++;
            printf("      broken: %s, %s\n", to->path, in_words(to->status));
        }
    }
    printf("%d pages, %d broken links, %d pages too deep\n", visited, broken, l.n - visited);
    free(l.pages);
    return bad;
}

static bool free_page(leat_key key, void *arg_page, void *arg)
{
    struct page *page = arg_page;

    (void)key, (void)arg;
    free(page->path);
    free(page->links);
    free(page);
    return true;
}

static void forget(struct crawl *c)
{
    leat_map_range(&c->seen, free_page, NULL);
    leat_map_free(&c->seen);
    leat_chan_free(c->next);
}

/* ---- a real one ---- */

static LEAT_NORETURN LEAT_PRINTF(1, 2) void refuse(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("35-crawler: ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\nusage: 35-crawler [-d CLICKS] [-n AT_ONCE] [-t SECONDS] URL\n", stderr);
    exit(2);
}

static int number(int letter, const char *text, int min)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (n < min || n > 100000 || end == text || *end != '\0')
        refuse("-%c %s: that is no number from %d to 100000", letter, text, min);
    return (int)n;
}

/* Takes a URL apart: the site, and the path of the first page. */
static void take_apart(struct crawl *c, const char *url, char path[URL_MAX])
{
    static const char http[] = "http://";
    size_t host = strncasecmp(url, http, 7) == 0 ? strcspn(url + 7, "/?#") : 0;

    if (host == 0 || strlen(url) >= URL_MAX - 1)
        refuse("%s: that is no URL of the kind http://HOST/PATH", url);
    snprintf(c->site, sizeof(c->site), "%.*s", (int)(7 + host), url);
    if (host > 3 && strcmp(c->site + 7 + host - 3, ":80") == 0)
        c->site[7 + host - 3] = '\0'; /* it goes without saying */
    url += 7 + host;
    snprintf(path, URL_MAX, "%s%.*s", url[0] == '/' ? "" : "/", (int)strcspn(url, "#"), url);
    clean(path);
}

static int real(int argc, char **argv)
{
    struct crawl c = {.at_once = 8, .depth = 100};
    char path[URL_MAX];
    int seconds = 60, letter, bad = 0;

    opterr = 0;
    while ((letter = getopt(argc, argv, "d:n:t:")) != -1) {
        if (letter == 'd')
            c.depth = number('d', optarg, 0);
        else if (letter == 'n')
            c.at_once = number('n', optarg, 1);
        else if (letter == 't')
            seconds = number('t', optarg, 1);
        else
            refuse("-%c: there is no such option, or it needs a number", optopt);
    }
    if (argc - optind != 1)
        refuse("one URL is needed");
    take_apart(&c, argv[optind], path);
    if (leat_http_client_make(&c.client, NULL) < 0)
        refuse("http_proxy in the environment is no proxy");
    leat_scoped_ctx(ctx, leat_ctx_with_timeout_cause(NULL, seconds * LEAT_SECOND, -ETIMEDOUT,
                                                     "no time is left; -t gives more"));
    int err = crawl(ctx, &c, path);
    if (err)
        fprintf(stderr, "35-crawler: %s\n", c.why);
    else
        bad = report(&c);
    forget(&c);
    leat_http_client_free(c.client);
    return err ? 2 : bad > 0;
}

/* ---- the scene ---- */

static const struct {
    const char *path, *text;
} site[] = {
    {"/", "<a href='about.html#us'>About</a> <a href=\"/shop/\">Shop</a> <a href='#top'>Top</a>"
          "<a href='http://elsewhere.example/'>Others</a> <a href='mailto:me@here'>Mail</a>"},
    {"/about.html", "<a href='/'>Home</a> <a href='team.html?who=all&amp;old=no'>We</a>"},
    {"/team.html", "<img src='cat.png'> <a href='/gone.html'>Gone</a> <a href='..'>Up</a>"},
    {"/shop/", "<a href='../about.html'>About</a> <a href=\"./mill/../mill/1.html\">Mills</a>"},
    {"/shop/mill/1.html", "<a href='2.html'>Next</a> <a href='/gone.html'>Gone</a>"},
    {"/shop/mill/2.html", "<a href='3.html'>Next</a>"},
    {"/shop/mill/3.html", "<a href='1.html'>First</a>"},
    {"/trap/", "<a href='never'>Waits</a> <a href='torn'>Breaks off</a>"},
};

/* Pages of the site; one that never comes, and one that ends too early. */
static void serve_page(leat_http_request *req, leat_http_response *res, void *arg)
{
    leat_int_chan open = arg;
    const char *path = leat_http_path(req);

    leat_http_set_header(res, "Content-Type", "text/html; charset=utf-8");
    if (strcmp(path, "/trap/never") == 0) {
        leat_recv(open, NULL);
        return;
    }
    if (strcmp(path, "/trap/torn") == 0) {
        leat_http_set_header(res, "Content-Length", "1000");
        leat_http_write(res, "<a href=", 8);
        return;
    }
    for (size_t i = 0; i < sizeof(site) / sizeof(*site); i++)
        if (strcmp(path, site[i].path) == 0) {
            leat_http_write(res, site[i].text, strlen(site[i].text));
            return;
        }
    leat_http_error(res, 404, NULL);
}

static int serve(leat_http_server *server, leat_listener *l)
{
    return leat_http_serve(server, l);
}

static int crawl_anew(struct crawl *c, const char *first, int depth, leat_duration patience)
{
    leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, patience));

    c->depth = depth;
    return crawl(ctx, c, first);
}

static void crawls(struct crawl *c)
{
    printf("All of it:\n");
    crawl_anew(c, "/", 100, LEAT_FOREVER);
    report(c);
    forget(c);

    printf("One click deep:\n");
    crawl_anew(c, "/", 1, LEAT_FOREVER);
    report(c);
    forget(c);

    /* One page never comes; but another breaks off, and that ends the wait for the first. */
    int err = crawl_anew(c, "/trap/", 100, LEAT_FOREVER);
    printf("A server that breaks off: %s\n", leat_strerror(err));
    forget(c);

    err = crawl_anew(c, "/trap/never", 100, 20 * LEAT_MILLISECOND);
    printf("A page that never comes: %s\n", leat_strerror(err));
    forget(c);
}

static int scene(void)
{
    static const leat_http_client_opts direct = {.no_proxy = true};
    leat_scoped_chan(leat_int_chan, open, 0);
    struct crawl c = {.at_once = 3};
    char address[LEAT_ADDR_TEXT];
    leat_http_server *server;
    leat_group g = {0};
    leat_listener *l;
    leat_addr addr;

    if (leat_listen(&l, "tcp", "127.0.0.1:0") < 0 || leat_listener_addr(l, &addr) < 0 ||
        leat_http_server_make(&server, serve_page, open, NULL) < 0 ||
        leat_http_client_make(&c.client, &direct) < 0)
        leat_panic("the site cannot be made");
    leat_addr_format(&addr, address, sizeof(address));
    snprintf(c.site, sizeof(c.site), "http://%s", address);
    leat_group_go(&g, serve, server, l);

    crawls(&c);

    leat_close(open); /* those who wait for the page that never comes are let go */
    leat_http_shutdown(server);
    leat_group_wait(&g);
    leat_http_server_free(server);
    leat_http_client_free(c.client);
    return 0;
}

int main(int argc, char **argv)
{
    return argc > 1 ? real(argc, argv) : scene();
}
