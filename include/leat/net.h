/* SPDX-License-Identifier: MIT */
/*
 * leat/net.h - sockets: connections, listeners, datagrams; calls that wait park the goroutine.
 *
 *     leat_listener *l;
 *     leat_io *conn;
 *
 *     int err = leat_listen(&l, "tcp", ":8080");          // leat/net/listen.h
 *     while (!err && (err = leat_accept(l, &conn)) == 0)
 *         leat_go(serve, conn);                           // leat/io/stream.h reads and writes
 *
 * One header for all of leat/net/.
 */
#ifndef LEAT_NET_H
#define LEAT_NET_H

#include <leat/net/addr.h>
#include <leat/net/conn.h>
#include <leat/net/listen.h>
#include <leat/net/option.h>
#include <leat/net/packet.h>
#include <leat/net/resolve.h>

#endif
