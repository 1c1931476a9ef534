/* SPDX-License-Identifier: MIT */
/* io_walk_test.c - walking a tree, as Go's filepath.WalkDir. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <leat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t.h"

/* What was visited, as text; what to answer, and when. */
struct visits {
    char text[4096];
    size_t n;
    const char *at;
    int answer;
    leat_ctx *cancel;
};

static int note_visit(void *arg, const leat_walk_entry *e)
{
    struct visits *v = arg;
    static const char kind[] = "?fdlp";

    v->n += (size_t)snprintf(v->text + v->n, sizeof(v->text) - v->n, "%d%c%s%s%s ", e->depth,
                             kind[e->type], e->path, e->err ? "!" : "",
                             e->err ? leat_strerror(e->err) : "");
    T_LT(v->n, sizeof(v->text));
    const char *name = strrchr(e->path, '/');
    T_STREQ(e->name, name && name[1] ? name + 1 : e->path);
    if (v->at && strcmp(e->name, v->at) == 0) {
        if (v->cancel)
            leat_ctx_cancel(v->cancel);
        return v->answer;
    }
    return 0;
}

static void touch(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    T_GE(fd, 0);
    close(fd);
}

static void remove_tree(const char *path)
{
    leat_cmd c = {.argv = LEAT_ARGV("rm", "-rf", path)};

    T_ERR(leat_cmd_run(&c), 0);
}

/* A directory with t/{a,b/{x,y/z},c} and links, and we are in it. */
static void plant(char dir[128])
{
    T_ERR(leat_temp_dir(dir, 128, NULL, "leat-walk-"), 0);
    T_EQ(chdir(dir), 0);
    T_EQ(mkdir("t", 0700), 0);
    T_EQ(mkdir("t/b", 0700), 0);
    T_EQ(mkdir("t/b/y", 0700), 0);
    touch("t/a");
    touch("t/b/x");
    touch("t/b/y/z");
    touch("t/c");
}

static void walk_is(const char *root, const char *at, int answer, int result, const char *want)
{
    struct visits v = {.at = at, .answer = answer};

    T_ERR(leat_walk(NULL, root, note_visit, &v), result);
    T_STREQ(v.text, want);
}

T_TEST(everything_in_the_order_of_names)
{
    char dir[128];

    plant(dir);
    walk_is("t", NULL, 0, 0, "0dt 1ft/a 1dt/b 2ft/b/x 2dt/b/y 3ft/b/y/z 1ft/c ");
    walk_is("t/", NULL, 0, 0, "0dt/ 1ft/a 1dt/b 2ft/b/x 2dt/b/y 3ft/b/y/z 1ft/c ");
    walk_is("t/a", NULL, 0, 0, "0ft/a ");
    remove_tree(dir);
}

T_TEST(skipping_and_stopping)
{
    char dir[128];

    plant(dir);
    walk_is("t", "b", LEAT_WALK_SKIP, 0, "0dt 1ft/a 1dt/b 1ft/c ");
    walk_is("t", "x", LEAT_WALK_SKIP, 0, "0dt 1ft/a 1dt/b 2ft/b/x 1ft/c ");
    walk_is("t", "t", LEAT_WALK_SKIP, 0, "0dt ");
    walk_is("t", "a", LEAT_WALK_SKIP, 0, "0dt 1ft/a ");
    walk_is("t", "x", LEAT_WALK_STOP, 0, "0dt 1ft/a 1dt/b 2ft/b/x ");
    walk_is("t", "y", -EIO, -EIO, "0dt 1ft/a 1dt/b 2ft/b/x 2dt/b/y ");
    walk_is("t/a", "a", LEAT_WALK_SKIP, 0, "0ft/a ");
    remove_tree(dir);
}

T_TEST(links_are_not_followed)
{
    char dir[128];

    plant(dir);
    T_EQ(symlink("..", "t/b/up"), 0);
    T_EQ(symlink("nowhere", "t/b/y/dangling"), 0);
    T_EQ(symlink("t", "l"), 0);
    T_EQ(mkfifo("t/pipe", 0600), 0);
    walk_is("t", NULL, 0, 0,
            "0dt 1ft/a 1dt/b 2lt/b/up 2ft/b/x 2dt/b/y 3lt/b/y/dangling 3ft/b/y/z 1ft/c "
            "1pt/pipe ");
    walk_is("l", NULL, 0, 0, "0ll ");
    walk_is("l/b/y", "z", LEAT_WALK_STOP, 0, "0dl/b/y 1ll/b/y/dangling 1fl/b/y/z ");
    remove_tree(dir);
}

T_TEST(what_is_not_there_is_told)
{
    char dir[128];

    plant(dir);
    walk_is("none", NULL, 0, 0, "0?none!No such file or directory ");
    walk_is("none", "none", -ENOENT, -ENOENT, "0?none!No such file or directory ");
    walk_is("none", "none", LEAT_WALK_SKIP, 0, "0?none!No such file or directory ");
    remove_tree(dir);
}

static int remove_below(void *arg, const leat_walk_entry *e)
{
    if (strcmp(e->name, "b") == 0 && !e->err)
        remove_tree("t/b");
    return note_visit(arg, e);
}

/* Whoever runs tests may be root, to whom nothing is forbidden: a directory that has gone. */
T_TEST(a_directory_that_cannot_be_read_is_visited_again)
{
    char dir[128];
    struct visits v = {0};

    plant(dir);
    T_ERR(leat_walk(NULL, "t", remove_below, &v), 0);
    T_STREQ(v.text, "0dt 1ft/a 1dt/b 1dt/b!No such file or directory 1ft/c ");
    remove_tree(dir);
}

T_TEST(a_context_ends_it)
{
    char dir[128];
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    struct visits v = {.at = "b", .cancel = ctx};

    plant(dir);
    T_ERR(leat_walk(ctx, "t", note_visit, &v), -ECANCELED);
    T_STREQ(v.text, "0dt 1ft/a 1dt/b ");
    T_ERR(leat_walk(ctx, "t", note_visit, &v), -ECANCELED);
    remove_tree(dir);
}

static int count_visits(void *arg, const leat_walk_entry *e)
{
    T_ERR(e->err, 0);
    ++*(long *)arg;
    return 0;
}

/* A tree deeper than there are descriptors, and a directory with many names. */
T_TEST(deep_and_wide_trees)
{
    char dir[128], path[3000] = "d";
    long n = 0;
    struct rlimit few = {32, 32}, before;

    plant(dir);
    T_EQ(mkdir("d", 0700), 0);
    for (int i = 1; i < 500; i++) {
        strcat(path, "/deep");
        T_EQ(mkdir(path, 0700), 0);
    }
    T_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    few.rlim_max = before.rlim_max;
    T_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    T_ERR(leat_walk(NULL, "d", count_visits, &n), 0);
    T_EQ(n, 500);
    T_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    T_EQ(mkdir("w", 0700), 0);
    for (int i = 0; i < 2000; i++) {
        snprintf(path, sizeof(path), "w/%d", i);
        touch(path);
    }
    n = 0;
    T_ERR(leat_walk(NULL, "w", count_visits, &n), 0);
    T_EQ(n, 2001);
    remove_tree(dir);
}

static int last_error(void *arg, const leat_walk_entry *e)
{
    if (e->err)
        *(int *)arg = e->err;
    return 0;
}

/* Longer than any path may be: told, not crashed upon. */
T_TEST(a_tree_deeper_than_a_path_can_tell)
{
    char dir[128], name[201];
    int err = 0;

    plant(dir);
    memset(name, 'n', 200);
    name[200] = '\0';
    for (int i = 0; i < 30; i++) {
        T_EQ(mkdir(name, 0700), 0);
        T_EQ(chdir(name), 0);
    }
    T_ERR(leat_walk(NULL, dir, last_error, &err), 0);
    T_ERR(err, -ENAMETOOLONG);
    T_EQ(chdir(dir), 0);
    remove_tree(dir);
}
