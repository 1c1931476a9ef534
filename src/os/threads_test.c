/* SPDX-License-Identifier: MIT */
/*
 * threads_test.c - nobody who lives is overlooked because another dies.
 *
 * The program has functions of its own to read the directory of threads, which the list of them
 * therefore calls. Like the kernel's it may end early where one died while it was listed.
 */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "os/os.h"
#include "t.h"

enum { LISTS = 4, LIST = 4 };

/* What is said in turn: who is listed, and then how many there are. */
static struct {
    int tids[LIST]; /* 0: the end */
    int there;
} threads_said[LISTS];

static int threads_list, threads_at;
static bool threads_armed;

static bool threads_is_ours(const char *path)
{
    return threads_armed && strcmp(path, "/proc/self/task") == 0;
}

DIR *opendir(const char *path)
{
    if (!threads_is_ours(path))
        return fdopendir(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    T_LT(threads_list, LISTS);
    threads_at = 0;
    return (DIR *)threads_said;
}

struct dirent *readdir(DIR *dir)
{
    static struct dirent entry;
    static struct dirent *(*real)(DIR *);

    if (dir != (DIR *)threads_said) {
        if (!real)
            *(void **)&real = dlsym(RTLD_NEXT, "readdir");
        return real(dir);
    }
    int tid = threads_said[threads_list].tids[threads_at++];
    snprintf(entry.d_name, sizeof entry.d_name, "%d", tid);
    return tid ? &entry : NULL;
}

int closedir(DIR *dir)
{
    static int (*real)(DIR *);

    if (dir != (DIR *)threads_said) {
        if (!real)
            *(void **)&real = dlsym(RTLD_NEXT, "closedir");
        return real(dir);
    }
    threads_list++;
    return 0;
}

int stat(const char *path, struct stat *s)
{
    int err = fstatat(AT_FDCWD, path, s, 0);

    if (threads_is_ours(path))
        s->st_nlink = 2 + (nlink_t)threads_said[threads_list - 1].there;
    return err;
}

static bool threads_known(int tid)
{
    return tid < 10;
}

static bool threads_others(void)
{
    threads_list = 0;
    threads_armed = true;
    bool others = os_has_other_threads(threads_known);
    threads_armed = false;
    return others;
}

#define SAY(list, number, ...) \
    (threads_said[list] = (typeof(threads_said[0])){{__VA_ARGS__}, number})

T_TEST(two_lists_that_are_whole_and_the_same_count, .procs = {1})
{
    SAY(0, 2, 1, 2);
    SAY(1, 2, 1, 2);
    T_TRUE(!threads_others());
    T_EQ(threads_list, 2);
}

T_TEST(who_is_not_known_is_found, .procs = {1})
{
    SAY(0, 2, 1, 10);
    T_TRUE(threads_others());
    T_EQ(threads_list, 1);
}

/* Thread 3 died before the kernel had said so, and behind it is 10. */
T_TEST(a_list_that_is_too_short_is_read_again, .procs = {1})
{
    SAY(0, 3, 1, 2);
    SAY(1, 3, 1, 2); /* and again */
    SAY(2, 3, 1, 2, 10);
    T_TRUE(threads_others());
    T_EQ(threads_list, 3);
}

/* It died when the kernel had: so the number is right. */
T_TEST(a_list_with_one_that_has_gone_since_is_read_again, .procs = {1})
{
    SAY(0, 3, 1, 2, 3);
    SAY(1, 3, 1, 2, 10);
    T_TRUE(threads_others());
    T_EQ(threads_list, 2);
}

/* As many, and not the same: whoever else came with 4 may be behind it. */
T_TEST(two_lists_of_others_do_not_count, .procs = {1})
{
    SAY(0, 3, 1, 2, 3);
    SAY(1, 3, 1, 2, 4);
    SAY(2, 3, 1, 2, 4);
    T_TRUE(!threads_others());
    T_EQ(threads_list, 3);
}

T_TEST(lists_are_read_until_two_agree, .procs = {1})
{
    SAY(0, 3, 1, 2, 3);
    SAY(1, 2, 1, 2);
    SAY(2, 2, 1, 2);
    T_TRUE(!threads_others());
    T_EQ(threads_list, 3);
}
