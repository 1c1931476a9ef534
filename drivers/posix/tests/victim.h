/* SPDX-License-Identifier: MIT */
/* victim.h - code that knows nothing of leat, as a library from elsewhere; see victim.c. */
#ifndef LEAT_POSIX_VICTIM_H
#define LEAT_POSIX_VICTIM_H

#include <stddef.h>
#include <stdint.h>

struct victim_calls {
    int fd;     /* nothing arrives there, SO_RCVTIMEO is set */
    int pipe;   /* an end that is no socket */
    int closed; /* the writing end of a pipe without a reader */
    int bad;    /* no descriptor */
    int echo;   /* what is sent there comes back */
    int rounds;
};

/* Calls that fail in different ways, and park or not. The number of results that were wrong. */
int victim_run(const struct victim_calls *c);

#endif
