/* SPDX-License-Identifier: MIT */
/* tags.h - what hangs on a goroutine besides its record: name, labels, local values. */
#ifndef LEAT_SCHED_TAGS_H
#define LEAT_SCHED_TAGS_H

#include <stdbool.h>

struct g;
struct tags;

/* g is new, `from` its creator's tags: it gets what is inherited, without an allocation. */
void tags_inherit(struct g *g, const struct tags *from);
/* What a child of a goroutine with these would get, kept for later; NULL: nothing. */
struct tags *tags_heritage(const struct tags *from);
void tags_unref(struct tags *t);
/* g is new. Pairs of strings, then NULL; without memory it has no name, or no labels. */
void tags_set_name(struct g *g, const char *name);
void tags_add_labels(struct g *g, const char *const *pairs);
/* g ends: what drops its values runs here, and may block. */
void tags_end(struct g *g);

const char *tags_name(const struct g *g); /* NULL: none */
/* The ith label; NULL: there are no more. For dumps: sched.inspected keeps them. */
const char *tags_label(const struct g *g, unsigned i, const char **value);

#endif
