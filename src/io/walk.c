/* SPDX-License-Identifier: MIT */
/*
 * walk.c - everything below a directory.
 *
 * PICTURE   level 0: names of root, next   level 1: names of root/a, next   ...
 *
 * The open levels are a list on the heap: a tree is as deep as whoever made it likes, a stack is
 * not. No descriptor stays open between two calls of the function, so a deep tree needs no more
 * of them than a flat one; the price is that directories are found by their whole path, which
 * cannot be longer than the kernel allows: what lies deeper is reported with ENAMETOOLONG.
 *
 * PROOF  tests/api/io_walk_test.c.
 */
#include <leat/context.h>
#include <leat/go.h>
#include <leat/io/walk.h>

#include <string.h>

#include "base/util.h"
#include "os/files.h"
#include "os/mem.h"

struct level {
    struct level *above;
    struct os_list list;
    size_t next;   /* of the list */
    size_t length; /* of the path of this directory */
};

struct walk {
    leat_ctx *ctx;
    int (*visit)(void *arg, const leat_walk_entry *e);
    void *arg;
    char *path; /* of what is visited */
    size_t room;
    struct level *at;
    int depth;
};

/* The path is the directory's, then a '/' if there is none, and the name. */
static int walk_to(struct walk *w, size_t length, const char *name)
{
    size_t n = strlen(name), need = length + 1 + n + 1;

    if (need > w->room) {
        char *larger = leat__alloc(need * 2);
        if (!larger)
            return -ENOMEM;
        memcpy(larger, w->path, length);
        leat__free(w->path);
        w->path = larger;
        w->room = need * 2;
    }
    if (length > 0 && w->path[length - 1] != '/')
        w->path[length++] = '/';
    memcpy(w->path + length, name, n + 1);
    return 0;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

static int call_visitor(struct walk *w, int type, int failed)
{
    const leat_walk_entry e = {w->path, last_part(w->path), type, w->depth, failed};

    return (*w->visit)(w->arg, &e);
}

static void level_leave(struct walk *w)
{
    struct level *l = w->at;

    w->at = l->above;
    w->depth--;
    os_list_free(&l->list);
    leat__free(l);
}

/* Into the directory that w->path names. */
static int level_enter(struct walk *w)
{
    struct level *l = leat__alloc(sizeof(*l));

    if (!l)
        return -ENOMEM;
    int err = leat_blocking(os_list, w->path, &l->list);
    int said = err ? call_visitor(w, LEAT_FILE_DIRECTORY, err) : 0;
    l->length = strlen(w->path);
    l->above = w->at;
    w->at = l;
    w->depth++;
    if (said == LEAT_WALK_SKIP)
        level_leave(w);
    return said == LEAT_WALK_SKIP ? 0 : said;
}

/* What w->path names. */
static int walk_entry(struct walk *w, int type)
{
    int said = call_visitor(w, type, 0);

    if (said == 0 && type == LEAT_FILE_DIRECTORY)
        return level_enter(w);
    if (said != LEAT_WALK_SKIP || type == LEAT_FILE_DIRECTORY)
        return said == LEAT_WALK_SKIP ? 0 : said;
    if (w->at)
        w->at->next = w->at->list.n;
    return 0;
}

static int walk_below(struct walk *w)
{
    int said = 0;

    while (!said && w->at) {
        struct level *l = w->at;
        if (l->next == l->list.n) {
            level_leave(w);
            continue;
        }
        const struct os_entry *e = &l->list.entry[l->next++];
        said = leat_ctx_err(w->ctx);
        if (!said)
            said = walk_to(w, l->length, e->name);
        if (!said)
            said = walk_entry(w, e->type);
    }
    return said;
}

int leat_walk(leat_ctx *ctx, const char *root,
              int (*visit)(void *arg, const leat_walk_entry *e), void *arg)
{
    struct walk w = {.ctx = ctx, .visit = visit, .arg = arg};
    leat_file_info info = {0};
    int said = leat_ctx_err(ctx);

    if (!said)
        said = walk_to(&w, 0, root);
    if (!said) {
        int err = leat_stat(root, false, &info);
        said = err ? call_visitor(&w, LEAT_FILE_OTHER, err) : walk_entry(&w, info.type);
    }
    if (!said)
        said = walk_below(&w);
    while (w.at)
        level_leave(&w);
    leat__free(w.path);
    return said > 0 ? 0 : said;
}
