/* SPDX-License-Identifier: MIT */
/* real.h - libc's own functions behind those of this library; see real.c. */
#ifndef LEAT_POSIX_REAL_H
#define LEAT_POSIX_REAL_H

/* The next definition of a function after ours in the order of loading: libc's, as a rule. */
void *real_find(void **at, const char *name);

#define REAL(name)                                       \
    ({                                                   \
        static void *real_at_;                           \
        (__typeof__(name) *)real_find(&real_at_, #name); \
    })

/* What takes the place of libc's must be seen outside. */
#define INTERPOSED __attribute__((visibility("default"))) extern

#endif
