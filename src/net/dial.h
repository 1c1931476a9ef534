/* SPDX-License-Identifier: MIT */
/* dial.h - connecting to one address (dial.c), or to the best of several (dial_race.c). */
#ifndef LEAT_NET_DIAL_H
#define LEAT_NET_DIAL_H

#include "net/conn.h"
#include "net/resolve.h"

/* Connect to one address, waiting as long as the limit says. */
int dial_one(struct conn **c, const struct network *net, const leat_addr *to,
             const leat_limit *limit);
int dial_race(struct conn **c, const struct network *net, const struct addr_list *list,
              const leat_limit *limit);

#endif
