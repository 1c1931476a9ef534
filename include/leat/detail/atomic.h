/* SPDX-License-Identifier: MIT */
/*
 * leat/detail/atomic.h - what atomic values are made of, for C. Private.
 *
 * PICTURE  An atomic value is a struct whose only member is the value, so that nothing but these
 *   macros reads or writes it by accident, and a plain variable given to them is refused. It is
 *   aligned to 4 at least: the odd address above it is then nobody else's, and names it in the
 *   parking lot.
 *
 * INVARIANTS
 *   A1  An operand is stored in a variable of the value's type first: C's own conversion.
 *   A2  Where C would only warn (pointer for integer), an assertion refuses.
 *
 * PROOF tests/compile/no_atomic_*, tests/golike/atomic_test.c.
 */
#ifndef LEAT_DETAIL_ATOMIC_H
#define LEAT_DETAIL_ATOMIC_H

#include <leat/base.h>

#define LEAT__ALIGNED(n) __attribute__((aligned(n)))

/* What guards a value of more than a word: a lock among writers, a count of changes for readers,
 * odd while one goes on. */
typedef struct leat__value {
    uint32_t lock, changes;
} leat__value;

#ifndef __cplusplus

#define LEAT__ATOMIC(T)                                                          \
    struct {                                                                     \
        __typeof__(T) leat__v LEAT__ALIGNED(sizeof(T) < 4 ? 4 : __alignof__(T)); \
    }

#define LEAT__ATOMIC_VALUE(T)                         \
    struct {                                          \
        leat__value leat__guard;                      \
        __typeof__(T) leat__content LEAT__ALIGNED(8); \
    }

#define LEAT__ATOMIC_TEXT "leat: the operand does not convert to the type of the atomic value"
#define LEAT__ATOMIC_INT_TEXT \
    "leat: only atomic integers can be added to, and'ed and or'ed; this is a pointer or bool"
#define LEAT__ATOMIC_T(a) __typeof__((a)->leat__v)

/* Declare `name`, of the value's type, with what `v` converts to. */
#define LEAT__ATOMIC_OPERAND(name, p, v)                                         \
    LEAT__QUIET                                                                  \
    _Static_assert(LEAT__PTR_AGREE((p)->leat__v, (v)) && !LEAT__IS_AGGREGATE(v), \
                   LEAT__ATOMIC_TEXT);                                           \
    LEAT__LOUD                                                                   \
    LEAT__ATOMIC_T(p) name = (v)

#define LEAT__ATOMIC_OP(id, op, a, v)                                                     \
    __extension__({                                                                       \
        __typeof__(a) LEAT__CAT(leat__a_, id) = (a);                                      \
        LEAT__ATOMIC_OPERAND(LEAT__CAT(leat__v_, id), LEAT__CAT(leat__a_, id), v);        \
        op(&LEAT__CAT(leat__a_, id)->leat__v, LEAT__CAT(leat__v_, id), __ATOMIC_SEQ_CST); \
    })

#define LEAT__ATOMIC_INT(id, op, a, v)                                                        \
    __extension__({                                                                           \
        __typeof__(a) LEAT__CAT(leat__a_, id) = (a);                                          \
        _Static_assert(                                                                       \
            LEAT__CLASS(LEAT__CAT(leat__a_, id)->leat__v) == LEAT__CLASS_INT &&               \
                !__builtin_types_compatible_p(LEAT__ATOMIC_T(LEAT__CAT(leat__a_, id)), bool), \
            LEAT__ATOMIC_INT_TEXT);                                                           \
        LEAT__ATOMIC_OPERAND(LEAT__CAT(leat__v_, id), LEAT__CAT(leat__a_, id), v);            \
        op(&LEAT__CAT(leat__a_, id)->leat__v, LEAT__CAT(leat__v_, id), __ATOMIC_SEQ_CST);     \
    })

#define LEAT__ATOMIC_CAS(id, a, old, v)                                                   \
    __extension__({                                                                       \
        __typeof__(a) LEAT__CAT(leat__a_, id) = (a);                                      \
        LEAT__ATOMIC_OPERAND(LEAT__CAT(leat__o_, id), LEAT__CAT(leat__a_, id), old);      \
        LEAT__ATOMIC_OPERAND(LEAT__CAT(leat__v_, id), LEAT__CAT(leat__a_, id), v);        \
        __atomic_compare_exchange_n(&LEAT__CAT(leat__a_, id)->leat__v,                    \
                                    &LEAT__CAT(leat__o_, id), LEAT__CAT(leat__v_, id), 0, \
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                  \
    })

#define LEAT__ATOMIC_WAIT(id, a, old, ctx, deadline)                                          \
    __extension__({                                                                           \
        __typeof__(a) LEAT__CAT(leat__a_, id) = (a);                                          \
        LEAT__ATOMIC_OPERAND(LEAT__CAT(leat__o_, id), LEAT__CAT(leat__a_, id), old);          \
        uint64_t LEAT__CAT(leat__bits_, id) = 0;                                              \
        __builtin_memcpy(&LEAT__CAT(leat__bits_, id), &LEAT__CAT(leat__o_, id),               \
                         sizeof(LEAT__CAT(leat__o_, id)));                                    \
        leat__atomic_wait(&LEAT__CAT(leat__a_, id)->leat__v, sizeof(LEAT__CAT(leat__o_, id)), \
                          LEAT__CAT(leat__bits_, id), (ctx), (deadline));                     \
    })

#define LEAT__VALUE_T(a) __typeof__((a)->leat__content)
/* *to, if it is an object of the value's type. */
#define LEAT__VALUE_TARGET(a, to)                                                         \
    (*(LEAT__ASSERT(__builtin_types_compatible_p(__typeof__(*(to)), LEAT__VALUE_T(a)),    \
                    "leat: the target is not a pointer to the type of the atomic value"), \
       (to)))

#define LEAT__VALUE_LOAD(id, a, to)                                                           \
    __extension__({                                                                           \
        __typeof__(a) LEAT__CAT(leat__a_, id) = (a);                                          \
        leat__value_load(&LEAT__CAT(leat__a_, id)->leat__guard,                               \
                         &LEAT__CAT(leat__a_, id)->leat__content, &LEAT__VALUE_TARGET(a, to), \
                         sizeof(LEAT__VALUE_T(a)));                                           \
    })

#define LEAT__VALUE_SWAP(id, a, v, old)                                                     \
    __extension__({                                                                         \
        __typeof__(a) LEAT__CAT(leat__a_, id) = (a);                                        \
        LEAT__VALUE_T(a) LEAT__CAT(leat__v_, id) = (v);                                     \
        leat__value_swap(&LEAT__CAT(leat__a_, id)->leat__guard,                             \
                         &LEAT__CAT(leat__a_, id)->leat__content, &LEAT__CAT(leat__v_, id), \
                         (old), sizeof(LEAT__VALUE_T(a)));                                  \
    })

#define LEAT__VALUE_CAS(id, a, old, v)                                                     \
    __extension__({                                                                        \
        __typeof__(a) LEAT__CAT(leat__a_, id) = (a);                                       \
        LEAT__VALUE_T(a) LEAT__CAT(leat__o_, id) = (old);                                  \
        LEAT__VALUE_T(a) LEAT__CAT(leat__v_, id) = (v);                                    \
        leat__value_cas(&LEAT__CAT(leat__a_, id)->leat__guard,                             \
                        &LEAT__CAT(leat__a_, id)->leat__content, &LEAT__CAT(leat__o_, id), \
                        &LEAT__CAT(leat__v_, id), sizeof(LEAT__VALUE_T(a)));               \
    })

#endif /* !__cplusplus */

#endif
