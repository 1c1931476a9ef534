/* SPDX-License-Identifier: MIT */
/* packet.h - how a stream of datagrams is written; see packet.c. */
#ifndef LEAT_NET_PACKET_INSIDE_H
#define LEAT_NET_PACKET_INSIDE_H

#include "net/conn.h"

int64_t packet_writev(leat_io *io, const leat_iovec *from, int n, size_t *done,
                      const leat_limit *limit);

#endif
