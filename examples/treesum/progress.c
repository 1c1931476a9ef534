/* SPDX-License-Identifier: MIT */
/*
 * progress.c - a line on the terminal that says how far things are, and messages beside it.
 *
 * The line is for a person who looks at it: it appears only when standard error is a terminal,
 * is drawn five times a second, and is erased at the end. The counters are relaxed atomics,
 * since nothing hangs on the moment in which one is seen.
 *
 * Two goroutines write to standard error, this one and the merger with its messages. Both hold
 * the line's mutex while they do, so that a message first takes the progress line away; the
 * next drawing brings it back below the message.
 */
#include "treesum.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define REDRAW (LEAT_SECOND / 5)

/* Writing blank over it, not an escape sequence: that works on every terminal. */
static void erase_line(struct progress *p)
{
    char text[256];
    if (p->width == 0)
        return;
    int n = snprintf(text, sizeof(text), "\r%*s\r", p->width, "");
    p->width = 0;
    leat_blocking(write_all, STDERR_FILENO, text, (size_t)n);
}

static void draw_line(struct progress *p)
{
    char text[128];
    unsigned long long bytes = atomic_load_explicit(&p->bytes, memory_order_relaxed);
    unsigned long long files = atomic_load_explicit(&p->files, memory_order_relaxed);
    double mib = (double)bytes / (1 << 20);
    double seconds = (double)(leat_now() - p->start) / LEAT_SECOND;

    leat_lock_guard(&p->line);
    int n = snprintf(text, sizeof(text), "\r%llu files, %.1f MiB, %.1f MiB/s", files, mib,
                     mib / seconds);
    int shown = n - 1; /* all but the carriage return */
    if (shown < p->width)
        n += snprintf(text + n, sizeof(text) - (size_t)n, "%*s", p->width - shown, "");
    p->width = shown;
    leat_blocking(write_all, STDERR_FILENO, text, (size_t)n);
}

void progress_run(struct progress *p)
{
    while (leat_select(leat_case_recv(p->end, NULL), leat_case_timeout(REDRAW)) == 1)
        draw_line(p);
    leat_lock_guard(&p->line);
    erase_line(p);
}

/* "treesum: ", the message, a newline, in one write. */
void progress_say(struct progress *p, const char *format, ...)
{
    char text[PATH_MAX + 256] = "treesum: ";
    size_t used = sizeof("treesum: ") - 1;
    va_list args;

    va_start(args, format);
    int n = vsnprintf(text + used, sizeof(text) - used - 1, format, args);
    va_end(args);
    used += n > 0 ? (size_t)n : 0;
    if (used > sizeof(text) - 2)
        used = sizeof(text) - 2;
    text[used++] = '\n';

    leat_lock_guard(&p->line);
    erase_line(p);
    leat_blocking(write_all, STDERR_FILENO, text, used);
}
