/* SPDX-License-Identifier: MIT */
/*
 * dump.c - the goroutine dump, in Go's shape.
 *
 *     goroutine 18 [chan receive, 5 minutes, locked to thread]:
 *     worker(...)
 *             /path/file.c:42 +0x1b4
 *     created by main in goroutine 1
 *             /path/file.c:30
 *
 * The failing goroutine comes first. Frames of the runtime itself are left out unless
 * LEAT_TRACEBACK=system, as Go does. Parked goroutines are unwound from their saved registers;
 * one that runs on another thread is asked by a signal to report itself, and has 100 ms for it.
 *
 * CARE  This runs in a dying process, perhaps in a signal handler, perhaps with a broken heap:
 *   no allocation, no lock that somebody may hold (the list of threads only grows, records of
 *   goroutines are never unmapped), fixed buffers, once at a time, and plain addresses instead
 *   of names once it has taken five seconds. It moves to the thread's own stack first, because
 *   the goroutine's may be what ran out. Should it not go on all the same, base/fatal.c ends it.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/env.h"
#include "base/fatal.h"
#include "debug/module.h"
#include "debug/peek.h"
#include "debug/symbol.h"
#include "debug/unwind.h"
#include "os/clock.h"
#include "os/os.h"
#include "sched/sched.h"

enum {
    FRAMES_MAX = 1024,
    FRAMES_SHOWN = 100,
    INTERNAL_MAX = 16,   /* runtime frames that may stand above the user's */
    ASK_SIGNAL = SIGURG, /* ignored by default, and Go's choice for the same purpose */
};
#define ASK_TIMEOUT   INT64_C(100000000)
#define NAMES_TIMEOUT INT64_C(5000000000)
#define MINUTE        INT64_C(60000000000)

static uint32_t dumping; /* atomic */
static int64_t dump_started;
static bool show_runtime;

/* ---- one stack ---- */

static bool named(uintptr_t pc, bool return_address, struct leat__symbol *sym)
{
    return os_now() - dump_started <= NAMES_TIMEOUT && leat__symbolize(pc, return_address, sym);
}

static bool is_runtime_frame(const struct leat__symbol *s)
{
    return strncmp(s->func, "leat_", 5) == 0 || strcmp(s->func, "sched_park") == 0 ||
           strcmp(s->func, "sched_resume") == 0 || strstr(s->file, "leat/src/") != NULL;
}

/* How many of the first frames are the runtime's own. */
static int runtime_frames(const uintptr_t *pcs, int n, bool exact_first)
{
    static struct leat__symbol sym;
    int last = 0;

    for (int i = 0; i < n && i < INTERNAL_MAX; i++) {
        if (!named(pcs[i], i > 0 || !exact_first, &sym) || !is_runtime_frame(&sym))
            break;
        last = i + 1;
    }
    return last;
}

/* False: this was the last frame that interests anybody. */
static bool print_frame(uintptr_t pc, bool return_address)
{
    static struct leat__symbol sym;

    if (!named(pc, return_address, &sym)) {
        leat__print("%#lx\n", (unsigned long)pc);
        return true;
    }
    if (!show_runtime && strcmp(sym.func, "leat__entry") == 0)
        return false;
    if (sym.func[0])
        leat__print("%s(...)\n", sym.func);
    else
        leat__print("%s+%#lx\n", sym.module, (unsigned long)(pc - sym.func_addr));
    if (sym.file[0])
        leat__print("\t%s:%d +%#lx\n", sym.file, sym.line, (unsigned long)(pc - sym.func_addr));
    else
        leat__print("\t%s +%#lx\n", sym.module, (unsigned long)(pc - sym.func_addr));
    return show_runtime || strcmp(sym.func, "main") != 0;
}

static void print_stack(const uintptr_t *pcs, int n, bool exact_first)
{
    int first = show_runtime ? 0 : runtime_frames(pcs, n, exact_first);

    if (first == n)
        first = 0;
    for (int i = first; i < n; i++) {
        int shown = i - first;
        if (n - first > FRAMES_SHOWN && shown == FRAMES_SHOWN / 2) {
            int skip = n - first - FRAMES_SHOWN;
            leat__print("...%d frames elided...\n", skip);
            i += skip - 1;
            continue;
        }
        if (!print_frame(pcs[i], i > 0 || !exact_first))
            break;
    }
}

/* ---- stacks of threads that run: they report themselves ---- */

static struct {
    uint32_t asked;    /* atomic: thread id that shall answer */
    uint32_t answered; /* atomic, futex */
    int n;
    uintptr_t pcs[FRAMES_MAX];
} answer;

static void on_asked(int sig, siginfo_t *info, void *context)
{
    struct leat__regs regs;

    (void)sig;
    (void)info;
    if (load_acquire(&answer.asked) != (uint32_t)os_gettid())
        return;
    leat__regs_from_ucontext(&regs, context);
    answer.n = leat__unwind(&regs, 0, 0, answer.pcs, FRAMES_MAX);
    store_release(&answer.answered, 1);
    os_futex_wake(&answer.answered, 1);
}

static bool ask_thread(int tid)
{
    struct sigaction sa = {.sa_sigaction = on_asked,
                           .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    struct sigaction old;
    int64_t deadline = os_now() + ASK_TIMEOUT;

    sigemptyset(&sa.sa_mask);
    if (sigaction(ASK_SIGNAL, &sa, &old) != 0)
        return false;
    store_relaxed(&answer.answered, 0);
    store_release(&answer.asked, (uint32_t)tid);
    syscall(SYS_tgkill, getpid(), tid, ASK_SIGNAL);
    while (!load_acquire(&answer.answered) && os_now() < deadline)
        os_futex_wait(&answer.answered, 0, deadline);
    store_release(&answer.asked, 0);
    sigaction(ASK_SIGNAL, &old, NULL);
    return load_acquire(&answer.answered);
}

/* ---- one goroutine ---- */

static const struct m *thread_of(const struct g *g)
{
    for (const struct m *m = sched.threads; m; m = m->all_next)
        if (m->cur == g)
            return m;
    return NULL;
}

/* A string from the user: what could be mistaken for the end, or spoil a terminal, is escaped. */
static void print_quoted(const char *s)
{
    char out[128];
    size_t n = 0;

    out[n++] = '"';
    for (; *s; s++) {
        bool plain = *s >= ' ' && *s <= '~' && *s != '"' && *s != '\\';
        n += (size_t)snprintf(out + n, sizeof(out) - n, plain ? "%c" : "\\x%02x",
                              (unsigned)(unsigned char)*s);
        if (n > sizeof(out) - 8) {
            leat__print("%s", out);
            n = 0;
        }
    }
    out[n++] = '"';
    out[n] = '\0';
    leat__print("%s", out);
}

static void print_tag(const char *before, const char *key, const char *value)
{
    leat__print("%s", before);
    print_quoted(key);
    leat__print(": ");
    print_quoted(value);
}

/* The name and the labels, as Go prints pprof labels. */
static void print_tags(const struct g *g)
{
    const char *name = tags_name(g), *before = " {", *key, *value;

    if (name) {
        print_tag(before, "name", name);
        before = ", ";
    }
    for (unsigned i = 0; (key = tags_label(g, i, &value)); i++) {
        print_tag(before, key, value);
        before = ", ";
    }
    if (*before == ',')
        leat__print("}");
}

/* For how long it has waited, or been inside a blocking call. One that has not switched away yet
 * has not noted when it began. */
static int64_t minutes_of(const struct g *g)
{
    uint32_t status = load_relaxed(&g->status);
    bool waits = status == G_SYSCALL || (status == G_WAITING && !load_acquire(&g->oncpu));

    return waits ? (dump_started - g->u.wait.since) / MINUTE : 0;
}

static void print_header(const struct g *g, const char *status)
{
    int64_t minutes = strcmp(status, "running") == 0 ? 0 : minutes_of(g);

    leat__print("goroutine %llu [%s", (unsigned long long)g->id, status);
    if (minutes >= 1)
        leat__print(", %lld minutes", (long long)minutes);
    if (g->flags & G_LOCKED)
        leat__print(", locked to thread");
    leat__print("]");
    print_tags(g);
    leat__print(":\n");
}

static void print_created_by(const struct g *g)
{
    if (g->site && g->id != 1)
        leat__print("created by %s in goroutine %llu\n\t%s:%d\n", g->site->func,
                    (unsigned long long)g->parent, g->site->file, g->site->line);
}

/* In a program that lives on, it may go on or end meanwhile: what is read here may be anything. */
static void print_parked(const struct g *g)
{
    static uintptr_t pcs[FRAMES_MAX];
    struct leat__saved saved;
    struct leat__regs regs;
    const struct stack *stack = load_relaxed(&g->stack);
    void *sp = load_relaxed(&g->sp);
    struct leat__peek peek = {.lo = stack ? (uintptr_t)stack->lo : 0,
                              .hi = stack ? (uintptr_t)stack->hi : 1};

    if (!leat__peek_inside(&peek, (uintptr_t)sp, sizeof(uintptr_t))) {
        leat__print("\tgoes on just now; stack unavailable\n");
        return;
    }
    leat__read_saved(sp, &saved);
    regs.pc = saved.pc;
    regs.sp = saved.sp;
    memcpy(regs.r, saved.regs, sizeof(regs.r));
    int n = leat__unwind(&regs, (uintptr_t)saved.sp, peek.hi, pcs, FRAMES_MAX);
    print_stack(pcs, n, false);
}

static void print_running(const struct g *g, const struct m *m)
{
    if (!m)
        m = thread_of(g);
    if (m && ask_thread(m->tid))
        print_stack(answer.pcs, answer.n, true);
    else
        leat__print("\trunning on thread %d; stack unavailable\n", m ? m->tid : 0);
}

static const char *status_text(const struct g *g)
{
    switch (load_relaxed(&g->status)) {
    case G_RUNNABLE:
        return "runnable";
    case G_RUNNING:
        return "running";
    case G_SYSCALL:
        return "syscall";
    default:
        return wait_reason_text((enum wait_reason)g->u.wait.reason);
    }
}

static void print_goroutine(const struct g *g)
{
    uint32_t status = load_relaxed(&g->status);

    print_header(g, status_text(g));
    if (!g->stack) {
        leat__print("\tnot started: waits for its first run\n");
    } else if (status == G_SYSCALL) {
        print_running(g, g->u.wait.object);
    } else if (status == G_RUNNING || load_acquire(&g->oncpu)) {
        print_running(g, NULL);
    } else {
        print_parked(g);
    }
    print_created_by(g);
    leat__print("\n");
}

/* ---- the whole ---- */

struct dump_args {
    const struct g *first;
    struct leat__regs regs;
    int level;
    bool foreign; /* a thread that is no goroutine fails */
    uintptr_t pcs[FRAMES_MAX];
};

static void print_other(struct g *g, void *arg)
{
    const struct dump_args *a = arg;
    uint32_t status = load_relaxed(&g->status);

    if (g != a->first && status != G_FREE && status != G_DEAD && g->id != 0)
        print_goroutine(g);
}

static void dump_all(struct dump_args *a)
{
    const struct g *first = a->first;

    show_runtime = a->level >= LEAT__TRACEBACK_SYSTEM;
    bool goroutine = first && !(first->flags & G_FOREIGN);
    if (goroutine) {
        print_header(first, "running");
        int n = leat__unwind(&a->regs, 0, 0, a->pcs, FRAMES_MAX);
        print_stack(a->pcs, n, true);
        print_created_by(first);
        leat__print("\n");
    } else if (a->foreign) {
        int n = leat__unwind(&a->regs, 0, 0, a->pcs, FRAMES_MAX);
        leat__print("thread %d [running]:\n", os_gettid());
        print_stack(a->pcs, n, true);
        leat__print("\n");
    }
    if (a->level < LEAT__TRACEBACK_ALL)
        return;
    if (!goroutine && !a->foreign && sched.main_g && !sched.main_gone) {
        print_goroutine(sched.main_g); /* nobody in particular fails: a deadlock */
        a->first = sched.main_g;
    }
    g_each(print_other, a);
}

__attribute__((noinline)) void leat__dump_goroutines(int level)
{
    static struct dump_args args;
    const struct m *m = tls_m();

    if (exchange(&dumping, 1))
        return;
    dump_started = os_now();
    fetch_add(&sched.inspected, 1);
    leat__modules_refresh();
    args.first = m ? m->cur : NULL;
    args.level = level;
    args.foreign = m && m->foreign;
    if (leat__fault_context)
        leat__regs_from_ucontext(&args.regs, leat__fault_context);
    else
        leat__regs_here(&args.regs);
    const char *sp = __builtin_frame_address(0);
    bool on_goroutine = m && args.first && !(args.first->flags & G_FOREIGN) &&
                        args.first->stack->lo && sp > args.first->stack->lo &&
                        sp < args.first->stack->hi && m->g0.sp;
    if (on_goroutine && !san_switching()) {
        struct leat__args captured = {.ints = {(uintptr_t)&args}};
        struct leat__result ignored;
        leat__call_on(m->g0.sp, (void (*)(void))dump_all, &captured, &ignored);
    } else {
        dump_all(&args);
    }
    fetch_sub(&sched.inspected, 1);
    store_release(&dumping, 0);
}

const char *leat__function_name(void (*fn)(void))
{
    static struct leat__symbol sym;

    leat__modules_refresh();
    return leat__symbolize((uintptr_t)fn, false, &sym) && sym.func[0] ? sym.func : "?";
}

void leat_dump(void)
{
    if (tls_m())
        leat__dump_goroutines(LEAT__TRACEBACK_ALL);
}
