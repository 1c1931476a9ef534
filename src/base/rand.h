/* SPDX-License-Identifier: MIT */
/* rand.h - a small fast generator (xorshift64*), one state per thread or proc. */
#ifndef LEAT_BASE_RAND_H
#define LEAT_BASE_RAND_H

#include <stdint.h>

static inline uint64_t rand_next(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545F4914F6CDD1Dull;
}

/* Uniform in [0, n); the bias of the multiply is below 2^-32. */
static inline uint32_t rand_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)(((rand_next(state) >> 32) * n) >> 32);
}

#endif
