/* SPDX-License-Identifier: MIT */
/*
 * names_cache.c - what names meant a moment ago, if the program wants that to be remembered.
 *
 * PICTURE   slots[hash] -> one answer with its question and the time until which it holds
 *
 * An answer takes its slot from whoever was there, so memory is bounded and nothing is searched.
 * How long the name's owner wants it remembered getaddrinfo does not say: the program does.
 * Failures are not remembered.
 *
 * ORDERING  `lock` guards all of it; it is never held across a call that waits.
 *
 * PROOF  tests/api/net_resolve_test.c.
 */
#include <leat/mutex.h>
#include <leat/net/resolve.h>
#include <leat/time.h>
#include <string.h>

#include "net/resolve.h"
#include "os/mem.h"

enum { NAME_SLOTS = 64, NAME_MAX_TEXT = 256 };

struct remembered {
    leat_duration until;
    int family, type;
    char host[NAME_MAX_TEXT], service[NAME_MAX_TEXT];
    struct os_names found;
};

static struct {
    leat_mutex lock;
    leat_duration keep; /* lock; 0: nothing is remembered */
    struct remembered *slots[NAME_SLOTS];
} cache;

static uint32_t hash_text(uint32_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash * 16777619u;
}

/* Lock held: where the answer is or goes. */
static struct remembered **slot_of(const struct name_key *key)
{
    uint32_t hash = hash_text(2166136261u ^ (uint32_t)(key->family * 8 + key->type), key->host);

    hash = hash_text(hash, key->service);
    return &cache.slots[(hash ^ hash >> 16) % NAME_SLOTS];
}

static bool answers(const struct remembered *r, const struct name_key *key)
{
    return r && leat_now() < r->until && r->family == key->family && r->type == key->type &&
           strcmp(r->host, key->host) == 0 && strcmp(r->service, key->service) == 0;
}

bool names_cached(const struct name_key *key, struct os_names *found)
{
    leat_mutex_lock(&cache.lock);
    const struct remembered *r = cache.keep > 0 ? *slot_of(key) : NULL;
    bool hit = answers(r, key);
    if (hit)
        *found = r->found;
    leat_mutex_unlock(&cache.lock);
    return hit;
}

void names_remember(const struct name_key *key, const struct os_names *found)
{
    if (strlen(key->host) >= NAME_MAX_TEXT || strlen(key->service) >= NAME_MAX_TEXT)
        return;
    leat_mutex_lock(&cache.lock);
    struct remembered **slot = slot_of(key);
    if (cache.keep > 0 && !*slot)
        *slot = leat__alloc(sizeof(**slot));
    if (cache.keep > 0 && *slot) {
        leat_duration now = leat_now();
        (*slot)->until = cache.keep < LEAT_FOREVER - now ? now + cache.keep : LEAT_FOREVER;
        (*slot)->family = key->family;
        (*slot)->type = key->type;
        memcpy((*slot)->host, key->host, strlen(key->host) + 1);
        memcpy((*slot)->service, key->service, strlen(key->service) + 1);
        (*slot)->found = *found;
    }
    leat_mutex_unlock(&cache.lock);
}

leat_duration leat_resolve_keep(leat_duration keep)
{
    leat_mutex_lock(&cache.lock);
    leat_duration before = cache.keep;
    cache.keep = keep > 0 ? keep : 0;
    for (int i = 0; i < NAME_SLOTS && cache.keep == 0; i++) {
        leat__free(cache.slots[i]);
        cache.slots[i] = NULL;
    }
    leat_mutex_unlock(&cache.lock);
    return before;
}
