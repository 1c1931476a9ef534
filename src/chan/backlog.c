/* SPDX-License-Identifier: MIT */
/*
 * backlog.c - what waits in an unbounded channel: a list of chunks.
 *
 * PICTURE  first [ . . v v v v ] -> [ v v v v v v ] -> [ v v . . . . ] last      spare [      ]
 *                      ^ head                               ^ tail
 *   A chunk is about a page of values. A push fills the last one, a pop empties the first one;
 *   an emptied chunk becomes the spare, or goes back to the heap if there is one already. So a
 *   channel that is kept up with uses two chunks for ever, and one that has been behind gives
 *   back what it used as it catches up.
 *
 * INVARIANTS  B1  values stand from head of the first to tail of the last chunk, and the chunks
 *   between are full; an empty backlog has at most one chunk, with head == tail == 0.
 *
 * FORM  LEAT_UNBOUNDED is a capacity, not a kind of channel with calls of its own: everything
 *   that works on a channel works on this one, and the programmer who bounds it later changes
 *   one word. leat_cap gives INT64_MAX, so that len < cap stays true. Only sends differ: they
 *   are always ready, and a memory that is used up is fatal where a bounded channel would block.
 *
 * MEMORY  Chunks are made before the lock is taken (backlog_stock), but for the rare push that
 *   finds the spare already used by another. They are freed under it: after it is dropped the
 *   channel may be gone.
 *
 * ORDERING  send k happens before receive k: an edge at the value's place. No receive comes
 *   before any send.
 *
 * REJECTED  A ring that doubles: it copies megabytes while everybody waits for the lock, and
 *   never shrinks, or copies again. A goroutine between two channels, as Go's users write: two
 *   switches a value, and len() lies.
 *
 * PROOF  tests/golike/chan_unbounded_test.c, chan_test.c.
 */
#include "base/fatal.h"
#include "chan/chan.h"
#include "os/mem.h"

enum { CHUNK_BYTES = 4096 };

struct chunk {
    struct chunk *next;
};

static struct backlog *backlog_of(leat_chan_base *c)
{
    return chan_attached(c);
}

/* Where values begin: a multiple of their alignment behind the link. */
static size_t values_at(const struct backlog *b)
{
    return b->align;
}

static void *value_at(const leat_chan_base *c, const struct backlog *b, struct chunk *k,
                      uint32_t i)
{
    return (char *)k + values_at(b) + (size_t)i * c->elem_size;
}

static void backlog_gone(void *attached)
{
    struct backlog *b = attached;
    struct chunk *k = b->first;

    while (k) {
        struct chunk *next = k->next;
        leat__free(k);
        k = next;
    }
    leat__free(b->spare);
}

void backlog_init(leat_chan_base *c, size_t align)
{
    struct backlog *b = backlog_of(c);
    size_t size = c->elem_size ? c->elem_size : 1;

    b->align = (uint32_t)align;
    b->per_chunk = (uint32_t)((CHUNK_BYTES - align) / size);
    if (align >= CHUNK_BYTES || b->per_chunk == 0)
        b->per_chunk = 1;
    c->mode = CHAN_UNBOUNDED;
    c->cap = INT64_MAX;
    c->ring = NULL;
    c->gone = backlog_gone;
}

static struct chunk *chunk_new(const leat_chan_base *c, const struct backlog *b)
{
    return leat__alloc_aligned(values_at(b) + (size_t)b->per_chunk * c->elem_size, b->align);
}

static bool needs_chunk(const struct backlog *b)
{
    return !load_relaxed(&b->last) || load_relaxed(&b->tail) == b->per_chunk;
}

LEAT__COLD void backlog_stock(leat_chan_base *c)
{
    struct backlog *b = backlog_of(c);
    struct chunk *none = NULL;

    if (c->elem_size == 0 || !needs_chunk(b) || load_relaxed(&b->spare))
        return;
    struct chunk *k = chunk_new(c, b);
    if (k && !cas(&b->spare, &none, k))
        leat__free(k);
}

static bool append_chunk(leat_chan_base *c, struct backlog *b)
{
    struct chunk *k = exchange(&b->spare, NULL);

    if (unlikely(!k) && !(k = chunk_new(c, b)))
        return false;
    k->next = NULL;
    if (b->last)
        b->last->next = k;
    else
        b->first = k;
    store_relaxed(&b->last, k);
    store_relaxed(&b->tail, 0);
    return true;
}

bool backlog_push(leat_chan_base *c, const void *elem)
{
    struct backlog *b = backlog_of(c);

    if (c->elem_size == 0) { /* nothing to keep but the count */
        san_release(&b->head);
        return true;
    }
    if (needs_chunk(b) && !append_chunk(c, b))
        return false;
    void *to = value_at(c, b, b->last, b->tail);
    san_release(to);
    chan_copy(to, elem, c->elem_size);
    store_relaxed(&b->tail, b->tail + 1);
    return true;
}

static void drop_first(struct backlog *b)
{
    struct chunk *k = b->first, *none = NULL;

    b->first = k->next;
    b->head = 0;
    if (!cas(&b->spare, &none, k))
        leat__free(k);
}

void backlog_pop(leat_chan_base *c, void *elem)
{
    struct backlog *b = backlog_of(c);

    if (c->elem_size == 0) {
        san_acquire(&b->head);
        return;
    }
    void *from = value_at(c, b, b->first, b->head++);
    san_acquire(from);
    chan_copy(elem, from, c->elem_size);
    if (c->count == 1) { /* the last value: its chunk is the last, and can be filled anew */
        b->head = 0;
        store_relaxed(&b->tail, 0);
    } else if (b->head == b->per_chunk) {
        drop_first(b);
    }
}
