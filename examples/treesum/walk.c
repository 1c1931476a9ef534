/* SPDX-License-Identifier: MIT */
/*
 * walk.c - the walker: every regular file below the roots, in byte order of the paths.
 *
 * ORDER    `find | sort` compares whole paths, and '/' is a byte like others: "a.c" comes
 *   before "a/b" because '.' is less than '/'. So a directory is sorted with the '/' that will
 *   follow its name, and then going down into each as it comes gives the order of the whole
 *   paths without holding them all. Several roots are walked side by side and the smallest next
 *   path is taken, which is right even when one lies within another.
 *
 * MEMORY   A level for each directory on the way down: the names in it that are still needed.
 *   No directory stays open, so depth costs no file descriptors, and no recursion, so it costs
 *   no stack.
 *
 * ERRORS   A directory that cannot be read goes down the line like a file that cannot be: its
 *   message comes at its place in the order, and the walk goes on with the next name. A path
 *   that does not fit PATH_MAX cannot be opened by its name, here or by sha256sum; it is
 *   reported cut off.
 */
#include "treesum.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct level {
    char *text;   /* the names, one after the other; a directory's ends in '/' */
    char **names; /* the same, sorted */
    size_t count, next;
    size_t prefix; /* how much of the path leads here */
};

struct walk {
    struct level *levels;
    size_t depth, room;
    int next; /* what step() said: the state of path */
    char path[PATH_MAX];
};

enum { WALK_END, WALK_FILE }; /* or a negative errno about path */

/* ---- one directory; these run inside leat_blocking ---- */

struct names {
    char *text;
    size_t used, room, count;
};

static int names_add(struct names *l, const char *name, bool is_directory)
{
    size_t n = strlen(name);
    if (l->used + n + 2 > l->room) {
        size_t room = 2 * l->room + n + 1024;
        char *text = realloc(l->text, room);
        if (!text)
            return -ENOMEM;
        l->text = text;
        l->room = room;
    }
    memcpy(l->text + l->used, name, n);
    l->used += n;
    if (is_directory)
        l->text[l->used++] = '/';
    l->text[l->used++] = '\0';
    l->count++;
    return 0;
}

/* DT_REG, DT_DIR or something else; some file systems leave it to us to find out. */
static int entry_type(DIR *dir, const struct dirent *e)
{
    struct stat st;
    if (e->d_type != DT_UNKNOWN)
        return e->d_type;
    if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return DT_UNKNOWN; /* gone already: as if it had not been there */
    return IFTODT(st.st_mode);
}

static int read_names(DIR *dir, struct names *l)
{
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(dir);
        if (!e)
            return -errno;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        int type = entry_type(dir, e);
        if (type != DT_REG && type != DT_DIR)
            continue;
        int err = names_add(l, e->d_name, type == DT_DIR);
        if (err < 0)
            return err;
    }
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int sort_names(struct names *l, struct level *out)
{
    char **names = malloc(l->count * sizeof(*names) + 1);
    if (!names)
        return -ENOMEM;
    char *text = l->text;
    for (size_t i = 0; i < l->count; i++, text += strlen(text) + 1)
        names[i] = text;
    qsort(names, l->count, sizeof(*names), by_bytes);
    *out = (struct level){.text = l->text, .names = names, .count = l->count};
    return 0;
}

/* A link that took a directory's place is not followed, except as the root the user named. */
static int list_directory(const char *path, bool is_root, struct level *out)
{
    int follow = is_root ? 0 : O_NOFOLLOW;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow);
    if (fd < 0)
        return -errno;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        int err = -errno;
        close(fd);
        return err;
    }
    struct names l = {0};
    int err = read_names(dir, &l);
    closedir(dir);
    if (err == 0)
        err = sort_names(&l, out);
    if (err < 0)
        free(l.text);
    return err;
}

/* ---- one tree ---- */

static void level_free(struct level *l)
{
    free(l->names);
    free(l->text);
}

/* The path must name a directory, with or without '/' at its end. */
static int go_down(struct walk *w)
{
    if (w->depth == w->room) {
        size_t room = 2 * w->room + 16;
        struct level *levels = realloc(w->levels, room * sizeof(*levels));
        if (!levels)
            return -ENOMEM;
        w->levels = levels;
        w->room = room;
    }
    bool is_root = w->depth == 0;
    size_t n = strlen(w->path);
    if (!is_root)
        w->path[--n] = '\0'; /* with the '/' a link would be followed after all */
    struct level *l = &w->levels[w->depth];
    int err = leat_blocking(list_directory, w->path, is_root, l);
    if (err < 0)
        return err;
    if (w->path[n - 1] != '/') {
        if (n + 1 >= sizeof(w->path)) {
            level_free(l);
            return -ENAMETOOLONG;
        }
        memcpy(w->path + n++, "/", 2);
    }
    l->prefix = n;
    w->depth++;
    return 0;
}

static int set_name(struct walk *w, size_t prefix, const char *name)
{
    size_t room = sizeof(w->path) - prefix, n = strlen(name);
    if (n < room) {
        memcpy(w->path + prefix, name, n + 1);
        return 0;
    }
    memcpy(w->path + prefix, name, room - 1);
    w->path[sizeof(w->path) - 1] = '\0';
    return -ENAMETOOLONG;
}

static int step(struct walk *w)
{
    while (w->depth > 0) {
        struct level *l = &w->levels[w->depth - 1];
        if (l->next == l->count) {
            level_free(l);
            w->depth--;
            continue;
        }
        const char *name = l->names[l->next++];
        int err = set_name(w, l->prefix, name);
        if (err < 0)
            return err;
        if (name[strlen(name) - 1] != '/')
            return WALK_FILE;
        err = go_down(w);
        if (err < 0)
            return err;
    }
    return WALK_END;
}

static int start(struct walk *w, const char *root)
{
    struct stat st;
    int err = set_name(w, 0, root);
    if (err < 0)
        return err;
    if (leat_blocking(lstat, root, &st) == 0 && S_ISREG(st.st_mode))
        return WALK_FILE;
    err = go_down(w);
    return err < 0 ? err : step(w);
}

/* ---- all of them ---- */

struct walk *walk_make(size_t n)
{
    return calloc(n, sizeof(struct walk));
}

void walk_free(struct walk *walks, size_t n)
{
    for (size_t i = 0; walks && i < n; i++) {
        while (walks[i].depth > 0)
            level_free(&walks[i].levels[--walks[i].depth]);
        free(walks[i].levels);
    }
    free(walks);
}

/* False when the run was stopped. Apart from the wait for a slot no send here can wait. */
static bool pass_on(struct treesum *t, const struct walk *w)
{
    struct slot *s;
    if (leat_select_ordered(leat_case_recv(t->stop, NULL), leat_case_recv(t->idle, &s)) == 0)
        return false;
    memcpy(s->path, w->path, strlen(w->path) + 1);
    leat_send(t->order, s);
    if (w->next == WALK_FILE)
        leat_send(t->todo, s);
    else
        leat_send(s->done, w->next);
    return true;
}

static struct walk *first_of(struct walk *walks, size_t n)
{
    struct walk *first = NULL;
    for (size_t i = 0; i < n; i++)
        if (walks[i].next != WALK_END && (!first || strcmp(walks[i].path, first->path) < 0))
            first = &walks[i];
    return first;
}

void walk_trees(struct treesum *t, struct walk *walks, char **roots, size_t n)
{
    for (size_t i = 0; i < n; i++)
        walks[i].next = start(&walks[i], roots[i]);
    struct walk *w;
    while ((w = first_of(walks, n)) && pass_on(t, w))
        w->next = step(w);
    leat_close(t->todo);
    leat_close(t->order);
}
