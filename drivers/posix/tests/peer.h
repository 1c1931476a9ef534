/* SPDX-License-Identifier: MIT */
/* peer.h - a server that a test starts: on loopback, with a folder and a port of its own. */
#ifndef LEAT_POSIX_PEER_H
#define LEAT_POSIX_PEER_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

struct peer {
    char dir[64]; /* goes with it */
    int port;
    uid_t user; /* who runs it; not root if we are */
    pid_t pid;
    int out; /* what it prints */
    const char *marker;
    pthread_t reader;
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool ready, ended; /* lock */
    char text[4096];   /* lock: its last words */
    int len;
};

/* The first of these that can be run; NULL ends the list, and is the answer if none can. */
const char *peer_find(const char *const *patterns);

/* A folder, and a port that was free a moment ago. */
void peer_prepare(struct peer *p);

/* Run a program to its end; it must succeed. */
void peer_run(struct peer *p, const char *const *argv);

/* Start the server and wait until it prints the marker. */
void peer_start(struct peer *p, const char *marker, const char *const *argv);

/* End it by its number, and remove its folder. */
void peer_stop(struct peer *p, int sig);

#endif
