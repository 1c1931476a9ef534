/* SPDX-License-Identifier: MIT */
/* ground.h - where a call comes from, and how it waits; see ground.c. */
#ifndef LEAT_POSIX_GROUND_H
#define LEAT_POSIX_GROUND_H

#include <leat.h>

#include <stdint.h>

/* Does a goroutine call? Costs two loads; false also before leat was ever used. */
static inline bool ground_is_goroutine(void)
{
    return __builtin_expect(leat__whereabouts() != LEAT__NO_GOROUTINE, 0);
}

/* May the caller, a goroutine, park in the call of this name? If so, it is bound to its thread
 * from now on. Not inside a signal handler. */
bool ground_may_park(const char *call);

enum ground_next {
    GROUND_TRY,     /* ready: try again */
    GROUND_GIVE_UP, /* the result is EAGAIN: O_NONBLOCK, or a timeout of the socket */
    GROUND_BLOCK,   /* it cannot be waited for here: call libc's, which blocks */
};

/* One call on one descriptor; what is not named is zero. */
struct ground_call {
    const char *name;
    int fd;
    unsigned events;    /* LEAT_READABLE or LEAT_WRITABLE */
    int timeout_option; /* SO_RCVTIMEO or SO_SNDTIMEO */
    bool begun;
    unsigned waits;
    unsigned odd; /* times that it was ready, and not for this */
    leat_duration deadline;
};

/* After a try that would have blocked: park until the next one makes sense. */
enum ground_next ground_wait(struct ground_call *c);

/* When a timeout of the socket is over, from now; LEAT_FOREVER: there is none. */
leat_duration ground_deadline(int fd, int timeout_option);

/* Set errno if r is an error, as calls of libc do. */
int64_t ground_result(int64_t r);

#endif
