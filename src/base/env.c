/* SPDX-License-Identifier: MIT */
/* env.c - see env.h. */
#include "base/env.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/fatal.h"
#include "base/util.h"

struct leat__env leat__env = {
    .traceback = LEAT__TRACEBACK_SINGLE,
    .max_threads = LEAT__MAX_THREADS,
};

static const char *const traceback_names[] = {"none", "single", "all", "system", "crash"};
static const char *const guard_names[] = {"auto", "madvise", "mprotect", "none"};

static int index_of(const char *const *names, size_t n, const char *value, size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(names[i]) == len && memcmp(names[i], value, len) == 0)
            return (int)i;
    return -1;
}

/* A decimal number of at most nine digits that fills the text; -1 otherwise. */
static int number_of(const char *text, size_t len)
{
    int n = 0;

    if (len == 0 || len > 9)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        n = n * 10 + (text[i] - '0');
    }
    return n;
}

static const struct {
    const char *name;
    int *target;
} numbers[] = {
    {"maxthreads", &leat__env.max_threads},   {"failmmap", &leat__env.fail_mmap},
    {"failthread", &leat__env.fail_thread},   {"sigquit", &leat__env.sigquit},
    {"blocked", &leat__env.blocked_us},       {"stacks", &leat__env.stacks},
    {"schedtrace", &leat__env.schedtrace_ms},
};

static bool read_setting(const char *name, size_t name_len, const char *value, size_t len)
{
    if (name_len == 5 && memcmp(name, "guard", 5) == 0) {
        int mode = index_of(guard_names, array_len(guard_names), value, len);
        if (mode >= 0)
            leat__env.guard = (enum leat__guard_mode)mode;
        return mode >= 0;
    }
    for (size_t i = 0; i < array_len(numbers); i++) {
        if (strlen(numbers[i].name) != name_len || memcmp(numbers[i].name, name, name_len) != 0)
            continue;
        int n = number_of(value, len);
        if (n >= 0)
            *numbers[i].target = n;
        return n >= 0;
    }
    return false;
}

static void read_debug(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, ",");
        const char *eq = memchr(text, '=', len);
        if (len > 0 && (!eq || !read_setting(text, (size_t)(eq - text), eq + 1,
                                             len - (size_t)(eq + 1 - text))))
            leat__print("leat: LEAT_DEBUG: unknown setting '%.*s'; HACKING.md lists them\n",
                        (int)len, text);
        text += len;
        if (*text)
            text++;
    }
}

void leat__env_read(void)
{
    const char *v = getenv("LEAT_PROCS");

    leat__env.procs = 0; /* the child of a fork may have another environment */
    if (v && *v) {
        leat__env.procs = number_of(v, strlen(v));
        if (leat__env.procs < 1 || leat__env.procs > LEAT__MAX_PROCS) {
            leat__print("leat: LEAT_PROCS=%s is not a number from 1 to %d; using the default\n",
                        v, LEAT__MAX_PROCS);
            leat__env.procs = 0;
        }
    }
    v = getenv("LEAT_TRACEBACK");
    if (v && *v) {
        int level = index_of(traceback_names, array_len(traceback_names), v, strlen(v));
        if (level >= 0)
            leat__env.traceback = level;
        else
            leat__print("leat: LEAT_TRACEBACK=%s is not none, single, all, system or crash\n",
                        v);
    }
    v = getenv("LEAT_MAIN");
    if (v && *v) {
        leat__env.main_migrates = strcmp(v, "migrate") == 0;
        if (!leat__env.main_migrates)
            leat__print("leat: LEAT_MAIN=%s is not 'migrate'; ignored\n", v);
    }
    v = getenv("LEAT_DEBUG");
    if (v)
        read_debug(v);
}
