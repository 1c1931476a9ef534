/* SPDX-License-Identifier: MIT */
/*
 * A bounded reading position in bytes that nobody vouches for.
 *
 * PICTURE     at -> [ ........ ] <- end. Every reader takes from the front. One that would pass
 *             the end takes nothing, returns 0 and sets `bad`, which stays set; so a decoder
 *             reads a whole record without asking and looks at `bad` once, before believing it.
 * INVARIANTS  1. at <= end always, and no byte at or after end is ever read.
 *             2. Once bad, the cursor is empty: loops "while anything is left" end.
 * WHY         Unwind tables and debug sections are read inside a crash handler, from files that
 *             may be cut short and memory that may be overwritten. Both are little-endian on
 *             the machines leat runs on, so the loads need no byte swapping.
 */
#ifndef LEAT_DEBUG_CURSOR_H
#define LEAT_DEBUG_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct leat__cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

static inline struct leat__cursor leat__cursor_make(const uint8_t *at, size_t size)
{
    struct leat__cursor cursor = {.at = at, .end = at + size, .bad = false};

    return cursor;
}

static inline size_t leat__cursor_left(const struct leat__cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

static inline void leat__cursor_fail(struct leat__cursor *cursor)
{
    cursor->bad = true;
    cursor->at = cursor->end;
}

static inline const uint8_t *leat__cursor_take(struct leat__cursor *cursor, uint64_t size)
{
    const uint8_t *taken = cursor->at;

    if (size > leat__cursor_left(cursor)) {
        leat__cursor_fail(cursor);
        return NULL;
    }
    cursor->at += size;
    return taken;
}

/* An unsigned little-endian number of 1 to 8 bytes. */
static inline uint64_t leat__cursor_fixed(struct leat__cursor *cursor, unsigned size)
{
    const uint8_t *bytes = leat__cursor_take(cursor, size);
    uint64_t value = 0;

    if (bytes)
        memcpy(&value, bytes, size);
    return value;
}

static inline uint8_t leat__cursor_u8(struct leat__cursor *cursor)
{
    return (uint8_t)leat__cursor_fixed(cursor, 1);
}

static inline uint16_t leat__cursor_u16(struct leat__cursor *cursor)
{
    return (uint16_t)leat__cursor_fixed(cursor, 2);
}

static inline uint32_t leat__cursor_u32(struct leat__cursor *cursor)
{
    return (uint32_t)leat__cursor_fixed(cursor, 4);
}

static inline uint64_t leat__cursor_u64(struct leat__cursor *cursor)
{
    return leat__cursor_fixed(cursor, 8);
}

/* LEB128: seven bits a byte, lowest first. Bits past 64 are dropped, not shifted (undefined). */
static inline uint64_t leat__cursor_leb(struct leat__cursor *cursor, unsigned *bits,
                                        bool *minus)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = leat__cursor_u8(cursor);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    *bits = shift;
    *minus = (byte & 0x40) != 0;
    return value;
}

static inline uint64_t leat__cursor_uleb(struct leat__cursor *cursor)
{
    unsigned bits;
    bool minus;

    return leat__cursor_leb(cursor, &bits, &minus);
}

static inline int64_t leat__cursor_sleb(struct leat__cursor *cursor)
{
    unsigned bits;
    bool minus;
    uint64_t value = leat__cursor_leb(cursor, &bits, &minus);

    if (minus && bits < 64)
        value |= ~(uint64_t)0 << bits;
    return (int64_t)value;
}

/* A NUL-terminated string inside the bytes, or "" when it is not terminated there. */
static inline const char *leat__cursor_string(struct leat__cursor *cursor)
{
    const char *text = (const char *)cursor->at;
    size_t left = leat__cursor_left(cursor);
    const void *nul = left ? memchr(text, 0, left) : NULL;

    if (!nul) {
        leat__cursor_fail(cursor);
        return "";
    }
    cursor->at = (const uint8_t *)nul + 1;
    return text;
}

/*
 * The length that opens every DWARF and .eh_frame unit: 4 bytes, or the mark 0xffffffff and 8
 * bytes. Returns the unit's content and moves past it; *wide says that offsets have 8 bytes.
 */
static inline struct leat__cursor leat__cursor_unit(struct leat__cursor *cursor, bool *wide)
{
    uint64_t size = leat__cursor_u32(cursor);
    const uint8_t *content;

    *wide = size == 0xffffffff;
    if (*wide)
        size = leat__cursor_u64(cursor);
    content = leat__cursor_take(cursor, size);
    if (!content) {
        struct leat__cursor none = {.at = cursor->end, .end = cursor->end, .bad = true};

        return none;
    }
    return leat__cursor_make(content, (size_t)size);
}

#endif
