/* SPDX-License-Identifier: MIT */
/*
 * peer.c - servers of tests.
 *
 * A server's output goes through a pipe to a thread of ours, which waits for the marker and then
 * keeps the pipe empty. If the test dies, the kernel ends the server (PR_SET_PDEATHSIG).
 */
#include "peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"

enum { NOBODY = 65534 };

const char *peer_find(const char *const *patterns)
{
    static char found[256];
    glob_t g;

    for (; *patterns; patterns++) {
        if (glob(*patterns, 0, NULL, &g) != 0)
            continue;
        bool runs = access(g.gl_pathv[0], X_OK) == 0;
        snprintf(found, sizeof(found), "%s", g.gl_pathv[0]);
        globfree(&g);
        if (runs)
            return found;
    }
    return NULL;
}

static int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    T_EQ(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    T_EQ(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    close(fd);
    return ntohs(a.sin_port);
}

void peer_prepare(struct peer *p)
{
    memset(p, 0, sizeof(*p));
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->news, NULL);
    snprintf(p->dir, sizeof(p->dir), "/tmp/leat-peer-XXXXXX");
    T_TRUE(mkdtemp(p->dir) != NULL);
    p->user = getuid() == 0 ? NOBODY : getuid();
    T_EQ(chown(p->dir, p->user, (gid_t)-1), 0);
    p->port = free_port();
}

/* In the child. */
static void become(const struct peer *p, int out, const char *const *argv)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getuid() == 0 && (setgid(NOBODY) != 0 || setuid(p->user) != 0))
        _exit(126);
    if (chdir(p->dir) != 0)
        _exit(126);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execv(argv[0], (char *const *)argv);
    _exit(127);
}

static void peer_spawn(struct peer *p, const char *const *argv)
{
    int out[2];

    T_EQ(pipe2(out, O_CLOEXEC), 0);
    p->pid = fork();
    T_GE(p->pid, 0);
    if (p->pid == 0)
        become(p, out[1], argv);
    close(out[1]);
    p->out = out[0];
}

/* Lock held. The last words are kept; a marker is not cut by that. */
static void remember(struct peer *p, const char *text, int n)
{
    int half = (int)sizeof(p->text) / 2;

    if (p->len + n >= (int)sizeof(p->text)) {
        int drop = p->len > half ? p->len - half : 0;
        memmove(p->text, p->text + drop, (size_t)(p->len - drop));
        p->len -= drop;
    }
    memcpy(p->text + p->len, text, (size_t)n);
    p->len += n;
    p->text[p->len] = '\0';
    if (p->marker && strstr(p->text, p->marker))
        p->ready = true;
}

static void *listen_to(void *arg)
{
    struct peer *p = arg;
    char buf[1024];
    ssize_t n;

    while ((n = read(p->out, buf, sizeof(buf))) > 0) {
        pthread_mutex_lock(&p->lock);
        remember(p, buf, (int)n);
        pthread_cond_broadcast(&p->news);
        pthread_mutex_unlock(&p->lock);
    }
    pthread_mutex_lock(&p->lock);
    p->ended = true;
    pthread_cond_broadcast(&p->news);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

void peer_run(struct peer *p, const char *const *argv)
{
    int status = -1;

    p->len = 0;
    p->ended = false;
    peer_spawn(p, argv);
    listen_to(p);
    close(p->out);
    T_EQ(waitpid(p->pid, &status, 0), p->pid);
    if (status != 0)
        T_FAIL("%s: status 0x%x: %s", argv[0], (unsigned)status, p->text);
    p->ended = false;
    p->len = 0;
}

void peer_start(struct peer *p, const char *marker, const char *const *argv)
{
    p->marker = marker;
    peer_spawn(p, argv);
    T_EQ(pthread_create(&p->reader, NULL, listen_to, p), 0);
    pthread_mutex_lock(&p->lock);
    while (!p->ready && !p->ended)
        pthread_cond_wait(&p->news, &p->lock);
    bool ready = p->ready;
    pthread_mutex_unlock(&p->lock);
    if (!ready)
        T_FAIL("%s has ended: %s", argv[0], p->text);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void peer_stop(struct peer *p, int sig)
{
    int status;

    T_EQ(kill(p->pid, sig), 0);
    T_EQ(waitpid(p->pid, &status, 0), p->pid);
    T_EQ(pthread_join(p->reader, NULL), 0);
    close(p->out);
    T_EQ(nftw(p->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}
