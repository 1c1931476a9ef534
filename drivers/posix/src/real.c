/* SPDX-License-Identifier: MIT */
/*
 * real.c - libc's own functions.
 *
 * Looked up at the first call of each and kept. dlsym is legal from the first constructor on,
 * and two threads that look at once find the same.
 */
#include "real.h"

#include <dlfcn.h>
#include <stdlib.h>

void *real_find(void **at, const char *name)
{
    void *found = __atomic_load_n(at, __ATOMIC_ACQUIRE);

    if (__builtin_expect(found != NULL, 1))
        return found;
    found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort(); /* a static program: there is no second definition */
    __atomic_store_n(at, found, __ATOMIC_RELEASE);
    return found;
}
