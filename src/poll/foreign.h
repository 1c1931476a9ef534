/* SPDX-License-Identifier: MIT */
/* foreign.h - waiting for descriptors that others open, share and close; see foreign.c. */
#ifndef LEAT_POLL_FOREIGN_H
#define LEAT_POLL_FOREIGN_H

#include "park/limit.h"

/* POLLER_ bits that are there of those wanted, and HUP and ERR; or -errno. */
int foreign_wait(int fd, unsigned wanted, const struct limit *limit);

#endif
