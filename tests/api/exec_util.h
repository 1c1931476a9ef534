/* SPDX-License-Identifier: MIT */
/* exec_util.h - what the tests of child processes share. */
#ifndef EXEC_UTIL_H
#define EXEC_UTIL_H

#include <leat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "t.h"

#define SHELL(script) LEAT_ARGV("sh", "-c", script)

/* No child is left, running or as a zombie. */
static inline void no_child_is_left(void)
{
    siginfo_t info;
    int result = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);

    T_TRUE(result < 0 && errno == ECHILD);
}

static inline void output_is(const char *const *argv, const char *want)
{
    leat_cmd c = {.argv = argv};
    char *text;
    size_t n;

    T_ERR(leat_cmd_output(&c, &text, &n), 0);
    T_STREQ(text, want);
    T_EQ(n, strlen(want));
    T_EQ(c.code, 0);
    T_EQ(c.signal, 0);
    free(text);
}

static inline void cancel_soon(leat_ctx *ctx)
{
    leat_sleep(5 * LEAT_MILLISECOND);
    leat_ctx_cancel(ctx);
}

#endif
