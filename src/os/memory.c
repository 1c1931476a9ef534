/* SPDX-License-Identifier: MIT */
/* memory.c - mappings, guards and giving pages back. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "arch/sanitize.h"
#include "base/config.h"
#include "base/env.h"
#include "base/util.h"
#include "os/os.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

/* LEAT_DEBUG=failmmap=n, and the hostile build: every nth mapping is refused once. */
static bool refused_on_purpose(void)
{
    static unsigned calls;
    unsigned every = (unsigned)leat__env.fail_mmap;

    if (LEAT__HOSTILE && every == 0)
        every = 7;
    return every != 0 && (fetch_add(&calls, 1) + 1) % every == 0;
}

void *os_map(size_t size)
{
    if (refused_on_purpose())
        return NULL;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    void *p;
    if (leat__san_thread) /* its interceptor counts as a write to all of the memory */
        p = (void *)syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    else
        p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void os_unmap(void *p, size_t size)
{
    munmap(p, size);
}

int os_guard(void *p, size_t size)
{
    return madvise(p, size, MADV_GUARD_INSTALL) == 0 ? 0 : -errno;
}

#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

int os_guard_many(void *first, size_t size, size_t stride, unsigned n)
{
    enum { SELF = -10000 }; /* PIDFD_SELF: this process, without a descriptor */
    struct iovec regions[OS_GUARDS_MAX];

    for (unsigned i = 0; i < n; i++)
        regions[i] = (struct iovec){(char *)first + i * stride, size};
    long done = syscall(SYS_process_madvise, SELF, regions, n, MADV_GUARD_INSTALL, 0);
    return done == (long)(n * size) ? 0 : done < 0 ? -errno : -EAGAIN;
}

int os_protect_none(void *p, size_t size)
{
    return mprotect(p, size, PROT_NONE) == 0 ? 0 : -errno;
}

void os_drop(void *p, size_t size)
{
    madvise(p, size, MADV_DONTNEED);
}

void os_huge_pages(void *p, size_t size, bool wanted)
{
    madvise(p, size, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

long os_max_map_count(void)
{
    char text[32];
    int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return 65530;
    text[n] = 0;
    return strtol(text, NULL, 10);
}
