/* SPDX-License-Identifier: MIT */
/*
 * main.c - treesum: SHA-256 of every regular file below some directories, several at once.
 *
 * The output equals, byte for byte, that of
 *
 *     find DIR... -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
 *
 * Here are the command line, the exit status, and the life of everything the goroutines share;
 * treesum.h has the picture of who passes what to whom. All that is made here is freed here,
 * after the wait group has seen every goroutine end, in success and failure alike.
 *
 * EXIT   0  every file was digested and printed
 *        1  something is missing from the output; standard error says what and why
 *        2  the command line makes no sense; nothing was done
 */
#include "treesum.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_INCOMPLETE = 1, EXIT_USAGE = 2 };

static const char usage[] =
    "Usage: treesum [-j N] [--fail-fast] DIR...\n"
    "Print the SHA-256 digest of every regular file below each DIR, in byte order of the\n"
    "paths, as sha256sum would. Symbolic links are not followed. DIR may also be a file.\n"
    "\n"
    "  -j, --jobs N     hash N files at once, 1 to 256 (default: twice the processors)\n"
    "      --fail-fast  stop at the first file or directory that cannot be read\n"
    "  -h, --help       print this text\n"
    "\n"
    "Exit status: 0 all digested, 1 something could not be read or written, 2 wrong usage.\n";

static LEAT_NORETURN LEAT_PRINTF(1, 2) void refuse(const char *format, ...)
{
    va_list args;
    fputs("treesum: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\ntreesum: try 'treesum --help'\n", stderr);
    exit(EXIT_USAGE);
}

static int parse_jobs(const char *text)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (end == text || *end != '\0')
        refuse("-j %s: not a number; give the number of files to hash at once, as in -j 4",
               text);
    if (errno == ERANGE || n < 1 || n > MAX_JOBS)
        refuse("-j %s: out of range; between 1 and %d files can be hashed at once", text,
               MAX_JOBS);
    return (int)n;
}

/* Sets optind to the first DIR. */
static int parse_options(int argc, char **argv, bool *fail_fast)
{
    static const struct option options[] = {
        {"jobs", required_argument, NULL, 'j'},
        {"fail-fast", no_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int jobs = leat_procs(0) * 2;
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":j:h", options, NULL)) != -1) {
        switch (option) {
        case 'j':
            jobs = parse_jobs(optarg);
            break;
        case 'f':
            *fail_fast = true;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(fflush(stdout) == 0 ? EXIT_DONE : EXIT_INCOMPLETE);
        case ':':
            refuse("%s needs a number, as in -j 4", argv[optind - 1]);
        default: /* a long option refused for its argument leaves its letter in optopt */
            if (optopt > 0 && optopt != 'f' && optopt != 'h')
                refuse("unknown option -%c", optopt);
            refuse("unknown option %s", argv[optind - 1]);
        }
    }
    return jobs < MAX_JOBS ? jobs : MAX_JOBS;
}

/* What is named on the command line must be there: a typing error is not an empty tree. */
static void check_roots(char **roots, size_t n)
{
    if (n == 0)
        refuse("no directory given; say which tree to digest, as in treesum /usr/include");
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        if (lstat(roots[i], &st) < 0)
            refuse("%s: %s; give a directory that exists", roots[i], strerror(errno));
        if (S_ISLNK(st.st_mode))
            refuse("%s: symbolic links are not followed; write %s/ for what it points to",
                   roots[i], roots[i]);
        if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
            refuse("%s: neither a directory nor a regular file", roots[i]);
    }
}

/* The channels are all so large that only taking an idle slot can ever wait. */
static void treesum_make(struct treesum *t, struct slot *slots, int window)
{
    t->idle = leat_chan_make(slot_chan, window);
    t->todo = leat_chan_make(slot_chan, window);
    t->order = leat_chan_make(slot_chan, window);
    t->stop = leat_chan_make(leat_done_chan, 0);
    for (int i = 0; i < window; i++) {
        slots[i].done = leat_chan_make(leat_int_chan, 1);
        leat_send(t->idle, &slots[i]);
    }
    t->progress.shown = isatty(STDERR_FILENO);
    t->progress.end = leat_chan_make(leat_done_chan, 0);
    t->progress.start = leat_now();
}

static void treesum_free(struct treesum *t, struct slot *slots, int window)
{
    for (int i = 0; i < window; i++)
        leat_chan_free(slots[i].done);
    leat_chan_free(t->progress.end);
    leat_chan_free(t->stop);
    leat_chan_free(t->order);
    leat_chan_free(t->todo);
    leat_chan_free(t->idle);
}

/* Main only waits. It resumes on the process's first thread alone, which costs a switch of
 * threads each time; the merger, who waits for every file, is a goroutine like the others. */
static void run(struct treesum *t, struct walk *walks, struct hasher **hashers, int jobs,
                char **roots, size_t n)
{
    leat_waitgroup work = {0}, line = {0};

    if (t->progress.shown)
        leat_waitgroup_go(&line, progress_run, &t->progress);
    leat_waitgroup_go(&work, walk_trees, t, walks, roots, n);
    for (int i = 0; i < jobs; i++)
        leat_waitgroup_go(&work, hash_files, t, hashers[i]);
    leat_waitgroup_go(&work, merge_in_order, t);
    leat_waitgroup_wait(&work);
    leat_close(t->progress.end);
    leat_waitgroup_wait(&line);
}

static int report(struct treesum *t)
{
    if (t->output_error < 0)
        progress_say(&t->progress, "standard output: %s; stopped", strerror(-t->output_error));
    if (t->failed > 0)
        progress_say(&t->progress, "%llu could not be read, %llu digested%s", t->failed,
                     t->printed, t->fail_fast ? "; stopped at the first error" : "");
    return t->output_error < 0 || t->failed > 0 ? EXIT_INCOMPLETE : EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct treesum t = {0};
    int jobs = parse_options(argc, argv, &t.fail_fast);
    int window = WINDOW(jobs);
    char **roots = argv + optind;
    size_t n = (size_t)(argc - optind);
    check_roots(roots, n);
    if (fcntl(STDOUT_FILENO, F_GETFD) < 0) /* the first file opened would take its place */
        refuse("standard output is closed; there is nowhere to print to");
    signal(SIGPIPE, SIG_IGN); /* a reader who has gone is an error of write, dealt with there */

    struct hasher *hashers[MAX_JOBS] = {NULL};
    struct slot *slots = calloc((size_t)window, sizeof(*slots));
    struct walk *walks = walk_make(n);
    bool ready = slots && walks;
    for (int i = 0; i < jobs; i++)
        ready = (hashers[i] = hasher_make()) && ready;

    int status = EXIT_INCOMPLETE;
    if (ready) {
        treesum_make(&t, slots, window);
        run(&t, walks, hashers, jobs, roots, n);
        status = report(&t);
        treesum_free(&t, slots, window);
    } else {
        fprintf(stderr, "treesum: out of memory; -j %d needs less\n", jobs > 1 ? jobs / 2 : 1);
    }
    for (int i = 0; i < jobs; i++)
        hasher_free(hashers[i]);
    walk_free(walks, n);
    free(slots);
    return status;
}
