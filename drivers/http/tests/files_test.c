/* SPDX-License-Identifier: MIT */
/* files_test.c - files, ranges, conditions, what must not be reached; events. */
#define _GNU_SOURCE
#include "http_util.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BIG = 200000 };

static char root[] = "/tmp/leat-files-XXXXXX";
static char etag[100];

static void put_file(const char *name, const char *text, size_t n)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *f = fopen(path, "we");
    T_TRUE(f != NULL);
    T_EQ(fwrite(text, 1, n, f), n);
    fclose(f);
}

static void put_link(const char *to, const char *name)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", root, name);
    T_EQ(symlink(to, path), 0);
}

static void remove_all(void)
{
    char command[400];

    snprintf(command, sizeof command, "rm -r %s", root);
    T_EQ(system(command), 0);
}

/* A folder of its own for each case, with a date that is known. */
static leat_http_files folder_new(void)
{
    static char big[BIG];
    const struct timespec when[2] = {{784111777, 0}, {784111777, 0}};
    char path[300];

    T_TRUE(mkdtemp(root) != NULL);
    for (size_t i = 0; i < BIG; i++)
        big[i] = (char)('a' + i % 26);
    put_file("hello.txt", "0123456789", 10);
    put_file("big", big, BIG);
    put_file(".secret", "secret", 6);
    put_file("a b.html", "<p>", 3);
    snprintf(path, sizeof path, "%s/sub", root);
    T_EQ(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/fifo", root);
    T_EQ(mkfifo(path, 0600), 0);
    put_file("sub/index.html", "index", 5);
    put_link("/etc/passwd", "outside");
    put_link("hello.txt", "inside");
    put_link("..", "up");
    snprintf(path, sizeof path, "%s/hello.txt", root);
    T_EQ(utimensat(AT_FDCWD, path, when, 0), 0);
    int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    T_GE(dir, 0);
    return (leat_http_files){.dir = dir, .strip = "/f"};
}

static leat_http_server *files_server(leat_http_files *files)
{
    leat_http_server *s;

    T_ERR(leat_http_server_make(&s, leat_http_files_serve, files, NULL), 0);
    return s;
}

static void files_end(leat_http_server *s, leat_http_files *files)
{
    server_free(s);
    close(files->dir);
    remove_all();
}

/* GET with more fields: the whole answer. */
static char *fetch(struct peer *p, const char *path, const char *fields)
{
    char request[600];

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", path, fields);
    say(p, request);
    return hear(p);
}

static void fetches(struct peer *p, const char *path, const char *fields, const char *status,
                    const char *pin)
{
    char *text = fetch(p, path, fields);

    if (strncmp(text + 9, status, 3) != 0)
        T_FAIL("%s %s: not %s but %.60s", path, fields, status, text);
    T_STRHAS(text, pin);
    free(text);
}

T_TEST(files_are_served_and_folders_by_their_index)
{
    leat_http_files files = folder_new();
    leat_http_server *s = files_server(&files);
    struct peer p = peer_open(s);

    fetches(&p, "/f/hello.txt", "", "200", "\r\n\r\n0123456789");
    fetches(&p, "/f/hello.txt", "", "200", "Content-Type: text/plain; charset=utf-8\r\n");
    fetches(&p, "/f/hello.txt", "", "200", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    fetches(&p, "/f/a%20b.html", "", "200", "Content-Type: text/html; charset=utf-8\r\n");
    fetches(&p, "/f/inside", "", "200", "\r\n\r\n0123456789");
    fetches(&p, "/f/sub/", "", "200", "\r\n\r\nindex");
    fetches(&p, "/f/sub", "", "308", "Location: sub/\r\n");
    fetches(&p, "/f/none", "", "404", "");
    fetches(&p, "/f/", "", "404", "");
    fetches(&p, "/f/hello.txt/", "", "404", "");
    char *text = fetch(&p, "/f/big", "");
    T_EQ(strlen(strstr(text, "\r\n\r\n")), (size_t)BIG + 4);
    free(text);
    say(&p, "POST /f/hello.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    text = hear(&p);
    T_STRHAS(text, " 405 ");
    T_STRHAS(text, "Allow: GET, HEAD\r\n");
    free(text);
    say(&p, "HEAD /f/big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    T_STRHAS(hear_all(&p), "Content-Length: 200000\r\n");
    T_TRUE(strstr(p.got + p.used, "\r\n\r\n")[4] == '\0');
    peer_free(&p);
    files_end(s, &files);
}

T_TEST(nothing_outside_the_folder_is_reached)
{
    leat_http_files files = folder_new();
    leat_http_server *s = files_server(&files);
    struct peer p = peer_open(s);
    static const char *const paths[] = {"/f/../etc/passwd",
                                        "/f/../../../../../../etc/passwd",
                                        "/f/%2e%2e/%2e%2e/etc/passwd",
                                        "/f/sub/../../../etc/passwd",
                                        "/f/sub/..%2f..%2f..%2fetc%2fpasswd",
                                        "/f//etc/passwd",
                                        "/f/outside",
                                        "/f/up/etc/passwd",
                                        "/f/up/",
                                        "/f/.secret",
                                        "/f/sub/../.secret",
                                        "/f/fifo"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char *text = fetch(&p, paths[i], "");
        T_STRHAS(text, "HTTP/1.1 404 ");
        T_TRUE(!strstr(text, "root:") && !strstr(text, "secret"));
        free(text);
    }
    peer_free(&p);
    files_end(s, &files);
}

T_TEST(ranges)
{
    leat_http_files files = folder_new();
    leat_http_server *s = files_server(&files);
    struct peer p = peer_open(s);
    static const struct {
        const char *range, *status, *pin;
    } ranges[] = {
        {"bytes=0-0", "206", "Content-Range: bytes 0-0/10\r\n"},
        {"bytes=2-4", "206", "\r\n\r\n234"},
        {"bytes=7-", "206", "\r\n\r\n789"},
        {"bytes=-3", "206", "Content-Range: bytes 7-9/10\r\n"},
        {"bytes=-30", "206", "Content-Range: bytes 0-9/10\r\n"},
        {"bytes=8-100", "206", "\r\n\r\n89"},
        {"bytes=10-", "416", "Content-Range: bytes */10\r\n"},
        {"bytes=-0", "416", "Content-Range: bytes */10\r\n"},
        {"bytes=4-2", "200", "\r\n\r\n0123456789"},
        {"bytes=a-2", "200", "\r\n\r\n0123456789"},
        {"bytes=-", "200", "\r\n\r\n0123456789"},
        {"lines=1-2", "200", "\r\n\r\n0123456789"},
        {"bytes=0-1,3-4", "200", "\r\n\r\n0123456789"},
        {"bytes=99999999999999999999-", "200", "\r\n\r\n0123456789"},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        char field[100];
        snprintf(field, sizeof field, "Range: %s\r\n", ranges[i].range);
        fetches(&p, "/f/hello.txt", field, ranges[i].status, ranges[i].pin);
    }
    peer_free(&p);
    files_end(s, &files);
}

T_TEST(conditions)
{
    leat_http_files files = folder_new();
    leat_http_server *s = files_server(&files);
    struct peer p = peer_open(s);
    char field[300];

    char *text = fetch(&p, "/f/hello.txt", "");
    sscanf(strstr(text, "ETag: "), "ETag: %99s", etag);
    free(text);
    snprintf(field, sizeof field, "If-None-Match: \"x\", W/%s\r\n", etag);
    fetches(&p, "/f/hello.txt", field, "304", etag);
    fetches(&p, "/f/hello.txt", "If-None-Match: *\r\n", "304", etag);
    fetches(&p, "/f/hello.txt", "If-None-Match: \"x\"\r\n", "200", etag);
    fetches(&p, "/f/hello.txt", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "304",
            "");
    fetches(&p, "/f/hello.txt", "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", "200",
            "");
    fetches(&p, "/f/hello.txt", "If-Modified-Since: yesterday\r\n", "200", "");
    fetches(&p, "/f/hello.txt",
            "If-None-Match: \"x\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
            "200", "");
    snprintf(field, sizeof field, "If-Match: \"x\", %s\r\n", etag);
    fetches(&p, "/f/hello.txt", field, "200", "");
    fetches(&p, "/f/hello.txt", "If-Match: \"x\"\r\n", "412", "");
    snprintf(field, sizeof field, "If-Match: W/%s\r\n", etag);
    fetches(&p, "/f/hello.txt", field, "412", "");
    fetches(&p, "/f/hello.txt", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", "412",
            "");
    fetches(&p, "/f/hello.txt", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "200",
            "");
    snprintf(field, sizeof field, "Range: bytes=1-2\r\nIf-Range: %s\r\n", etag);
    fetches(&p, "/f/hello.txt", field, "206", "\r\n\r\n12");
    fetches(&p, "/f/hello.txt", "Range: bytes=1-2\r\nIf-Range: \"x\"\r\n", "200", "0123456789");
    fetches(&p, "/f/hello.txt",
            "Range: bytes=1-2\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "206", "12");
    peer_free(&p);
    files_end(s, &files);
}

/* ---- events ---- */

static int events_ended;

static void send_events(leat_http_request *req, leat_http_response *res, void *arg)
{
    int err;

    (void)req;
    T_ERR(leat_http_events_begin(res), 0);
    T_ERR(leat_http_events_begin(res), -EALREADY);
    T_ERR(leat_http_event(res, "a\nb", NULL, "x"), -EINVAL);
    T_ERR(leat_http_event(res, NULL, "1\r", "x"), -EINVAL);
    T_ERR(leat_http_event(res, "greeting", "1", "hello\nworld\r\nand all"), 0);
    T_ERR(leat_http_event(res, NULL, NULL, NULL), 0);
    while (arg && (err = leat_http_event(res, NULL, NULL, "on and on")) == 0)
        continue;
    events_ended = arg ? err : 1;
}

T_TEST(events_come_as_they_are_sent_and_end_with_the_client)
{
    leat_http_server *s;

    for (int for_ever = 0; for_ever < 2; for_ever++) {
        T_ERR(leat_http_server_make(&s, send_events, for_ever ? &events_ended : NULL, NULL), 0);
        struct peer p = peer_open(s);
        say(&p, "GET / HTTP/1.0\r\n\r\n");
        while (!strstr(p.got, "\n:\n\n"))
            T_TRUE(peer_read(&p));
        T_STRHAS(p.got, "Content-Type: text/event-stream\r\n");
        T_STRHAS(p.got, "\r\n\r\nevent: greeting\nid: 1\ndata: hello\ndata: world\n"
                        "data: and all\n\n:\n\n");
        peer_free(&p);
        server_free(s);
        T_TRUE(for_ever ? events_ended == -EPIPE || events_ended == -ECONNRESET
                        : events_ended == 1);
    }
}
