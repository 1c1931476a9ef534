/* SPDX-License-Identifier: MIT */
/* errno: put back as it was found; nothing in between can switch goroutines */
/*
 * Reading memory that may not be there.
 *
 * PICTURE     A page is asked for once per walk: the kernel is made to read a word of it, and
 *             says EFAULT instead of raising a signal. Then the plain loads follow.
 *
 * WHY         The walker runs on damaged stacks. A saved stack pointer may lead into a guard
 *             page, and a second SIGSEGV would hide the first.
 *
 * THE QUESTION  FUTEX_WAIT loads the word and compares it before anything else: EAGAIN when it
 *             differs, and with a zero timeout it cannot sleep when it happens to be equal. It
 *             needs no buffer and no descriptor, is allowed by every seccomp filter that lets
 *             a threaded program live, sees guard markers of MADV_GUARD_INSTALL as the CPU
 *             does, and is understood by qemu-user and Valgrind.
 *
 * REJECTED    process_vm_readv: missing in qemu-user, forbidden in many containers.
 *             msync, mincore: tell mapped from unmapped but not readable from PROT_NONE.
 *             rt_sigprocmask with an invalid `how`: works, but Valgrind prints a line each.
 *             write to a pipe: needs descriptors made earlier, and the pipe may be full.
 *             catching SIGSEGV with siglongjmp: the handler belongs to the program.
 *
 * LIMIT       Another thread may unmap the page between question and load. In a fatal dump the
 *             others are frozen first.
 */
#define _GNU_SOURCE 1
#include "debug/peek.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The smallest page of the machines supported; on larger pages some questions repeat. */
static const uintptr_t peek_page_size = 4096;

static bool peek_ask_kernel(uintptr_t word)
{
    /* An unlikely content, so that the comparison nearly always ends the call. */
    const unsigned expected = 0x5bd1e995;
    const struct timespec at_once = {0, 0};
    int saved = errno;
    long rc = syscall(SYS_futex, word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, expected, &at_once,
                      NULL, 0);
    bool readable = rc == 0 || errno != EFAULT;

    errno = saved;
    return readable;
}

bool leat__peek_ok(struct leat__peek *peek, uintptr_t at, size_t size)
{
    uintptr_t last = at + size - 1;

    if (size == 0 || last < at || at < peek_page_size) /* nobody maps page 0 */
        return false;
    for (uintptr_t page = at / peek_page_size; page <= last / peek_page_size; page++) {
        uintptr_t *known = &peek->page[page % LEAT_PEEK_PAGES];

        if (*known == page)
            continue;
        /* Of the first page the very word, which Valgrind then finds well defined. */
        if (!peek_ask_kernel(page == at / peek_page_size ? at & ~(uintptr_t)3
                                                         : page * peek_page_size))
            return false;
        *known = page;
    }
    return true;
}

bool leat__peek_inside(struct leat__peek *peek, uintptr_t at, size_t size)
{
    if (peek->hi != 0 && (at < peek->lo || at >= peek->hi || size > peek->hi - at))
        return false;
    return leat__peek_ok(peek, at, size);
}

/* Uninstrumented: a frame's poisoned red zones are among what is read. */
__attribute__((no_sanitize("address"), noinline)) static uint64_t peek_bytes(uintptr_t at,
                                                                             unsigned size)
{
    const volatile uint8_t *bytes = (const volatile uint8_t *)at;
    uint64_t value = 0;

    for (unsigned i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

bool leat__peek_load(struct leat__peek *peek, uintptr_t at, unsigned size, uint64_t *value)
{
    if (size == 0 || size > sizeof(*value) || !leat__peek_inside(peek, at, size))
        return false;
    *value = peek_bytes(at, size);
    return true;
}

__attribute__((no_sanitize("address"))) bool leat__peek_equal(struct leat__peek *peek,
                                                              uintptr_t at,
                                                              const uint8_t *bytes, size_t size)
{
    const volatile uint8_t *there = (const volatile uint8_t *)at;

    if (!leat__peek_ok(peek, at, size))
        return false;
    for (size_t i = 0; i < size; i++)
        if (there[i] != bytes[i])
            return false;
    return true;
}
