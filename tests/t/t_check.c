/* SPDX-License-Identifier: MIT */
/* t_check.c - checks, and what happens when one fails.
 *
 * PICTURE
 *   T_EQ(a, b) -> t__compare (inline) -> t__fail_compare -> t_fail_text -> leat_dump, _exit(1)
 *
 * INVARIANTS
 *   K1  Nothing here allocates, takes a lock or uses stdio's buffers: the failing goroutine may
 *       be inside malloc's caller, on a small stack, or hold what others wait for. Text is
 *       formed on the stack and leaves by one write().
 *   K2  One failure is reported, the first. Whoever fails while that one prints its dump waits
 *       for the process to end, since two interleaved reports are worth less than one.
 */
#include "t_int.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

void leat_dump(void) __attribute__((weak));

static atomic_flag t_failing = ATOMIC_FLAG_INIT;

static void t_write_error(const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(STDERR_FILENO, text, length);
        if (n <= 0)
            return;
        text += n;
        length -= (size_t)n;
    }
}

void t__dump(void)
{
    if (leat_dump)
        leat_dump();
}

/* Moves the case to its verdict. A forked child that has failed it already is not overruled. */
static void t_conclude(int verdict, const char *text)
{
    if (atomic_load(&t__report->state) == T_RUNNING) {
        snprintf(t__report->text, sizeof t__report->text, "%s", text);
        atomic_store(&t__report->state, verdict);
    }
}

_Noreturn void t__die(const char *text)
{
    char head[900];
    int n;

    while (atomic_flag_test_and_set(&t_failing))
        pause();
    t_conclude(T_FAILED, text);
    n = snprintf(head, sizeof head, "%s\n    test %s, procs %d, seed 0x%016" PRIx64 "\n", text,
                 t__current ? t__current->name : "(none)", t_procs(), t_seed());
    t_write_error(head, n < (int)sizeof head ? (size_t)n : sizeof head - 1);
    t__dump();
    _exit(1);
}

_Noreturn void t__fail(const char *file, int line, const char *format, ...)
{
    char text[800];
    int n = snprintf(text, sizeof text, "%s:%d: ", file, line);
    va_list arguments;

    if (n < 0 || n >= (int)sizeof text)
        n = 0;
    va_start(arguments, format);
    vsnprintf(text + n, sizeof text - (size_t)n, format, arguments);
    va_end(arguments);
    t__die(text);
}

_Noreturn void t__skip(const char *file, int line, const char *reason)
{
    if (!reason || !*reason)
        t__fail(file, line, "T_SKIP without a reason");
    t_conclude(T_SKIPPED, reason);
    t_write_error("skipped: ", 9);
    t_write_error(reason, strlen(reason));
    t_write_error("\n", 1);
    _exit(77);
}

void t__log(const char *file, int line, const char *format, ...)
{
    char text[800];
    int n = snprintf(text, sizeof text, "# %s:%d: ", file, line);
    va_list arguments;

    if (n < 0 || n >= (int)sizeof text)
        n = 0;
    va_start(arguments, format);
    vsnprintf(text + n, sizeof text - (size_t)n - 1, format, arguments);
    va_end(arguments);
    strcat(text, "\n");
    t_write_error(text, strlen(text));
}

/* -1, 0, 1, or 2 when the two have no order (a NaN). */
static int t_order(struct t__value a, struct t__value b)
{
    if (a.kind == T__FLOAT || b.kind == T__FLOAT) {
        double x = a.kind == T__FLOAT ? a.f : a.kind == T__INT ? (double)a.i : (double)a.u;
        double y = b.kind == T__FLOAT ? b.f : b.kind == T__INT ? (double)b.i : (double)b.u;
        return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
    }
    bool a_negative = a.kind == T__INT && a.i < 0;
    bool b_negative = b.kind == T__INT && b.i < 0;
    if (a_negative != b_negative)
        return a_negative ? -1 : 1;
    /* Of equal sign, two's complement orders like the unsigned numbers. */
    return a.u < b.u ? -1 : a.u > b.u;
}

bool t__holds(struct t__value a, enum t__op op, struct t__value b)
{
    int order = t_order(a, b);

    switch (op) {
    case T__EQ:
        return order == 0;
    case T__NE:
        return order != 0;
    case T__LT:
        return order == -1;
    case T__LE:
        return order == -1 || order == 0;
    case T__GT:
        return order == 1;
    case T__GE:
        return order == 1 || order == 0;
    }
    return false;
}

static const char *t_show(struct t__value v, char *out, size_t size)
{
    switch (v.kind) {
    case T__BOOL:
        return v.u ? "true" : "false";
    case T__INT:
        snprintf(out, size, "%lld", v.i);
        break;
    case T__UINT:
        snprintf(out, size, v.u > UINT32_MAX ? "%llu (0x%llx)" : "%llu", v.u, v.u);
        break;
    case T__FLOAT:
        snprintf(out, size, "%.17g", v.f);
        break;
    case T__PTR:
        snprintf(out, size, "%p", (void *)(uintptr_t)v.p);
        break;
    }
    return out;
}

_Noreturn void t__fail_compare(struct t__value a, struct t__value b, const char *text,
                               const char *file, int line)
{
    char left[60], right[60];

    t__fail(file, line, "%s: left is %s, right is %s", text, t_show(a, left, sizeof left),
            t_show(b, right, sizeof right));
}

/* A string as C would write it, cut where it would bury the message. */
static const char *t_quote(const char *s, char *out, size_t size)
{
    size_t n = 0;

    if (!s)
        return "NULL";
    out[n++] = '"';
    for (; *s && n + 8 < size; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '\n')
            n += (size_t)snprintf(out + n, size - n, "\\n");
        else if (c < ' ' || c == '"' || c == '\\' || c == 127)
            n += (size_t)snprintf(out + n, size - n, "\\x%02x", c);
        else
            out[n++] = (char)c;
    }
    snprintf(out + n, size - n, *s ? "\"..." : "\"");
    return out;
}

void t__streq(const char *a, const char *b, const char *text, const char *file, int line)
{
    char left[260], right[260];

    if (a == b || (a && b && strcmp(a, b) == 0))
        return;
    t__fail(file, line, "%s: left is %s, right is %s", text, t_quote(a, left, sizeof left),
            t_quote(b, right, sizeof right));
}

void t__strhas(const char *hay, const char *pin, const char *text, const char *file, int line)
{
    char left[260], right[260];

    if (hay && pin && strstr(hay, pin))
        return;
    t__fail(file, line, "%s: no %s in %s", text, t_quote(pin, right, sizeof right),
            t_quote(hay, left, sizeof left));
}

static const char *t_hex(const unsigned char *bytes, size_t n, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n && used + 4 < size; i++)
        used += (size_t)snprintf(out + used, size - used, i ? " %02x" : "%02x", bytes[i]);
    return out;
}

void t__memeq(const void *a, const void *b, size_t n, const char *text, const char *file,
              int line)
{
    const unsigned char *x = a, *y = b;
    char left[60], right[60];
    size_t at = 0;

    while (at < n && x[at] == y[at])
        at++;
    if (at == n)
        return;
    size_t rest = n - at < 16 ? n - at : 16;
    t__fail(file, line, "%s: byte %zu of %zu differs: left has %s, right has %s", text, at, n,
            t_hex(x + at, rest, left, sizeof left), t_hex(y + at, rest, right, sizeof right));
}

static const char *t_errno_text(long long code)
{
    return code < 0 && code > -4096 ? strerror((int)-code) : "no error";
}

void t__err(long long got, long long want, const char *text, const char *file, int line)
{
    if (got != want)
        t__fail(file, line, "%s: got %lld (%s), wanted %lld (%s)", text, got, t_errno_text(got),
                want, t_errno_text(want));
}
