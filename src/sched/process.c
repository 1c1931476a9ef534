/* SPDX-License-Identifier: MIT */
/*
 * process.c - the runtime as part of a process: exit, fork, two copies.
 *
 * EXIT  The runtime frees nothing and has no destructors. Its one atexit function, registered
 *   at the first leat call, freezes the scheduler: every other thread stops at its next
 *   scheduling point, so that the handlers registered before and static destructors do not run
 *   under live goroutines. A second thread that calls exit meanwhile waits for ever.
 * FORK  Only the forking thread exists in the child. A child of a process whose only goroutine
 *   was goroutine 1 may use leat: it starts over at the first call. In any other child the
 *   first leat call is fatal and says so; exec is always fine. A lock that one of our threads
 *   holds at the fork stays held in the child, and not all of them are ours: a thread that starts
 *   allocates, in libc and in AddressSanitizer, whose allocator does not take part in forks. So
 *   while no goroutine runs, our threads allocate between fork_hold and fork_allow only, and a
 *   fork waits for them. It is a count and not a lock: the thread that begins a start is not the
 *   one that ends it, and ThreadSanitizer would take a lock for an order of goroutines.
 * COPIES  Two copies of libleat (one static in the program, one in a plugin) would be two
 *   runtimes with one set of channels. Each copy carries an ELF note; a runtime that finds two at
 *   its start says where they are and dies.
 */
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/sanitize.h"
#include "base/check.h"
#include "base/fatal.h"
#include "os/clock.h"
#include "os/os.h"
#include "sched/sched.h"

/* Every copy carries one note; two notes in a process are two copies. */
__asm__(".pushsection .note.leat,\"a\",%note\n"
        "\t.balign 4\n"
        "\t.long 5, 4, 1\n"
        "\t.asciz \"leat\"\n"
        "\t.balign 4\n"
        "\t.long 0\n"
        "\t.popsection");

struct copies {
    int n;
    const char *first, *second;
};

static bool has_note(const char *p, const char *end)
{
    while (p + sizeof(ElfW(Nhdr)) <= end) {
        const ElfW(Nhdr) *note = (const void *)p;
        const char *name = p + sizeof(*note);
        if (note->n_namesz == sizeof("leat") && memcmp(name, "leat", sizeof("leat")) == 0)
            return true;
        p = name + ((note->n_namesz + 3u) & ~3u) + ((note->n_descsz + 3u) & ~3u);
    }
    return false;
}

static int count_copy(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct copies *copies = arg;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        const char *at = (const char *)(uintptr_t)(info->dlpi_addr + ph->p_vaddr);
        if (ph->p_type != PT_NOTE || !has_note(at, at + ph->p_memsz))
            continue;
        *(copies->n == 0 ? &copies->first : &copies->second) = info->dlpi_name[0]
                                                                   ? info->dlpi_name
                                                                   : "the program";
        copies->n++;
        break;
    }
    return 0;
}

static void check_copies(void)
{
    struct copies copies = {0, NULL, NULL};

    dl_iterate_phdr(count_copy, &copies);
    if (copies.n > 1)
        leat__throw(
            "leat: two copies of libleat in one process (in %s and in %s); link it once, "
            "shared",
            copies.first, copies.second);
}

static bool child_is_dead;
static int64_t forked_with;

void process_check_usable(void)
{
    if (child_is_dead)
        leat__throw(
            "leat: used in the child of a fork that had %lld goroutines; only goroutine 1 "
            "may be alive at a fork whose child uses leat (fork earlier, or exec)",
            (long long)forked_with);
}

void leat__freeze(void)
{
    store_seq(&sched.freezer, tls_m());
    store_seq(&sched.frozen, 1);
    store_seq(&sched.attention, 1);
}

static void at_exit(void)
{
    static int exiting;

    if (getpid() != sched.pid)
        return; /* a child that never used leat */
    if (exchange(&exiting, 1))
        for (;;)
            pause();
    check_holds(leat__check_all());
    leat__freeze();
    watermark_report();
}

/* ---- fork ---- */

enum { FORK_PATIENCE_NS = 100000000 };

static uint32_t forking; /* atomic: a thread waits to fork, or does */
static int fork_holders; /* atomic: threads between fork_hold and fork_allow */

void fork_hold(void)
{
    for (;;) {
        fetch_add(&fork_holders, 1);
        fence_seq();
        if (!load_seq(&forking))
            return;
        fetch_sub(&fork_holders, 1);
        while (load_seq(&forking))
            sched_yield();
    }
}

void fork_allow(void)
{
    fetch_sub(&fork_holders, 1);
}

/* Not for ever: it may be a signal handler on one of those threads that forks. */
static void fork_await_holders(void)
{
    int64_t end = os_now() + FORK_PATIENCE_NS;

    store_seq(&forking, 1);
    fence_seq();
    while (load_seq(&fork_holders) > 0 && os_now() < end)
        sched_yield();
}

/* The child must not inherit a lock that another thread holds. */
static void fork_prepare(void)
{
    fork_await_holders();
    stack_fork_begin();
    g_fork_begin();
}

static void fork_parent(void)
{
    g_fork_end();
    stack_fork_end();
    store_seq(&forking, 0);
}

static void fork_child(void)
{
    struct m *m = tls_m();
    int64_t alive = sched_alive();
    bool alone = alive == 0 || (alive == 1 && m && m->is_main && sched.main_g == m->cur);

    g_fork_end();
    stack_fork_end();
    fork_holders = 0;
    forking = 0;
    if (alone &&
        sched.main_g) /* its record stays in the slab; the child's goroutine 1 gets another */
        store_relaxed(&sched.main_g->status, G_FREE);
    for (struct m *old = sched.threads; old; old = old->all_next)
        leat__san_forget(old);
    for (int i = 0; i < sched.nprocs; i++)
        leat__san_forget(sched.all[i]);
    forked_with = alive;
    child_is_dead = !alone;
    if (alone) {
        memset(&sched, 0, sizeof(sched));
        sched.limit = 1;
    }
    attach_reset();
}

void process_install(void)
{
    static bool installed; /* a restarted child inherits both hooks */

    check_copies();
    watermark_install();
    if (installed)
        return;
    installed = true;
    atexit(at_exit);
    pthread_atfork(fork_prepare, fork_parent, fork_child);
}
