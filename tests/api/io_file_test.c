/* SPDX-License-Identifier: MIT */
/* io_file_test.c - files: read, written, moved about in, cut, whole, temporary. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <leat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t.h"

/* A new directory; what tests make in it they unlink. */
static void enter_new_directory(char path[128])
{
    T_ERR(leat_temp_dir(path, 128, NULL, "leat-file-*-test"), 0);
    T_EQ(chdir(path), 0);
}

static void content_is(const char *path, const char *want, size_t n)
{
    char *text;
    size_t size;

    T_ERR(leat_read_file(path, &text, &size), 0);
    T_EQ(size, n);
    T_MEMEQ(text, want, n + 1); /* with its NUL */
    free(text);
}

T_TEST(a_file_is_written_and_read)
{
    char dir[128], got[32] = "";
    leat_io *f;
    leat_file_info info;

    enter_new_directory(dir);
    T_ERR(leat_open(&f, "a", O_RDONLY, 0), -ENOENT);
    T_TRUE(f == NULL);
    T_ERR(leat_open(&f, "a", O_RDWR | O_CREAT | O_EXCL, 0640), 0);
    T_STREQ(leat_io_kind(f), "file");
    T_EQ(fcntl(leat_io_fd(f), F_GETFD), FD_CLOEXEC);
    T_EQ(leat_write(f, "hello, world", 12), 12);
    T_EQ(leat_read(f, got, 1), 0);
    T_EQ(leat_seek(f, 7, SEEK_SET), 7);
    T_EQ(leat_read(f, got, sizeof(got)), 5);
    T_STREQ(got, "world");
    T_EQ(leat_read(f, got, sizeof(got)), 0);
    T_EQ(leat_seek(f, -5, SEEK_CUR), 7);
    T_EQ(leat_seek(f, 0, SEEK_END), 12);
    T_ERR(leat_seek(f, -1, SEEK_SET), -EINVAL);
    T_ERR(leat_sync(f), 0);
    T_ERR(leat_truncate(f, 5), 0);
    T_ERR(leat_io_stat(f, &info), 0);
    T_EQ(info.size, 5);
    T_EQ(info.type, LEAT_FILE_REGULAR);
    T_EQ(info.mode & 0700, 0600);
    T_ERR(leat_io_set_deadline(f, LEAT_READ, 0), -EOPNOTSUPP);
    T_ERR(leat_io_close(f), 0);
    T_ERR(leat_io_close(f), -EBADF);
    T_ERR(leat_read(f, got, 1), -EBADF);
    T_ERR(leat_write(f, "x", 1), -EBADF);
    T_ERR(leat_pread(f, got, 1, 0), -EBADF);
    T_ERR(leat_pwrite(f, got, 1, 0), -EBADF);
    T_ERR(leat_seek(f, 0, SEEK_SET), -EBADF);
    T_ERR(leat_sync(f), -EBADF);
    T_ERR(leat_truncate(f, 0), -EBADF);
    T_ERR(leat_io_stat(f, &info), -EBADF);
    T_ERR(leat_io_fd(f), -EBADF);
    leat_io_free(f);
    content_is("a", "hello", 5);
    T_EQ(unlink("a"), 0);
    T_EQ(rmdir(dir), 0);
}

T_TEST(at_places_and_in_pieces)
{
    char dir[128], a[4], b[4], c[8] = "";
    leat_io *f;

    enter_new_directory(dir);
    T_ERR(leat_open(&f, "b", O_RDWR | O_CREAT, 0600), 0);
    const leat_iovec from[] = {{"0123", 4}, {"", 0}, {"456789", 6}};
    size_t done;
    T_EQ(leat_writev(f, from, 3, &done, NULL), 10);
    T_EQ(done, 10);
    T_EQ(leat_pwrite(f, "xy", 2, 20), 2);
    T_EQ(leat_pread(f, c, 8, 16), 6);
    T_MEMEQ(c, "\0\0\0\0xy", 6);
    T_EQ(leat_pread(f, c, 8, 100), 0);
    T_ERR(leat_pread(f, c, 8, -1), -EINVAL);
    T_EQ(leat_seek(f, 2, SEEK_SET), 2);
    const leat_iovec to[] = {{a, 4}, {b, 4}};
    T_EQ(leat_readv(f, to, 2, NULL), 8);
    T_MEMEQ(a, "2345", 4);
    T_MEMEQ(b, "6789", 4);
    leat_io_free(f);
    T_ERR(leat_open(&f, "b", O_RDONLY, 0), 0);
    T_ERR(leat_write(f, "x", 1), -EBADF); /* the kernel's: it is not open for that */
    T_ERR(leat_truncate(f, 1), -EINVAL);
    leat_io_free(f);
    T_ERR(leat_open(&f, "b", O_WRONLY | O_APPEND | O_TRUNC, 0), 0);
    T_EQ(leat_write(f, "one", 3), 3);
    T_EQ(leat_write(f, "two", 3), 3);
    leat_io_free(f);
    content_is("b", "onetwo", 6);
    T_EQ(unlink("b"), 0);
    T_EQ(rmdir(dir), 0);
}

T_TEST(what_is_no_file)
{
    leat_io *f, *m;
    leat_file_info info;
    char c, *text;

    T_ERR(leat_open(&f, "/", O_RDONLY, 0), 0);
    T_ERR(leat_read(f, &c, 1), -EISDIR);
    T_ERR(leat_io_stat(f, &info), 0);
    T_EQ(info.type, LEAT_FILE_DIRECTORY);
    leat_io_free(f);
    T_ERR(leat_open(&f, "/", O_WRONLY, 0), -EISDIR);
    T_ERR(leat_read_file("/", &text, NULL), -EISDIR);
    T_TRUE(text == NULL);
    T_ERR(leat_io_memory(&m), 0);
    T_ERR(leat_seek(m, 0, SEEK_SET), -EOPNOTSUPP);
    T_ERR(leat_pread(m, &c, 1, 0), -EOPNOTSUPP);
    T_ERR(leat_pwrite(m, &c, 1, 0), -EOPNOTSUPP);
    T_ERR(leat_sync(m), -EOPNOTSUPP);
    T_ERR(leat_truncate(m, 0), -EOPNOTSUPP);
    T_ERR(leat_io_stat(m, &info), -EOPNOTSUPP);
    leat_io_free(m);
    T_ERR(leat_open(&f, "/dev/null", O_RDWR, 0), 0);
    T_EQ(leat_write(f, "gone", 4), 4);
    T_EQ(leat_read(f, &c, 1), 0);
    leat_io_free(f);
}

T_TEST(limits_that_are_over_read_and_write_nothing)
{
    char dir[128], c;
    leat_io *f;
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));

    enter_new_directory(dir);
    T_ERR(leat_open(&f, "c", O_RDWR | O_CREAT, 0600), 0);
    leat_ctx_cancel(ctx);
    T_ERR(leat_read_ctx(ctx, f, &c, 1), -ECANCELED);
    T_ERR(leat_write_ctx(ctx, f, "x", 1), -ECANCELED);
    T_ERR(leat_write_until(f, "x", 1, leat_now()), -ETIMEDOUT);
    leat_io_free(f);
    content_is("c", "", 0);
    T_EQ(unlink("c"), 0);
    T_EQ(rmdir(dir), 0);
}

/* ---- whole files ---- */

T_TEST(whole_files_of_any_size)
{
    static const size_t sizes[] = {0, 1, 510, 511, 512, 513, 4096, 100000, 3000000};
    char dir[128], *big = malloc(3000001);

    enter_new_directory(dir);
    for (size_t i = 0; i < 3000000; i++)
        big[i] = (char)('a' + i % 23);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        T_ERR(leat_write_file("w", big, sizes[i], 0600), 0);
        char kept = big[sizes[i]];
        big[sizes[i]] = '\0';
        content_is("w", big, sizes[i]);
        big[sizes[i]] = kept;
    }
    T_EQ(unlink("w"), 0);
    T_EQ(rmdir(dir), 0); /* and nothing else is in it */
    free(big);
}

T_TEST(a_file_whose_size_nobody_knows)
{
    char *text;
    size_t n;

    T_ERR(leat_read_file("/proc/self/status", &text, &n), 0);
    T_GT(n, 100);
    T_EQ(strlen(text), n);
    T_STRHAS(text, "Threads:");
    free(text);
}

T_TEST(a_write_that_fails_changes_nothing)
{
    char dir[128];
    leat_file_info info;

    enter_new_directory(dir);
    T_ERR(leat_write_file("no/such/directory", "x", 1, 0600), -ENOENT);
    T_EQ(mkdir("d", 0700), 0);
    T_ERR(leat_write_file("d", "x", 1, 0600), -EISDIR);
    T_EQ(rmdir("d"), 0);
    T_ERR(leat_write_file("target", "old", 3, 0604), 0);
    T_EQ(symlink("target", "link"), 0);
    T_ERR(leat_write_file("link", "new", 3, 0600), 0);
    T_ERR(leat_stat("link", false, &info), 0);
    T_EQ(info.type, LEAT_FILE_REGULAR);
    T_EQ(info.mode, 0600);
    content_is("target", "old", 3);
    content_is("link", "new", 3);
    T_EQ(unlink("target"), 0);
    T_EQ(unlink("link"), 0);
    T_EQ(rmdir(dir), 0);
}

static void rewrite(leat_waitgroup *wg, char c, long times)
{
    char block[3000];

    memset(block, c, sizeof(block));
    for (long i = 0; i < times; i++)
        T_ERR(leat_write_file("shared", block, sizeof(block), 0600), 0);
    leat_waitgroup_done(wg);
}

T_TEST(readers_see_the_old_or_the_new)
{
    char dir[128], *text;
    leat_waitgroup wg = {0};
    size_t n;

    enter_new_directory(dir);
    T_ERR(leat_write_file("shared", "", 0, 0600), 0);
    leat_waitgroup_add(&wg, 3);
    for (int i = 0; i < 3; i++)
        leat_go(rewrite, &wg, (char)('a' + i), t_scale(20));
    for (long i = 0; i < t_scale(100); i++) {
        T_ERR(leat_read_file("shared", &text, &n), 0);
        T_TRUE(n == 0 || n == 3000);
        for (size_t k = 1; k < n; k++)
            T_EQ(text[k], text[0]);
        free(text);
    }
    leat_waitgroup_wait(&wg);
    T_EQ(unlink("shared"), 0);
    T_EQ(rmdir(dir), 0);
}

T_TEST(what_is_known_of_names)
{
    char dir[128];
    leat_file_info info, other;

    enter_new_directory(dir);
    T_EQ(symlink("nowhere", "link"), 0);
    T_EQ(mkfifo("fifo", 0600), 0);
    T_ERR(leat_stat("link", true, &info), -ENOENT);
    T_ERR(leat_stat("link", false, &info), 0);
    T_EQ(info.type, LEAT_FILE_LINK);
    T_ERR(leat_stat("fifo", true, &info), 0);
    T_EQ(info.type, LEAT_FILE_PIPE);
    T_ERR(leat_stat(".", true, &info), 0);
    T_EQ(info.type, LEAT_FILE_DIRECTORY);
    T_EQ(info.mode, 0700);
    T_EQ(info.user, geteuid());
    T_ERR(leat_stat(dir, true, &other), 0);
    T_EQ(info.inode, other.inode);
    T_EQ(info.device, other.device);
    T_GT(info.changed_ns, 0);
    T_EQ(unlink("link"), 0);
    T_EQ(unlink("fifo"), 0);
    T_EQ(rmdir(dir), 0);
}

/* ---- temporary ---- */

T_TEST(temporary_names_are_new)
{
    char dir[128], a[160], b[160], small[10];
    leat_io *f, *g;
    leat_file_info info;

    enter_new_directory(dir);
    T_ERR(leat_temp_file(&f, a, sizeof(a), dir, "x-*.txt"), 0);
    T_ERR(leat_temp_file(&g, b, sizeof(b), dir, "x-*.txt"), 0);
    T_TRUE(strcmp(a, b) != 0);
    T_STRHAS(a, "/x-");
    T_STREQ(a + strlen(a) - 4, ".txt");
    T_ERR(leat_io_stat(f, &info), 0);
    T_EQ(info.mode, 0600);
    T_EQ(leat_write(f, "x", 1), 1);
    content_is(a, "x", 1);
    leat_io_free(f);
    leat_io_free(g);
    T_EQ(unlink(a), 0);
    T_EQ(unlink(b), 0);
    T_ERR(leat_temp_file(&f, small, sizeof(small), dir, "x"), -ENAMETOOLONG);
    T_ERR(leat_temp_file(&f, a, sizeof(a), dir, "../x"), -EINVAL);
    T_ERR(leat_temp_dir(a, sizeof(a), "/no/such", "x"), -ENOENT);
    T_EQ(setenv("TMPDIR", dir, 1), 0);
    T_ERR(leat_temp_dir(a, sizeof(a), NULL, ""), 0);
    T_EQ(strncmp(a, dir, strlen(dir)), 0);
    T_EQ(rmdir(a), 0);
    T_EQ(rmdir(dir), 0);
}

/* ---- several goroutines ---- */

static void write_blocks(leat_waitgroup *wg, leat_io *f, char c)
{
    char block[1000];

    memset(block, c, sizeof(block));
    for (int i = 0; i < 20; i++)
        T_EQ(leat_write(f, block, sizeof(block)), (int64_t)sizeof(block));
    leat_waitgroup_done(wg);
}

T_TEST(writes_of_many_are_whole)
{
    char dir[128], path[160], *text;
    leat_io *f;
    leat_waitgroup wg = {0};
    size_t n;

    enter_new_directory(dir);
    T_ERR(leat_temp_file(&f, path, sizeof(path), dir, "many"), 0);
    leat_waitgroup_add(&wg, 8);
    for (int i = 0; i < 8; i++)
        leat_go(write_blocks, &wg, f, (char)('a' + i));
    leat_waitgroup_wait(&wg);
    leat_io_free(f);
    T_ERR(leat_read_file(path, &text, &n), 0);
    T_EQ(n, 8 * 20 * 1000);
    for (size_t i = 0; i < n; i++)
        T_EQ(text[i], text[i / 1000 * 1000]);
    free(text);
    T_EQ(unlink(path), 0);
    T_EQ(rmdir(dir), 0);
}

static void read_until_closed(leat_waitgroup *wg, leat_io *f)
{
    char c;
    int64_t n;

    while ((n = leat_pread(f, &c, 1, 3)) == 1)
        T_EQ(c, 'd');
    T_ERR(n, -EBADF);
    leat_waitgroup_done(wg);
}

T_TEST(closing_ends_those_who_use_it)
{
    char dir[128], path[160];

    enter_new_directory(dir);
    for (long i = 0; i < t_scale(20); i++) {
        leat_io *f;
        leat_waitgroup wg = {0};
        T_ERR(leat_temp_file(&f, path, sizeof(path), dir, "close"), 0);
        T_EQ(leat_write(f, "abcd", 4), 4);
        leat_waitgroup_add(&wg, 3);
        for (int k = 0; k < 3; k++)
            leat_go(read_until_closed, &wg, f);
        leat_yield();
        T_ERR(leat_io_close(f), 0);
        leat_waitgroup_wait(&wg);
        leat_io_free(f);
        T_EQ(unlink(path), 0);
    }
    T_EQ(rmdir(dir), 0);
}

static void open_writer(leat_waitgroup *wg)
{
    leat_io *w;

    T_ERR(leat_open(&w, "fifo", O_WRONLY, 0), 0);
    T_EQ(leat_write(w, "through", 7), 7);
    leat_io_free(w);
    leat_waitgroup_done(wg);
}

T_TEST(a_fifo_parks_and_has_deadlines)
{
    char dir[128], got[16] = "";
    leat_io *r;
    leat_waitgroup wg = {0};

    enter_new_directory(dir);
    T_EQ(mkfifo("fifo", 0600), 0);
    leat_waitgroup_add(&wg, 1);
    leat_go(open_writer, &wg);
    T_ERR(leat_open(&r, "fifo", O_RDWR, 0), 0);
    T_EQ(leat_read_full(r, got, 7), 7);
    T_STREQ(got, "through");
    T_ERR(leat_read_until(r, got, 1, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    leat_waitgroup_wait(&wg);
    leat_io_free(r);
    T_EQ(unlink("fifo"), 0);
    T_EQ(rmdir(dir), 0);
}

T_TEST(a_file_is_copied)
{
    char dir[128], path[160], *big = malloc(1 << 20);
    leat_io *f, *m;
    size_t n;

    enter_new_directory(dir);
    for (size_t i = 0; i < 1 << 20; i++)
        big[i] = (char)(i * 7);
    T_ERR(leat_temp_file(&f, path, sizeof(path), dir, "copy"), 0);
    T_EQ(leat_write(f, big, 1 << 20), 1 << 20);
    T_EQ(leat_seek(f, 0, SEEK_SET), 0);
    T_ERR(leat_io_memory(&m), 0);
    T_EQ(leat_copy(m, f), 1 << 20);
    const void *got = leat_io_memory_bytes(m, &n);
    T_EQ(n, 1 << 20);
    T_MEMEQ(got, big, n);
    leat_io_free(m);
    leat_io_free(f);
    free(big);
    T_EQ(unlink(path), 0);
    T_EQ(rmdir(dir), 0);
}
