/* SPDX-License-Identifier: MIT */
/* context.h - the inside of a context, for the files of this room. The essay is context.c's. */
#ifndef LEAT_FLOW_CONTEXT_H
#define LEAT_FLOW_CONTEXT_H

#include <leat/context.h>

#include "park/cancel.h"

enum ctx_kind {
    CTX_VALUE,
    CTX_WITHOUT, /* leat_ctx_without_cancel */
    CTX_CANCEL,
    CTX_DEADLINE,
};

/* What every kind begins with; all of it but refs is constant. */
struct leat_ctx {
    struct cancel *source; /* first (park/limit.h): by what it is cancelled; NULL: never */
    leat_ctx *parent;      /* a reference; NULL: the background */
    int64_t deadline;      /* INT64_MAX: none */
    uint32_t refs;         /* atomic */
    uint32_t kind;         /* enum ctx_kind */
};

/* A context to be cancelled, for another room: `freed` is called by the leat_ctx_free of it, after
 * it has been cancelled and before its reference is dropped. */
leat_ctx *ctx_make_told(leat_ctx *parent, void (*freed)(leat_ctx *ctx));
/* The context that a source belongs to. */
leat_ctx *ctx_of_source(struct cancel *source);

#endif
