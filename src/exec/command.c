/* SPDX-License-Identifier: MIT */
/*
 * command.c - child processes.
 *
 * PICTURE   leat_cmd -> struct leat__child: pid, its descriptor (pidfd)
 *                       way[in, out, err]: theirs | ours <-copy-> the user's stream
 *
 * INVARIANTS
 *   E1  a signal goes to `pid` only under the lock and before `ended` is set, which is set under
 *       the lock when the process is reaped: no signal reaches another process of that number.
 *   E2  `theirs` are open here from when they are made until leat_cmd_start returns.
 *   E3  every goroutine of a child is over when leat_cmd_wait returns.
 *
 * GOROUTINES  One copies for each stream that has no descriptor of its own to be given. One is
 *   started when the context is over, and kills; there is none before. Nobody waits for the
 *   process but leat_cmd_wait, by its pidfd; the goroutine that reaps it ends `running`, a context
 *   of ours, by which the others learn of it: the killer that gives it time, and the copy to its
 *   standard input, so that nobody waits for an input that nobody wants. (In Go that copy, and so
 *   Wait, goes on until the input has something.)
 *
 * CUT OFF  A grandchild may hold the other end of a pipe for ever. After wait_delay the copies are
 *   ended by `copying`, the context above `running`.
 *
 * PROOF  tests/api/exec_test.c, tests/api/exec_manners_test.c.
 */
#include <leat/context.h>
#include <leat/exec.h>
#include <leat/go.h>
#include <leat/io/copy.h>
#include <leat/io/memory.h>
#include <leat/io/wait.h>
#include <leat/mutex.h>
#include <leat/sync.h>
#include <leat/time.h>

#include <signal.h>

#include "base/util.h"
#include "io/file.h"
#include "io/standard.h"
#include "os/child.h"
#include "os/mem.h"
#include "os/rw.h"

enum { WAY_IN, WAY_OUT, WAY_ERR, WAYS };

struct child_way {
    int theirs;    /* the child's end of a pipe; -1: none */
    leat_io *ours; /* its other end, to be copied from or to; NULL: the user has it */
    leat_io *user; /* what it is copied to or from */
};

struct leat__child {
    leat_mutex lock;
    int pid, pidfd;
    bool group;
    bool ended;    /* lock */
    bool canceled; /* lock: it was killed for the context */
    int cancel_signal;
    leat_duration wait_delay;
    struct child_way way[WAYS];
    leat_ctx *copying, *running;
    leat_ctx_after canceler;
    leat_waitgroup copies, cancels;
    int copy_error; /* atomic: the first */
};

/* ---- before the start ---- */

static struct leat__child *child_make(void)
{
    struct leat__child *k = leat__alloc(sizeof(*k));

    if (!k)
        return NULL;
    k->pidfd = -1;
    for (int i = 0; i < WAYS; i++)
        k->way[i].theirs = -1;
    k->copying = leat_ctx_with_cancel(NULL);
    k->running = leat_ctx_with_cancel(k->copying);
    return k;
}

static void close_theirs(struct leat__child *k)
{
    for (int i = 0; i < WAYS; i++) {
        if (k->way[i].theirs >= 0)
            os_close(k->way[i].theirs);
        k->way[i].theirs = -1;
    }
}

static void child_free(struct leat__child *k)
{
    close_theirs(k);
    for (int i = 0; i < WAYS; i++) {
        leat_io_free(k->way[i].ours);
        leat_io_unref(k->way[i].user);
    }
    if (k->pidfd >= 0)
        os_close(k->pidfd);
    leat_ctx_free(k->running);
    leat_ctx_free(k->copying);
    leat__free(k);
}

static leat_io *stream_of(const leat_cmd *c, int way)
{
    return way == WAY_IN ? c->in : way == WAY_OUT ? c->out : c->err;
}

static int fd_of(const leat_cmd *c, int way)
{
    return (way == WAY_IN ? c->in_fd : way == WAY_OUT ? c->out_fd : c->err_fd) - 1;
}

/* A pipe between the child's way and a stream of ours. */
static int way_pipe(struct child_way *w, int way, leat_io **ours)
{
    int ends[2];
    int err = os_pipe_blocking(ends);

    if (err)
        return err;
    int mine = way == WAY_IN ? 1 : 0;
    err = leat_io_adopt(ours, ends[mine]);
    if (err) {
        os_close(ends[0]);
        os_close(ends[1]);
        return err;
    }
    w->theirs = ends[!mine];
    return 0;
}

static int user_pipe(leat_cmd *c, int way, leat_io **io)
{
    *io = NULL;
    if (stream_of(c, way) || fd_of(c, way) >= 0)
        return -EINVAL;
    struct leat__child *k = c->leat__child ? c->leat__child : child_make();
    if (!k)
        return -ENOMEM;
    int err = k->pid || k->way[way].theirs >= 0 ? -EINVAL : way_pipe(&k->way[way], way, io);
    if (err && !c->leat__child)
        child_free(k); /* who gets no pipe need not start the command */
    else
        c->leat__child = k;
    return err;
}

int leat_cmd_in_pipe(leat_cmd *c, leat_io **io)
{
    return user_pipe(c, WAY_IN, io);
}

int leat_cmd_out_pipe(leat_cmd *c, leat_io **io)
{
    return user_pipe(c, WAY_OUT, io);
}

int leat_cmd_err_pipe(leat_cmd *c, leat_io **io)
{
    return user_pipe(c, WAY_ERR, io);
}

/* ---- the start ---- */

/* What the child gets for one way: a descriptor, or -1 for none. */
static int way_source(const leat_cmd *c, struct leat__child *k, int way, int *fd)
{
    struct child_way *w = &k->way[way];
    leat_io *io = stream_of(c, way);
    bool given = fd_of(c, way) >= 0;

    if ((io != NULL) + given + (w->theirs >= 0) > 1)
        return -EINVAL;
    if (!io) {
        *fd = given ? fd_of(c, way) : w->theirs;
        return 0;
    }
    if (io_is_file(io) || io_is_standard(io)) {
        *fd = leat_io_fd(io);
        return *fd < 0 ? *fd : 0;
    }
    int err = way_pipe(w, way, &w->ours);
    if (err)
        return err;
    w->user = leat_io_ref(io);
    *fd = w->theirs;
    return 0;
}

static int sources(const leat_cmd *c, struct leat__child *k, int fds[OS_CHILD_FDS])
{
    if (c->nfds < 0 || c->nfds > OS_CHILD_FDS - WAYS)
        return -EINVAL;
    for (int way = 0; way < WAYS; way++) {
        bool same = way == WAY_ERR && c->err && c->err == c->out;
        int err = same ? 0 : way_source(c, k, way, &fds[way]);
        if (err)
            return err;
        if (same)
            fds[way] = fds[WAY_OUT];
    }
    for (int i = 0; i < c->nfds; i++)
        fds[WAYS + i] = c->fds[i];
    return 0;
}

static int child_start(const leat_cmd *c, struct leat__child *k)
{
    int fds[OS_CHILD_FDS];
    struct os_child start = {
        .name = c->path ? c->path : c->argv[0],
        .argv = c->argv,
        .env = c->env,
        .dir = c->dir,
        .fds = fds,
        .nfds = WAYS + c->nfds,
        .group = c->group,
    };
    int err = sources(c, k, fds);

    if (err)
        return err;
    int pid = leat_blocking(os_child_start, &start);
    if (pid < 0)
        return pid;
    k->pid = pid;
    k->pidfd = os_child_watch(pid);
    k->group = c->group;
    k->cancel_signal = c->cancel_signal ? c->cancel_signal : SIGKILL;
    k->wait_delay = c->wait_delay;
    return 0;
}

static void note_error(struct leat__child *k, int64_t result)
{
    int none = 0;

    if (result < 0)
        cas(&k->copy_error, &none, (int)result);
}

/* What the child does not read is nobody's error. */
static void copy_to_child(struct leat__child *k, struct child_way *w)
{
    int64_t n = leat_copy_ctx(k->running, w->ours, w->user);

    leat_io_close(w->ours);
    if (n != -EPIPE && !(n == -ECANCELED && leat_ctx_err(k->running)))
        note_error(k, n);
}

static void copy_from_child(struct leat__child *k, struct child_way *w)
{
    int64_t n = leat_copy_ctx(k->copying, w->user, w->ours);

    leat_io_close(w->ours);
    if (!(n == -ECANCELED && leat_ctx_err(k->copying)))
        note_error(k, n);
}

static int child_signal(struct leat__child *k, int sig)
{
    leat_mutex_lock(&k->lock);
    int err = k->ended ? -ESRCH : os_child_signal(k->pid, k->group, sig);
    leat_mutex_unlock(&k->lock);
    return err;
}

/* The context is over. */
static void cancel_child(struct leat__child *k)
{
    leat_mutex_lock(&k->lock);
    k->canceled = !k->ended;
    leat_mutex_unlock(&k->lock);
    child_signal(k, k->cancel_signal);
    if (k->wait_delay && leat_sleep_ctx(k->running, k->wait_delay) == 0)
        child_signal(k, SIGKILL);
    leat_waitgroup_done(&k->cancels);
}

static void child_begin(leat_ctx *ctx, struct leat__child *k)
{
    for (int way = 0; way < WAYS; way++) {
        struct child_way *w = &k->way[way];
        if (w->user)
            leat_waitgroup_go(&k->copies, way == WAY_IN ? copy_to_child : copy_from_child, k,
                              w);
    }
    leat_waitgroup_add(&k->cancels, ctx != NULL);
    if (ctx)
        k->canceler = leat_ctx_after_func(ctx, cancel_child, k);
}

static int start_checked(leat_cmd *c)
{
    if (!c->argv || !c->argv[0])
        return -EINVAL;
    int err = leat_ctx_err(c->ctx);
    if (err)
        return err;
    if (!c->leat__child)
        c->leat__child = child_make();
    return c->leat__child ? child_start(c, c->leat__child) : -ENOMEM;
}

int leat_cmd_start(leat_cmd *c)
{
    if (c->leat__child && c->leat__child->pid)
        return -EINVAL;
    int err = start_checked(c);
    struct leat__child *k = c->leat__child;
    c->code = -1;
    c->signal = c->pid = 0;
    if (err) {
        if (k)
            child_free(k);
        c->leat__child = NULL;
        return err;
    }
    close_theirs(k);
    c->pid = k->pid;
    child_begin(c->ctx, k);
    return 0;
}

/* ---- the end ---- */

static int await_end(const struct leat__child *k)
{
    int ready = k->pidfd >= 0 ? leat_wait_fd(k->pidfd, LEAT_READABLE, LEAT_FOREVER) : -ENOSYS;

    return ready < 0 ? leat_blocking(os_child_await, k->pid) : 0;
}

static int reap(struct leat__child *k, leat_cmd *c)
{
    struct os_end end = {.code = -1};
    int err = await_end(k);

    leat_mutex_lock(&k->lock);
    if (!err)
        err = os_child_reap(k->pid, &end);
    k->ended = true;
    leat_mutex_unlock(&k->lock);
    c->code = end.code;
    c->signal = end.signal;
    return err;
}

/* True: they had to be cut off. */
static bool end_copies(struct leat__child *k)
{
    leat_duration until = k->wait_delay ? leat_now() + k->wait_delay : LEAT_FOREVER;

    if (leat_waitgroup_wait_until(&k->copies, until) == 0)
        return false;
    leat_ctx_cancel(k->copying);
    for (int way = 0; way < WAYS; way++)
        leat_io_close(k->way[way].ours);
    leat_waitgroup_wait(&k->copies);
    return true;
}

int leat_cmd_wait(leat_cmd *c)
{
    struct leat__child *k = c->leat__child;

    if (!k || !k->pid)
        return -EINVAL;
    int err = reap(k, c);
    leat_ctx_cancel(k->running);
    if (c->ctx && !leat_ctx_after_stop(k->canceler))
        leat_waitgroup_wait(&k->cancels);
    bool cut = end_copies(k);
    if (!err && k->canceled)
        err = leat_ctx_err(c->ctx);
    if (!err && c->signal)
        err = 128 + c->signal;
    if (!err && c->code > 0)
        err = c->code;
    if (!err)
        err = cut ? -ETIME : k->copy_error;
    c->leat__child = NULL;
    child_free(k);
    return err;
}

int leat_cmd_signal(leat_cmd *c, int sig)
{
    return c->leat__child && c->leat__child->pid ? child_signal(c->leat__child, sig) : -EINVAL;
}

/* ---- helpers ---- */

int leat_look_path(char *path, size_t size, const char *name)
{
    return leat_blocking(os_find_program, path, size, name);
}

int leat_cmd_run(leat_cmd *c)
{
    int err = leat_cmd_start(c);

    return err ? err : leat_cmd_wait(c);
}

static int run_kept(leat_cmd *c, bool combined, char **text, size_t *n)
{
    leat_io *kept = NULL;

    *text = NULL;
    if (c->out || c->out_fd || (combined && (c->err || c->err_fd)))
        return -EINVAL;
    int result = leat_io_memory(&kept);
    if (result)
        return result;
    c->out = kept;
    c->err = combined ? kept : c->err;
    result = leat_cmd_start(c);
    if (!result) {
        result = leat_cmd_wait(c);
        *text = leat_io_memory_take(kept, n);
        if (!*text)
            result = -ENOMEM;
    }
    c->out = NULL;
    c->err = combined ? NULL : c->err;
    leat_io_free(kept);
    return result;
}

int leat_cmd_output(leat_cmd *c, char **text, size_t *n)
{
    return run_kept(c, false, text, n);
}

int leat_cmd_combined(leat_cmd *c, char **text, size_t *n)
{
    return run_kept(c, true, text, n);
}
