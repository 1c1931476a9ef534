/* SPDX-License-Identifier: MIT */
/* posix_offload_test.c - calls that run on threads of their own; locks held while parked. */
#include <leat/posix.h>

#include <leat.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t.h"
#include "trace.h"

static int temporary(char *name)
{
    int fd = mkstemp(name);

    T_GE(fd, 0);
    return fd;
}

static void names(struct trace *t)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(80)};
    char host[64] = "", port[16] = "";

    TRACE(t, getaddrinfo("localhost", "80", &hints, &found));
    TRACE(t, found != NULL);
    freeaddrinfo(found);
    TRACE(t, getaddrinfo("127.0.0.1", NULL, NULL, &found));
    TRACE(t, found->ai_family);
    freeaddrinfo(found);
    hints.ai_flags = AI_NUMERICHOST;
    TRACE(t, getaddrinfo("no number", "80", &hints, &found));
    hints.ai_flags = 0;
    TRACE(t, getaddrinfo("127.0.0.1", "no-such-service", &hints, &found));
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    TRACE(t, getnameinfo((struct sockaddr *)&a, sizeof(a), host, sizeof(host), port,
                         sizeof(port), NI_NUMERICSERV));
    TRACE(t, getnameinfo((struct sockaddr *)&a, sizeof(a), host, 1, NULL, 0, NI_NUMERICHOST));
}

static void files(struct trace *t)
{
    char name[] = "leat-posix-XXXXXX";
    int fd = temporary(name);
    int other = open(name, O_RDWR);
    int p[2];

    T_EQ(pipe(p), 0);
    T_EQ(write(fd, "x", 1), 1);
    TRACE(t, fsync(fd));
    TRACE(t, fdatasync(fd));
    TRACE(t, fsync(p[0]));
    TRACE(t, fdatasync(-1));
    TRACE(t, flock(fd, LOCK_EX));
    TRACE(t, flock(other, LOCK_EX | LOCK_NB));
    TRACE(t, flock(fd, LOCK_UN));
    TRACE(t, flock(other, LOCK_SH));
    TRACE(t, flock(fd, LOCK_SH));
    TRACE(t, flock(-1, LOCK_SH));
    TRACE(t, flock(fd, 12345));
    close(p[0]);
    close(p[1]);
    close(fd);
    close(other);
    unlink(name);
}

static void both(struct trace *t)
{
    names(t);
    files(t);
}

T_TEST(results_are_libcs)
{
    trace_both(both);
}

/* ---- many ---- */

static void sync_often(int fd, leat_waitgroup *wg)
{
    for (int i = 0; i < 2; i++) {
        T_EQ(pwrite(fd, "x", 1, i), 1);
        T_EQ(fdatasync(fd), 0);
    }
    leat_waitgroup_done(wg);
}

/* More at once than there are threads for it. */
T_TEST(more_than_threads)
{
    enum { MANY = 150 };
    char name[] = "leat-posix-XXXXXX";
    leat_waitgroup wg = {0};
    int fd = temporary(name);

    unlink(name);
    leat_waitgroup_add(&wg, MANY);
    for (int i = 0; i < MANY; i++)
        leat_go(sync_often, fd, &wg);
    leat_waitgroup_wait(&wg);
    close(fd);
}

static void take_turn(const char *name, int *inside, leat_waitgroup *wg)
{
    int fd = open(name, O_RDWR);

    T_GE(fd, 0);
    T_EQ(flock(fd, LOCK_EX), 0);
    T_EQ((*inside)++, 0);
    usleep(500);
    T_EQ(--*inside, 0);
    T_EQ(flock(fd, LOCK_UN), 0);
    close(fd);
    leat_waitgroup_done(wg);
}

T_TEST(a_file_lock_excludes)
{
    enum { MANY = 40 };
    char name[] = "leat-posix-XXXXXX";
    leat_waitgroup wg = {0};
    int inside = 0;

    close(temporary(name));
    leat_waitgroup_add(&wg, MANY);
    for (int i = 0; i < MANY; i++)
        leat_go(take_turn, name, &inside, &wg);
    leat_waitgroup_wait(&wg);
    unlink(name);
}

/* ---- locks across a park ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void park_with_mutex(leat_waitgroup *wg)
{
    for (int i = 0; i < 3; i++) {
        pthread_mutex_lock(&mutex);
        usleep(100);
        pthread_mutex_unlock(&mutex);
    }
    leat_waitgroup_done(wg);
}

static void park_with_rwlock(leat_waitgroup *wg)
{
    pthread_rwlock_rdlock(&rwlock);
    usleep(100);
    pthread_rwlock_unlock(&rwlock);
    leat_waitgroup_done(wg);
}

static void park_after_mutex(leat_waitgroup *wg)
{
    for (int i = 0; i < 1000; i++) {
        T_EQ(pthread_mutex_trylock(&mutex), 0);
        T_EQ(pthread_mutex_unlock(&mutex), 0);
    }
    usleep(100);
    leat_waitgroup_done(wg);
}

static void run_alone(void (*fn)(leat_waitgroup *wg))
{
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 1);
    leat_go(fn, &wg);
    leat_waitgroup_wait(&wg);
}

T_TEST(a_mutex_across_a_park_is_reported, .procs = {2}, .expect_exit = 0, .ends_process = true,
       .expect_stderr = {"parks in usleep with a pthread lock held, locked at posix_offload",
                         "[usleep]:"})
{
    run_alone(park_with_mutex);
    exit(0);
}

T_TEST(a_rwlock_as_well, .procs = {2}, .env = {"LEAT_POSIX=locks=fatal"}, .expect_exit = 2,
       .expect_stderr = {"panic: leat-posix: parks in usleep with a pthread lock held",
                         "park_with_rwlock"})
{
    run_alone(park_with_rwlock);
}

T_TEST(no_lock_no_report, .env = {"LEAT_POSIX=locks=fatal"})
{
    run_alone(park_after_mutex);
}

T_TEST(switched_off, .env = {"LEAT_POSIX=locks=off"})
{
    T_EQ(leat_posix_locks(LEAT_POSIX_LOCKS_FATAL), LEAT_POSIX_LOCKS_OFF);
    T_EQ(leat_posix_locks(LEAT_POSIX_LOCKS_OFF), LEAT_POSIX_LOCKS_FATAL);
    T_EQ(leat_posix_locks(99), LEAT_POSIX_LOCKS_OFF);
    run_alone(park_with_mutex);
}

T_TEST(nonsense_is_said, .procs = {2}, .env = {"LEAT_POSIX=lock"}, .ends_process = true,
       .expect_stderr = {"LEAT_POSIX=lock is not understood"})
{
    exit(0);
}
