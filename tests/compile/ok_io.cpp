/* SPDX-License-Identifier: MIT */
/* Every name of leat/io/, from C++. */
#include <leat/io.h>
#include <leat/time.h>

int streams(leat_ctx *ctx, leat_io *io, leat_io *ends[2]);
int64_t buffers(leat_ctx *ctx, leat_io *io);
int64_t copies(leat_ctx *ctx, leat_io *to, leat_io *from);
int memory(leat_io **io);
int files(leat_io **io);
int walks(leat_ctx *ctx, long *n);

int streams(leat_ctx *ctx, leat_io *io, leat_io *ends[2])
{
    char c = 0;
    const leat_iovec one = {&c, 1};
    const leat_limit limit = {ctx, LEAT_FOREVER}, never = LEAT_NO_LIMIT;
    size_t done;
    int64_t n = leat_read(io, &c, 1) + leat_read_ctx(ctx, io, &c, 1);

    n += leat_read_until(io, &c, 1, leat_now()) + leat_read_full(io, &c, 1);
    n += leat_readv(io, &one, 1, &limit) + leat_writev(io, &one, 1, &done, &never);
    n += leat_write(io, &c, 1) + leat_write_ctx(ctx, io, &c, 1);
    n += leat_write_until(io, &c, 1, LEAT_FOREVER);
    n += leat_io_shutdown(io, LEAT_READ | LEAT_WRITE) + leat_io_fd(io);
    n += leat_io_set_deadline(io, LEAT_READ, LEAT_FOREVER) + leat_io_adopt(&io, 5);
    n += leat_pipe(ends) + leat_io_pipe(ends) + leat_io_pipe_fail(ends[0], -EIO);
    leat_io_unref(leat_io_ref(io));
    n += leat_io_close(io) + leat_wait_fd(3, LEAT_READABLE, LEAT_FOREVER);
    n += leat_wait_fd_ctx(ctx, 3, LEAT_WRITABLE | LEAT_URGENT);
    n += leat_io_kind(leat_stdin()) != leat_io_kind(leat_stdout());
    leat_io_free(leat_stderr());
    return (int)n;
}

int64_t buffers(leat_ctx *ctx, leat_io *io)
{
    leat_reader *r;
    leat_writer *w;
    const void *p;
    char *line = nullptr, buf[8];
    size_t size = 0;
    int64_t n = leat_reader_make(&r, io, 0) + leat_writer_make(&w, io, 0);

    leat_reader_set_limit(r, ctx, LEAT_FOREVER);
    leat_writer_set_limit(w, ctx, LEAT_FOREVER);
    n += leat_reader_read(r, buf, 8) + leat_reader_read_full(r, buf, 8);
    n += leat_reader_read_byte(r) + leat_reader_unread_byte(r);
    n += leat_reader_peek(r, &p, 1) + leat_reader_discard(r, 1) + leat_reader_until(r, ',', &p);
    n += leat_reader_line(r, buf, sizeof(buf)) + leat_reader_getline(r, &line, &size, 100);
    n += leat_reader_getdelim(r, &line, &size, 0, SIZE_MAX);
    n += leat_reader_copy_to(r, io) + (int64_t)leat_reader_buffered(r);
    n += leat_writer_write(w, buf, 8) + leat_writer_write_byte(w, 'x');
    n += leat_writer_line(w, "text") + leat_writer_printf(w, "%d", 1) + leat_writer_flush(w);
    n += leat_writer_copy_from(w, io) + (int64_t)leat_writer_buffered(w);
    leat_reader_reset(r, nullptr);
    leat_writer_reset(w, nullptr);
    leat_reader_free(r);
    leat_writer_free(w);
    return n;
}

int64_t copies(leat_ctx *ctx, leat_io *to, leat_io *from)
{
    int64_t done;

    leat_io *io;

    done = leat_io_limited(&io, from, 5) + leat_io_tee(&io, from, to);
    done += leat_io_joined(&io, &from, 1);
    return leat_copy(to, from) + leat_copy_ctx(ctx, to, from) +
           leat_copy_until(to, from, leat_now()) + leat_copy_n(to, from, 5, &done, nullptr);
}

int memory(leat_io **io)
{
    size_t n;
    int err = leat_io_bytes(io, "text", 4) + leat_io_memory(io);

    return err + (leat_io_memory_bytes(*io, &n) != leat_io_memory_take(*io, &n));
}

int files(leat_io **io)
{
    leat_file_info info;
    char path[64], *text;
    size_t n;
    int64_t sum = leat_open(io, "name", 0, 0600) + leat_seek(*io, 0, 0);

    sum += leat_pread(*io, path, 1, 0) + leat_pwrite(*io, path, 1, 0) + leat_sync(*io);
    sum += leat_truncate(*io, 0) + leat_io_stat(*io, &info) + leat_stat("name", true, &info);
    sum += leat_read_file("name", &text, &n) + leat_write_file("name", text, n, 0600);
    sum += leat_temp_file(io, path, sizeof(path), nullptr, "x*");
    sum += leat_temp_dir(path, sizeof(path), nullptr, "x*");
    return (int)sum + (info.type == LEAT_FILE_LINK);
}

static int count(void *arg, const leat_walk_entry *e)
{
    ++*(long *)arg;
    return e->type == LEAT_FILE_DIRECTORY ? LEAT_WALK_SKIP : e->err ? LEAT_WALK_STOP : 0;
}

int walks(leat_ctx *ctx, long *n)
{
    return leat_walk(ctx, "root", count, n);
}
