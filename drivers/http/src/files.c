/* SPDX-License-Identifier: MIT */
/*
 * files.c - files of a folder as responses: ranges, conditions, types.
 *
 * PICTURE   path of the request -> opened below the folder -> fstat -> conditions -> range -> bytes
 *
 * INVARIANTS
 *   1. The kernel resolves the path below the folder and refuses to leave it (RESOLVE_BENEATH,
 *      and no magic links): neither ".." nor a symbolic link leads out. Where the kernel has no
 *      openat2 each part is opened by itself, without following links. Names that begin with a
 *      dot are not served.
 *   2. Only regular files are: a pipe or a device would hold the goroutine, so files are opened
 *      without blocking and asked what they are first.
 *   3. What is sent is never more than was announced: a file that shrinks meanwhile ends the
 *      connection, one that grows is cut.
 *
 * CONDITIONS  in the order of RFC 9110 13.2.2: If-Match, else If-Unmodified-Since; If-None-Match,
 *   else If-Modified-Since; Range, if If-Range agrees. The entity tag is made of the time of the
 *   last change, in nanoseconds, and the size. It is strong; a date counts for If-Range when it is
 *   the very one of the file.
 *
 * RANGES  one is answered with 206; several are answered with the whole file, which the RFC allows
 *   and which is what those who ask for many tiny ones should get.
 *
 * BLOCKING  Reads of files go through leat_blocking: a slow disk holds up nobody.
 *
 * REJECTED  sendfile: it needs a plain socket below, and the stream may be anything.
 *
 * PROOF files_test.c
 */
#include <leat/http/files.h>

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chars.h"
#include "message.h"

enum { FILE_PIECE = 64 * 1024 };

/* ---- opening ---- */

static int result_of(int result)
{
    return result < 0 ? -errno : result;
}

/* Part by part, for kernels before 5.6. */
static int open_parts(int dir, char *path)
{
    int at = dir;

    for (char *part = path; part;) {
        char *slash = strchr(part, '/');
        if (slash)
            *slash = '\0';
        int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (slash ? O_DIRECTORY : 0);
        int next = strcmp(part, "..") == 0 ? -EACCES : result_of(openat(at, part, flags));
        if (at != dir)
            close(at);
        if (next < 0 || !slash)
            return next;
        at = next;
        part = slash + 1;
    }
    return -ENOENT;
}

/* Below the folder, whatever the path says. It is changed. */
static int open_below(int dir, char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int fd = result_of((int)syscall(SYS_openat2, dir, path, &how, sizeof how));

    return fd == -ENOSYS || fd == -EPERM ? open_parts(dir, path) : fd;
}

static bool has_hidden_part(const char *path)
{
    return path[0] == '.' || strstr(path, "/.") != NULL;
}

/* ---- types ---- */

static const struct {
    const char *ending, *type;
} types[] = {
    {"html", "text/html; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"txt", "text/plain; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"xml", "application/xml"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"ico", "image/x-icon"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"pdf", "application/pdf"},
    {"wasm", "application/wasm"},
    {"mp3", "audio/mpeg"},
    {"ogg", "audio/ogg"},
    {"mp4", "video/mp4"},
    {"webm", "video/webm"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
};

static const char *type_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');

    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++) {
        if (strcasecmp(dot + 1, types[i].ending) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

/* ---- conditions ---- */

struct served_file {
    int fd;
    int64_t size;
    int64_t modified; /* seconds */
    char tag[64];
};

/* Does a list of entity tags hold this one? */
static bool tags_have(const char *list, const char *tag, bool weak_too)
{
    while (*list) {
        list += strspn(list, " \t,");
        bool weak = strncmp(list, "W/", 2) == 0;
        const char *begin = list + (weak ? 2 : 0);
        size_t len = strcspn(begin, ", \t");
        if (len == 1 && *begin == '*')
            return true;
        if ((!weak || weak_too) && len == strlen(tag) && memcmp(begin, tag, len) == 0)
            return true;
        list = begin + len;
    }
    return false;
}

/* Is a date given there, and is the file not newer? */
static bool not_newer(const char *date, const struct served_file *f)
{
    int64_t when = http__date_parse(date);

    return when >= 0 && f->modified <= when;
}

/* 0: go on; else 304 or 412. */
static int check_conditions(const leat_http_request *req, const struct served_file *f)
{
    const char *match = leat_http_header(req, "If-Match");
    const char *since = leat_http_header(req, "If-Unmodified-Since");
    const char *none = leat_http_header(req, "If-None-Match");

    if (match ? !tags_have(match, f->tag, false)
              : since && http__date_parse(since) >= 0 && !not_newer(since, f))
        return 412;
    if (none)
        return tags_have(none, f->tag, true) ? 304 : 0;
    since = leat_http_header(req, "If-Modified-Since");
    return since && not_newer(since, f) ? 304 : 0;
}

static bool range_applies(const leat_http_request *req, const struct served_file *f)
{
    const char *cond = leat_http_header(req, "If-Range");

    if (!cond)
        return true;
    if (*cond == '"')
        return strcmp(cond, f->tag) == 0;
    return http__date_parse(cond) == f->modified;
}

/* "bytes=a-b", "bytes=a-" or "bytes=-n": 206 with from and *len; 200: the whole; 416. */
static int parse_range(const char *text, int64_t size, int64_t *from, int64_t *len)
{
    const char *dash, *end;
    int64_t first, last;

    if (!text || strncasecmp(text, "bytes=", 6) != 0 || strchr(text, ','))
        return 200;
    text += 6;
    end = text + strlen(text);
    dash = strchr(text, '-');
    if (!dash)
        return 200;
    first = dash == text ? -1 : http__decimal(text, (size_t)(dash - text));
    last = dash + 1 == end ? -1 : http__decimal(dash + 1, (size_t)(end - dash - 1));
    if ((first < 0 && dash != text) || (last < 0 && dash + 1 != end) ||
        (first < 0 && last < 0) || (first >= 0 && last >= 0 && last < first))
        return 200;
    if (first < 0) { /* the last so many */
        first = last < size ? size - last : 0;
        if (last == 0)
            return 416;
        last = size - 1;
    }
    if (first >= size)
        return 416;
    if (last < 0 || last >= size)
        last = size - 1;
    *from = first;
    *len = last - first + 1;
    return 206;
}

/* ---- sending ---- */

static int64_t read_at(int fd, char *buf, size_t n, int64_t at)
{
    int64_t got = pread(fd, buf, n, at);

    return got < 0 ? -errno : got;
}

static void send_bytes(leat_http_response *res, int fd, int64_t from, int64_t len)
{
    char *buf = malloc(FILE_PIECE);

    while (buf && len > 0) {
        size_t piece = len < FILE_PIECE ? (size_t)len : FILE_PIECE;
        int64_t got = leat_blocking(read_at, fd, buf, piece, from);
        if (got <= 0 || leat_http_write(res, buf, (size_t)got) < 0)
            break;
        from += got;
        len -= got;
    }
    if (!buf && leat_http_error(res, 503, NULL) != 0)
        leat_http_close_after(res);
    free(buf);
}

static void announce(leat_http_response *res, const char *path, const struct served_file *f)
{
    char date[32];

    http__date_format(date, f->modified);
    leat_http_set_header(res, "Content-Type", type_of(path));
    leat_http_set_header(res, "X-Content-Type-Options", "nosniff");
    leat_http_set_header(res, "Accept-Ranges", "bytes");
    leat_http_set_header(res, "Last-Modified", date);
    leat_http_set_header(res, "ETag", f->tag);
}

static void send_file(leat_http_request *req, leat_http_response *res, const char *path,
                      const struct served_file *f)
{
    int64_t from = 0, len = f->size;
    char text[80];
    int status = check_conditions(req, f);

    if (status == 412) {
        leat_http_error(res, 412, NULL);
        return;
    }
    announce(res, path, f);
    if (status == 304) {
        leat_http_set_header(res, "Content-Type", NULL);
        leat_http_set_status(res, 304);
        return;
    }
    status = range_applies(req, f)
                 ? parse_range(leat_http_header(req, "Range"), f->size, &from, &len)
                 : 200;
    if (status == 416) {
        snprintf(text, sizeof text, "bytes */%lld", (long long)f->size);
        leat_http_error(res, 416, NULL);
        leat_http_set_header(res, "Content-Range", text);
        return;
    }
    if (status == 206) {
        snprintf(text, sizeof text, "bytes %lld-%lld/%lld", (long long)from,
                 (long long)(from + len - 1), (long long)f->size);
        leat_http_set_header(res, "Content-Range", text);
    }
    leat_http_set_status(res, status);
    snprintf(text, sizeof text, "%lld", (long long)len);
    leat_http_set_header(res, "Content-Length", text);
    if (strcmp(leat_http_method(req), "HEAD") != 0)
        send_bytes(res, f->fd, from, len);
}

static void file_status(struct served_file *f, const struct stat *st)
{
    f->size = st->st_size;
    f->modified = st->st_mtim.tv_sec < 0 ? 0 : st->st_mtim.tv_sec;
    snprintf(f->tag, sizeof f->tag, "\"%llx%08lx-%llx\"", (unsigned long long)f->modified,
             (unsigned long)st->st_mtim.tv_nsec, (unsigned long long)f->size);
}

/* What lies at the path: 0; -EISDIR; -EACCES for what is no file. */
static int open_file(struct served_file *f, int dir, const char *path)
{
    char copy[4096];
    struct stat st;
    int err;

    if (snprintf(copy, sizeof copy, "%s", *path ? path : ".") >= (int)sizeof copy)
        return -ENAMETOOLONG;
    f->fd = open_below(dir, copy);
    if (f->fd < 0)
        return f->fd;
    err = result_of(fstat(f->fd, &st));
    if (!err && S_ISDIR(st.st_mode))
        err = -EISDIR;
    else if (!err && !S_ISREG(st.st_mode))
        err = -EACCES;
    if (!err)
        file_status(f, &st);
    else
        close(f->fd);
    return err;
}

static int file_error(int err)
{
    switch (-err) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return 503;
    case EIO:
        return 500;
    default:
        return 404; /* also what may not be read: whether it is there is nobody's business */
    }
}

static const char *path_below(const leat_http_request *req, const leat_http_files *files)
{
    const char *path = leat_http_path(req);
    size_t len = files->strip ? strlen(files->strip) : 0;

    if (len > 0 && strncmp(path, files->strip, len) == 0)
        path += len;
    while (*path == '/')
        path++;
    return path;
}

static void serve_folder(leat_http_request *req, leat_http_response *res,
                         const leat_http_files *files, const char *path)
{
    size_t len = strlen(path);
    struct served_file f;
    char *index;
    int err;

    if (len > 0 && path[len - 1] != '/') { /* so that relative links work */
        const char *full = leat_http_path(req), *name = strrchr(full, '/') + 1;
        char *url = leat_http_alloc(req, 3 * strlen(name) + 4);
        if (!url) {
            leat_http_error(res, 503, NULL);
            return;
        }
        memcpy(http__path_escape(url, name), "/", 2);
        leat_http_redirect(res, 308, url);
        return;
    }
    index = leat_http_alloc(req, len + sizeof "index.html");
    err = index ? 0 : -ENOMEM;
    if (!err) {
        snprintf(index, len + sizeof "index.html", "%sindex.html", path);
        err = leat_blocking(open_file, &f, files->dir, index);
    }
    if (err) {
        leat_http_error(res, file_error(err), NULL);
        return;
    }
    send_file(req, res, index, &f);
    close(f.fd);
}

void leat_http_files_serve(leat_http_request *req, leat_http_response *res, void *arg)
{
    const leat_http_files *files = arg;
    const char *method = leat_http_method(req), *path = path_below(req, files);
    struct served_file f;
    int err;

    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        leat_http_error(res, 405, NULL);
        leat_http_set_header(res, "Allow", "GET, HEAD");
        return;
    }
    err = has_hidden_part(path) ? -ENOENT : leat_blocking(open_file, &f, files->dir, path);
    if (err == -EISDIR) {
        serve_folder(req, res, files, path);
    } else if (err) {
        leat_http_error(res, file_error(err), NULL);
    } else if (path[strlen(path) - 1] == '/') {
        close(f.fd);
        leat_http_error(res, 404, NULL);
    } else {
        send_file(req, res, path, &f);
        close(f.fd);
    }
}
