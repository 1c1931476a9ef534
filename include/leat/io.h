/* SPDX-License-Identifier: MIT */
/*
 * leat/io.h - streams and descriptors; calls that wait park the goroutine.
 *
 *     char line[256];
 *     int64_t n = leat_read(conn, line, sizeof(line));       // leat/io/stream.h
 *     n = leat_reader_line(r, line, sizeof(line));           // leat/io/buffer.h
 *     leat_copy(server, conn);                               // leat/io/copy.h
 *     leat_wait_fd(fd, LEAT_WRITABLE, LEAT_FOREVER);         // leat/io/wait.h
 *
 * One header for all of leat/io/.
 */
#ifndef LEAT_IO_H
#define LEAT_IO_H

#include <leat/io/buffer.h>
#include <leat/io/copy.h>
#include <leat/io/file.h>
#include <leat/io/memory.h>
#include <leat/io/pipe.h>
#include <leat/io/standard.h>
#include <leat/io/stream.h>
#include <leat/io/wait.h>
#include <leat/io/walk.h>

#endif
