/* SPDX-License-Identifier: MIT */
/*
 * chan_life.c - channels come and go. What they do in between is chan.c's.
 *
 * One allocation holds the struct, the ring behind it and what chan_make_with attaches. It lives
 * until its last reference goes; whoever frees it vouches that nobody waits on it.
 */
#include "chan/chan.h"

#include "base/fatal.h"
#include "os/mem.h"

enum { ELEM_MAX = 65535, RING_ALIGN = 16 };

static leat_chan_base *make(size_t size, size_t align, int64_t cap, size_t extra)
{
    m_self(); /* the runtime exists from the first channel on */
    if (align < RING_ALIGN)
        align = RING_ALIGN;
    if (size > ELEM_MAX)
        leat__panic("makechan: element larger than 64 KiB; send a pointer");
    bool unbounded = cap == LEAT_UNBOUNDED;
    if (unbounded) {
        cap = 0;
        extra = sizeof(struct backlog);
    }
    if (cap < 0 || (size > 0 && (uint64_t)cap > (SIZE_MAX / 4) / size))
        leat__panic("makechan: size out of range");
    size_t ring_at = (sizeof(leat_chan_base) + align - 1) / align * align;
    size_t extra_at = (ring_at + size * (size_t)cap + RING_ALIGN - 1) / RING_ALIGN * RING_ALIGN;
    leat_chan_base *c = align > RING_ALIGN ? leat__alloc_aligned(extra_at + extra, align)
                                           : leat__alloc(extra_at + extra);
    if (!c)
        return NULL;
    c->elem_size = (uint32_t)size;
    c->cap = (uint64_t)cap;
    c->ring = (char *)c + ring_at;
    c->refs = 1;
    c->runtime = &sched;
    c->attached_at = extra_at;
    if (unbounded)
        backlog_init(c, align);
    return c;
}

LEAT__COLD static void make_oom(void)
{
    leat__throw("out of memory: cannot allocate a channel; raise the memory limit or use "
                "leat_chan_try_make");
}

leat_chan_base *leat__chan_try_make(size_t size, size_t align, int64_t cap,
                                    const leat_site *site)
{
    leat_chan_base *c = make(size, align, cap, 0);

    if (c)
        c->site = site;
    return c;
}

leat_chan_base *leat__chan_make(size_t size, size_t align, int64_t cap, const leat_site *site)
{
    leat_chan_base *c = leat__chan_try_make(size, align, cap, site);

    if (!c)
        make_oom();
    return c;
}

leat_chan_base *leat_chan_base_make(size_t elem_size, int64_t cap)
{
    return leat__chan_make(elem_size, RING_ALIGN, cap, NULL);
}

leat_chan_base *leat_chan_base_try_make(size_t elem_size, int64_t cap)
{
    return leat__chan_try_make(elem_size, RING_ALIGN, cap, NULL);
}

leat_chan_base *chan_make_with(size_t elem_size, size_t align, int64_t cap, size_t extra,
                               void (*gone)(void *attached))
{
    leat_chan_base *c = make(elem_size, align, cap, extra);

    if (!c)
        make_oom();
    c->gone = gone;
    return c;
}

void *chan_attached(leat_chan_base *c)
{
    return (char *)c + c->attached_at;
}

leat_chan_base *leat_chan_base_ref(leat_chan_base *c)
{
    if (c)
        __atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
    return c;
}

void leat_chan_base_unref(leat_chan_base *c)
{
    if (!c)
        return;
    san_release(&c->refs);
    if (__atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    san_acquire(&c->refs);
    if (c->gone)
        c->gone(chan_attached(c));
    if (load_relaxed(&c->receivers.first) || load_relaxed(&c->senders.first))
        leat__throw("leat: free of a channel with goroutines waiting on it");
    leat__free(c);
}

void leat_chan_base_free(leat_chan_base *c)
{
    if (c && (load_relaxed(&c->receivers.first) || load_relaxed(&c->senders.first)))
        leat__throw("leat: free of a channel with goroutines waiting on it");
    leat_chan_base_unref(c);
}

void leat__chan_scope_end(void *c)
{
    leat_chan_base_free(c);
}
