/* SPDX-License-Identifier: MIT */
/*
 * tags.c - names, labels and local values of goroutines.
 *
 * PICTURE     g->tags --> own: name, local values that stay here --> shared: labels, values that
 *                                                                    are inherited
 *             child's g->tags -----------------------------------------^
 *   One word in the record. Most goroutines have NULL there, or a reference to the shared set of
 *   whoever started them: a spawn costs a test, and with tags one addition. Only a goroutine
 *   with something of its own has a struct of its own.
 *
 * INVARIANTS
 *   L1  a shared set never changes; a change makes another one.
 *   L2  own tags belong to one goroutine: only that one reads or changes them, but for dumps.
 *   L3  a value that is inherited stands in a `held`, counted once for each shared set it is in;
 *       when the last goes, the value is dropped by the goroutine that let it go.
 *
 * DUMPS  They read name and labels of goroutines that run on. A writer unlinks, fences and looks
 *   at sched.inspected before it frees; a dump counts itself there before it reads. One of the
 *   two sees the other, and what is freed meanwhile is left lying instead.
 *
 * REJECTED  Thread-local storage: a goroutine changes threads. A hash table: sets have three
 *   entries. A mutable set that children copy: a spawn would cost what the set weighs.
 *
 * PROOF  tests/api/local_test.c.
 */
#include "sched/tags.h"

#include <leat/local.h>

#include <string.h>

#include "arch/sanitize.h"
#include "os/mem.h"
#include "sched/sched.h"

enum { FIRST_LOCALS = 4 };

struct tags {
    uint32_t refs; /* atomic; of shared ones */
    bool own;
};

struct held {
    uint32_t refs; /* atomic */
    const leat_local *key;
    void *value;
};

struct label {
    const char *key, *value; /* in the set's text */
};

struct shared_tags {
    struct tags head;
    unsigned nlabels, nlocals;
    struct label *labels; /* by key */
    struct held **locals;
    char *text;
};

struct binding {
    const leat_local *key;
    void *value;
};

struct own_tags {
    struct tags head;
    struct shared_tags *shared; /* atomic; NULL: nothing */
    unsigned nlocals, capacity;
    struct binding *locals;
    char name[LEAT__NAME_MAX];
};

/* ---- what is what ---- */

static struct own_tags *own_of(const struct tags *t)
{
    return t && t->own ? container_of(t, struct own_tags, head) : NULL;
}

static struct shared_tags *shared_of(const struct tags *t)
{
    const struct own_tags *own = own_of(t);

    if (own)
        return load_acquire(&own->shared);
    return t ? container_of(t, struct shared_tags, head) : NULL;
}

static struct tags *tags_of(const struct g *g)
{
    return load_acquire(&g->tags);
}

/* It is unlinked: nobody finds it any more, but a dump may have. */
static void tags_free(void *p)
{
    fence_seq();
    if (unlikely(load_seq(&sched.inspected)))
        leat__san_forget(p);
    else
        leat__free(p);
}

LEAT__COLD static void tags_oom(void)
{
    leat__no_memory("a goroutine's labels or values");
}

/* ---- references ---- */

static void drop_value(const leat_local *key, void *value)
{
    if (value && key->drop)
        key->drop(value);
}

static void held_unref(struct held *h)
{
    san_release(&h->refs);
    if (__atomic_sub_fetch(&h->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    san_acquire(&h->refs);
    drop_value(h->key, h->value);
    leat__free(h);
}

static void shared_unref(struct shared_tags *s)
{
    if (!s || __atomic_sub_fetch(&s->head.refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    for (unsigned i = 0; i < s->nlocals; i++)
        held_unref(s->locals[i]);
    tags_free(s);
}

static struct shared_tags *shared_ref(struct shared_tags *s)
{
    if (s)
        __atomic_add_fetch(&s->head.refs, 1, __ATOMIC_RELAXED);
    return s;
}

void tags_unref(struct tags *t)
{
    shared_unref(shared_of(t));
}

struct tags *tags_heritage(const struct tags *from)
{
    struct shared_tags *s = shared_ref(shared_of(from));

    return s ? &s->head : NULL;
}

void tags_inherit(struct g *g, const struct tags *from)
{
    g->tags = tags_heritage(from);
}

/* ---- shared sets ---- */

static void add_label(struct shared_tags *s, const char *key, const char *value)
{
    unsigned i = 0, n = s->nlabels;

    while (i < n && strcmp(s->labels[i].key, key) < 0)
        i++;
    bool there = i < n && strcmp(s->labels[i].key, key) == 0;
    if (there && !value) {
        memmove(&s->labels[i], &s->labels[i + 1], (n - i - 1) * sizeof(s->labels[0]));
        s->nlabels--;
    }
    if (!value)
        return;
    if (!there) {
        memmove(&s->labels[i + 1], &s->labels[i], (n - i) * sizeof(s->labels[0]));
        s->nlabels++;
        s->labels[i].key = s->text;
        s->text = stpcpy(s->text, key) + 1;
    }
    s->labels[i].value = s->text;
    s->text = stpcpy(s->text, value) + 1;
}

/* Room for all that `old` has, for the pairs, and for one more value. */
static struct shared_tags *shared_new(const struct shared_tags *old, const char *const *pairs)
{
    size_t labels = old ? old->nlabels : 0, locals = old ? old->nlocals : 0, text = 0;

    for (size_t i = 0; i < labels; i++)
        text += strlen(old->labels[i].key) + strlen(old->labels[i].value) + 2;
    for (size_t i = 0; pairs && pairs[i] && pairs[i + 1]; i += 2, labels++)
        text += strlen(pairs[i]) + strlen(pairs[i + 1]) + 2;
    size_t labels_at = sizeof(struct shared_tags);
    size_t locals_at = labels_at + labels * sizeof(struct label);
    size_t text_at = locals_at + (locals + 1) * sizeof(struct held *);
    struct shared_tags *s = leat__alloc(text_at + text);
    if (!s)
        return NULL;
    s->head.refs = 1;
    s->labels = (struct label *)(void *)((char *)s + labels_at);
    s->locals = (struct held **)(void *)((char *)s + locals_at);
    s->text = (char *)s + text_at;
    return s;
}

/* A set like `old`, but for the pairs (a NULL value takes that label away, and is the last) and
 * one local value (whose reference it takes). NULL: no memory. */
static struct shared_tags *shared_changed(const struct shared_tags *old,
                                          const char *const *pairs, const leat_local *key,
                                          struct held *held)
{
    struct shared_tags *s = shared_new(old, pairs);

    if (!s)
        return NULL;
    for (unsigned i = 0; old && i < old->nlabels; i++)
        add_label(s, old->labels[i].key, old->labels[i].value);
    for (size_t i = 0; pairs && pairs[i]; i += pairs[i + 1] ? 2 : 1)
        add_label(s, pairs[i], pairs[i + 1]);
    for (unsigned i = 0; old && i < old->nlocals; i++) {
        if (old->locals[i]->key == key)
            continue;
        __atomic_add_fetch(&old->locals[i]->refs, 1, __ATOMIC_RELAXED);
        s->locals[s->nlocals++] = old->locals[i];
    }
    if (held)
        s->locals[s->nlocals++] = held;
    return s;
}

/* g's shared set is s from now on; what it was is let go. */
static void shared_replace(struct g *g, struct shared_tags *s)
{
    struct own_tags *own = own_of(g->tags);
    struct shared_tags *old = shared_of(g->tags);

    if (own)
        store_release(&own->shared, s);
    else
        store_release(&g->tags, &s->head);
    shared_unref(old);
}

/* ---- what is one's own ---- */

static struct own_tags *own_make(struct g *g)
{
    struct own_tags *own = own_of(g->tags);

    if (own || !(own = leat__alloc(sizeof(*own))))
        return own;
    own->head.own = true;
    own->shared = shared_of(g->tags); /* its reference, too */
    store_release(&g->tags, &own->head);
    return own;
}

static bool own_grow(struct own_tags *own)
{
    unsigned capacity = own->capacity ? own->capacity * 2 : FIRST_LOCALS;
    struct binding *locals = leat__alloc(capacity * sizeof(*locals));

    if (!locals)
        return false;
    if (own->nlocals > 0)
        memcpy(locals, own->locals, own->nlocals * sizeof(*locals));
    leat__free(own->locals);
    own->locals = locals;
    own->capacity = capacity;
    return true;
}

static struct binding *own_find(const struct own_tags *own, const leat_local *key)
{
    for (unsigned i = 0; own && i < own->nlocals; i++)
        if (own->locals[i].key == key)
            return &own->locals[i];
    return NULL;
}

static void own_set(struct g *g, const leat_local *key, void *value)
{
    struct binding *b = own_find(own_of(g->tags), key);
    void *old = b ? b->value : NULL;

    if (b) {
        b->value = value;
    } else if (value) {
        struct own_tags *own = own_make(g);
        if (!own || (own->nlocals == own->capacity && !own_grow(own)))
            tags_oom();
        own->locals[own->nlocals++] = (struct binding){key, value};
    }
    if (old != value)
        drop_value(key, old);
}

/* ---- values that are inherited ---- */

static struct held *shared_find(const struct shared_tags *s, const leat_local *key)
{
    for (unsigned i = 0; s && i < s->nlocals; i++)
        if (s->locals[i]->key == key)
            return s->locals[i];
    return NULL;
}

static void inherited_set(struct g *g, const leat_local *key, void *value)
{
    struct shared_tags *old = shared_of(g->tags);
    const struct held *before = shared_find(old, key);
    struct held *h = NULL;

    if ((before ? before->value : NULL) == value)
        return;
    if (value && !(h = leat__alloc(sizeof(*h))))
        tags_oom();
    if (h)
        *h = (struct held){.refs = 1, .key = key, .value = value};
    struct shared_tags *s = shared_changed(old, NULL, key, h);
    if (!s)
        tags_oom();
    shared_replace(g, s);
}

/* ---- the calls ---- */

void leat_local_set(const leat_local *key, void *value)
{
    struct g *g = g_self();

    if (key->inherited)
        inherited_set(g, key, value);
    else
        own_set(g, key, value);
}

void *leat_local_get(const leat_local *key)
{
    const struct tags *t = g_self()->tags;

    if (likely(!t))
        return NULL;
    if (key->inherited) {
        const struct held *h = shared_find(shared_of(t), key);
        return h ? h->value : NULL;
    }
    const struct binding *b = own_find(own_of(t), key);
    return b ? b->value : NULL;
}

void leat_label_set(const char *key, const char *value)
{
    struct g *g = g_self();
    const char *const pairs[] = {key, value, NULL};
    struct shared_tags *s = shared_changed(shared_of(g->tags), pairs, NULL, NULL);

    if (!s)
        tags_oom();
    shared_replace(g, s);
}

const char *leat_label_get(const char *key)
{
    const struct shared_tags *s = shared_of(g_self()->tags);

    for (unsigned i = 0; s && i < s->nlabels; i++)
        if (strcmp(s->labels[i].key, key) == 0)
            return s->labels[i].value;
    return NULL;
}

/* ---- begin, end, dumps ---- */

void tags_set_name(struct g *g, const char *name)
{
    struct own_tags *own = own_make(g);

    if (own)
        strncpy(own->name, name, LEAT__NAME_MAX - 1);
}

void tags_add_labels(struct g *g, const char *const *pairs)
{
    struct shared_tags *s = shared_changed(shared_of(g->tags), pairs, NULL, NULL);

    if (s)
        shared_replace(g, s);
}

static void own_end(struct own_tags *own)
{
    for (unsigned i = 0; i < own->nlocals; i++)
        drop_value(own->locals[i].key, own->locals[i].value);
    leat__free(own->locals);
    tags_free(own);
}

void tags_end(struct g *g)
{
    struct tags *t;

    while ((t = g->tags)) { /* what drops a value may set another one */
        struct own_tags *own = own_of(t);
        struct shared_tags *s = shared_of(t);
        store_release(&g->tags, NULL);
        if (own)
            own_end(own);
        shared_unref(s);
    }
}

const char *tags_name(const struct g *g)
{
    const struct own_tags *own = own_of(tags_of(g));

    return own && own->name[0] ? own->name : NULL;
}

const char *tags_label(const struct g *g, unsigned i, const char **value)
{
    const struct shared_tags *s = shared_of(tags_of(g));

    if (!s || i >= s->nlabels)
        return NULL;
    *value = s->labels[i].value;
    return s->labels[i].key;
}
