/* SPDX-License-Identifier: MIT */
/*
 * 36 file-server: the files of a directory, for whoever asks by HTTP.
 *
 * What makes an answer of a file is in the library: types, ranges, conditions, and that nobody
 * gets out of the directory. What this program adds is what a server needs to be left alone with
 * strangers, handler around handler:
 *
 *     number  ->  log  ->  throttle  ->  gzip  ->  files
 *
 * So many requests are at work at once, some more may wait for a while, and who comes then is told
 * 503, which the log shows as well. Below them, the server limits connections and the time for each
 * step.
 *
 * The end comes as a signal, and a signal is the end of a context. Then no new request is taken,
 * and downloads that are under way get ten seconds; a second ^C does not wait for them.
 *
 *     36-file-server                               a scene, with a directory of its own
 *     36-file-server DIRECTORY [ADDRESS]           until ^C; the address is 127.0.0.1:8080
 *     36-file-server -c 1000 DIRECTORY [ADDRESS]   a thousand connections at most, not 500
 */
#include <fcntl.h>
#include <leat.h>
#include <leat/http.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the server ---- */

static leat_http_files files;
static leat_http_gzip smaller = {.next = {leat_http_files_serve, &files}};
static leat_http_throttle admitted = {
    .next = {leat_http_gzip_serve, &smaller},
    .throttle = {.limit = 64, .backlog = 256, .timeout = 5 * LEAT_SECOND},
};
static leat_http_log logged = {.next = {leat_http_throttle_serve, &admitted}};
static leat_http_id numbered = {.next = {leat_http_log_serve, &logged}};

static const leat_http_opts limits = {
    .max_conns = 500,
    .max_body = 4096, /* nobody has a reason to send one */
    .head_timeout = 5 * LEAT_SECOND,
    .write_timeout = 20 * LEAT_SECOND, /* for 64 KiB, not for the whole file */
    .idle_timeout = 30 * LEAT_SECOND,
};

static int accept_all(leat_http_server *server, leat_listener *l)
{
    int err = leat_http_serve(server, l);

    return err == -ESHUTDOWN ? 0 : err;
}

/* Until a signal comes, or the server has an error that ends the group's context. */
static int run(leat_http_server *server, leat_listener *l)
{
    leat_scoped_group(g, NULL);
    leat_ctx *end = leat_signal_notify_ctx(leat_group_ctx(&g), SIGINT, SIGTERM);

    leat_group_go(&g, accept_all, server, l);
    leat_recv(leat_ctx_done(end), NULL);
    printf("%s\n", leat_ctx_cause_text(end));
    leat_ctx_free(end); /* from here on the signals do what they always did */
    leat_scoped_ctx(patience, leat_ctx_with_timeout(NULL, 10 * LEAT_SECOND));
    int late = leat_http_shutdown_ctx(patience, server);
    int err = leat_group_wait(&g);
    return err ? err : late;
}

/* A server of a directory, and where it listens; *at is its URL, without a path. */
static int open_server(leat_http_server **server, leat_listener **l, char at[], size_t size,
                       const char *address, const leat_http_opts *opts)
{
    char text[LEAT_ADDR_TEXT];
    leat_addr addr;
    int err = leat_listen(l, "tcp", address);

    if (err < 0)
        return err;
    err = leat_http_server_make(server, leat_http_id_serve, &numbered, opts);
    if (err < 0) {
        leat_listener_free(*l);
        return err;
    }
    leat_listener_addr(*l, &addr);
    leat_addr_format(&addr, text, sizeof text);
    snprintf(at, size, "http://%s", text);
    return 0;
}

/* ---- a real one ---- */

static LEAT_NORETURN LEAT_PRINTF(2, 3) void give_up(int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("36-file-server: ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs(status == 2 ? "\nusage: 36-file-server [-c CONNECTIONS] DIRECTORY [ADDRESS]\n" : "\n",
          stderr);
    exit(status);
}

static int connections(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (n < 1 || n > 1000000 || *end != '\0')
        give_up(2, "-c %s: that is no number from 1 to 1000000", text);
    return (int)n;
}

static int real(int argc, char **argv)
{
    char at[LEAT_ADDR_TEXT + 10];
    leat_http_opts opts = limits;
    leat_http_server *server;
    leat_listener *l;
    int letter, err;

    opterr = 0;
    while ((letter = getopt(argc, argv, "c:")) != -1) {
        if (letter != 'c')
            give_up(2, "-%c: there is no such option, or it needs a number", optopt);
        opts.max_conns = connections(optarg);
    }
    if (argc - optind < 1 || argc - optind > 2)
        give_up(2, "a directory is needed, and then at most an address");
    const char *dir = argv[optind], *address = argv[optind + 1];
    files.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (files.dir < 0)
        give_up(1, "%s: %s", dir, strerror(errno));
    address = address ? address : "127.0.0.1:8080";
    err = open_server(&server, &l, at, sizeof at, address, &opts);
    if (err)
        give_up(1, "%s: %s", address, leat_strerror(err));
    printf("%s at %s\n", dir, at);
    fflush(stdout); /* somebody may wait for this line, in a file or a pipe */
    err = run(server, l);
    leat_http_server_free(server);
    close(files.dir);
    if (err)
        give_up(1, "%s", leat_strerror(err));
    return 0;
}

/* ---- the scene ---- */

enum { BIG = 32 << 20 };

struct log_line {
    char text[300];
};
typedef leat_chan(struct log_line) log_chan;

static void log_to_channel(const char *line, size_t n, void *arg)
{
    struct log_line copy;

    snprintf(copy.text, sizeof copy.text, "%.*s", (int)n, line);
    leat_send((log_chan)arg, copy);
}

/* What does not change from one day to the next: the request, and what became of it. */
static void show_log(log_chan lines)
{
    struct log_line line;
    char request[100];
    int status;

    leat_recv(lines, &line);
    if (sscanf(line.text, "%*[^\"]\"%99[^\"]\" %d", request, &status) == 2)
        printf("    log: %s -> %d\n", request, status);
}

struct visitor {
    leat_http_client *client;
    const char *site;
};

/* Asks for a path, with a field if there is one. The answer is the caller's. */
static leat_http_answer *ask(struct visitor *v, const char *path, const char *field,
                             const char *value)
{
    const leat_http_field fields[] = {{field, value}};
    leat_http_answer *answer = NULL;
    char url[300];

    snprintf(url, sizeof url, "%s%s", v->site, path);
    const leat_http_call call = {.url = url, .fields = fields, .nfields = field ? 1 : 0};
    return leat_http_do(NULL, v->client, &call, &answer) == 0 ? answer : NULL;
}

/* Shows what comes; the tag of the file goes to tag. */
static void visit(struct visitor *v, log_chan lines, const char *path, const char *field,
                  const char *value, char tag[100])
{
    leat_http_answer *answer = ask(v, path, field, value);
    char *body;

    if (!answer)
        leat_panic("no answer for %s", path);
    printf("%s%s%s: %d %s", path, field ? ", " : "", field ? field : "",
           leat_http_answer_status(answer),
           leat_http_status_text(leat_http_answer_status(answer)));
    if (leat_http_answer_header(answer, "ETag"))
        snprintf(tag, 100, "%s", leat_http_answer_header(answer, "ETag"));
    if (leat_http_answer_read_all(answer, &body, 10000) >= 0) {
        int n = (int)strcspn(body, "\n");
        printf("%s%.*s\n", n > 0 ? ", " : "", n, body);
        free(body);
    }
    leat_http_answer_free(answer);
    show_log(lines);
}

/* A download is under way when the program is told to end. */
static void end_during_a_download(struct visitor *v)
{
    static char buf[65536];
    leat_http_answer *big = ask(v, "/big.bin", NULL, NULL), *late;
    int64_t n, all = 0;

    if (!big)
        leat_panic("no answer for /big.bin");
    kill(getpid(), SIGTERM);
    while ((late = ask(v, "/poem.txt", NULL, NULL))) { /* until nobody is let in any more */
        leat_http_answer_free(late);
        leat_yield();
    }
    while ((n = leat_http_answer_read(big, buf, sizeof buf)) > 0)
        all += n;
    leat_http_answer_free(big);
    printf("the download went on to its end: %s\n", all == BIG ? "yes" : "no");
}

static void make_site(char dir[], size_t size)
{
    static const char poem[] = "The leat runs on beside the lane,\nand turns the mill again.\n";
    char path[300];

    if (leat_temp_dir(dir, size, NULL, "file-server-*") < 0)
        leat_panic("no place for a directory");
    snprintf(path, sizeof path, "%s/poem.txt", dir);
    if (leat_write_file(path, poem, strlen(poem), 0600) < 0)
        leat_panic("%s cannot be written", path);
    snprintf(path, sizeof path, "%s/.secret", dir);
    if (leat_write_file(path, "1234\n", 5, 0600) < 0)
        leat_panic("%s cannot be written", path);
    snprintf(path, sizeof path, "%s/big.bin", dir);
    leat_io *big;
    if (leat_open(&big, path, O_WRONLY | O_CREAT, 0600) < 0 || leat_truncate(big, BIG) < 0)
        leat_panic("%s cannot be written", path);
    leat_io_free(big);
}

static void remove_site(const char *dir)
{
    static const char *const names[] = {"poem.txt", ".secret", "big.bin"};
    char path[300];

    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

static void visits(struct visitor *v, log_chan lines)
{
    char tag[100] = "";

    visit(v, lines, "/poem.txt", NULL, NULL, tag);
    visit(v, lines, "/poem.txt", "Range", "bytes=4-7", tag);
    visit(v, lines, "/poem.txt", "If-None-Match", tag, tag);
    visit(v, lines, "/.secret", NULL, NULL, tag);
    visit(v, lines, "/novel.txt", NULL, NULL, tag);
    end_during_a_download(v);
}

static int scene(void)
{
    static const leat_http_client_opts direct = {.no_proxy = true};
    leat_scoped_chan(log_chan, lines, LEAT_UNBOUNDED);
    char dir[200], at[LEAT_ADDR_TEXT + 10];
    struct visitor v = {.site = at};
    leat_http_server *server;
    leat_listener *l;

    make_site(dir, sizeof dir);
    files.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    logged.write = log_to_channel;
    logged.arg = lines;
    if (files.dir < 0 || open_server(&server, &l, at, sizeof at, "127.0.0.1:0", &limits) < 0 ||
        leat_http_client_make(&v.client, &direct) < 0)
        leat_panic("the server cannot be made");

    leat_group g = {0};
    leat_group_go(&g, run, server, l);
    visits(&v, lines);
    int err = leat_group_wait(&g);
    printf("the server ended %s\n", err ? leat_strerror(err) : "well");

    leat_http_client_free(v.client);
    leat_http_server_free(server);
    close(files.dir);
    remove_site(dir);
    return 0;
}

int main(int argc, char **argv)
{
    return argc > 1 ? real(argc, argv) : scene();
}
