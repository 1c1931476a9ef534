/* SPDX-License-Identifier: MIT */
/*
 * leat/detail/chan.h - what a channel's type is, and the typed calls in C. Private.
 *
 * PICTURE  In C a channel is a pointer to a union that is never dereferenced: its only member
 *   has the element's type, which the macros ask for. In C++ it is a pointer to a class that is
 *   never defined. Both are one pointer to the runtime's struct, so they mix at link time.
 *
 * INVARIANTS
 *   T1  What is sent is first stored in a variable of the element's type: C's own conversion.
 *   T2  Where C would only warn (pointer for integer, brace elision), an assertion refuses.
 *
 * PROOF tests/compile/no_send_*, no_recv_*, no_chan_* (T2), and
 *   tests/golike/chan_size_test.c (T1).
 */
#ifndef LEAT_DETAIL_CHAN_H
#define LEAT_DETAIL_CHAN_H

#include <leat/base.h>

#ifdef __cplusplus

extern "C++" {
namespace leat
{
template <typename T> struct channel;
template <typename T> using chan = channel<T> *;
} // namespace leat
}
#define LEAT__CHAN_TYPE(...) ::leat::chan<__VA_ARGS__>

/* Empty structs have a size in C++; the templates take it for 0. */
extern "C++" struct leat_unit {
};
#define LEAT__UNIT (leat_unit())

#else

#define LEAT__CHAN_TYPE(T)  \
    union {                 \
        __typeof__(T) elem; \
    } *

__extension__ struct leat_unit {
    char leat__nothing[0];
};
#define LEAT__UNIT             (*(const struct leat_unit *)"")

/* The untyped channel; refuses what is no channel because only those have an elem. */
#define LEAT__CHAN(c)          ((void)sizeof(&(c)->elem), (leat_chan_base *)(void *)(c))
#define LEAT__ELEM(c)          __typeof__((c)->elem)
#define LEAT__SEND_STRUCT_TEXT "leat: the value sent is not of the struct type of the channel"
#define LEAT__SEND_TEXT \
    "leat: the value sent does not convert to the element type of the channel"
#define LEAT__CHECK_SEND(elem_, v_)                                        \
    _Static_assert(LEAT__STRUCT_AGREE(elem_, v_), LEAT__SEND_STRUCT_TEXT); \
    _Static_assert(LEAT__PTR_AGREE(elem_, v_), LEAT__SEND_TEXT)
/* May the element of c be received into *p: with any qualifiers but const, or untyped? */
#define LEAT__TARGET_AGREE(c, p) \
    (LEAT__IS_VOID_PTR(p) ||     \
     __builtin_types_compatible_p(__typeof__(*LEAT__AS_PTR(p)), LEAT__ELEM(c)))
#define LEAT__TARGET_CONST(c, p)                                                        \
    (__builtin_types_compatible_p(__typeof__(LEAT__DECAY(p)), const LEAT__ELEM(c) *) || \
     __builtin_types_compatible_p(__typeof__(LEAT__DECAY(p)), const void *))
#define LEAT__TARGET_TEXT "leat: the target of a receive must be a pointer (or NULL)"
#define LEAT__TARGET_TYPE_TEXT \
    "leat: the target of a receive is not a pointer to the element type of the channel"
#define LEAT__TARGET_CONST_TEXT "leat: the target of a receive is const"
#define LEAT__CHECK_TARGET(c, p)                                      \
    _Static_assert(LEAT__IS_PTR(p), LEAT__TARGET_TEXT);               \
    _Static_assert(LEAT__TARGET_AGREE(c, p), LEAT__TARGET_TYPE_TEXT); \
    _Static_assert(!LEAT__TARGET_CONST(c, p), LEAT__TARGET_CONST_TEXT)

/* An array decays to a pointer of another type; everything else keeps its type. */
#define LEAT__NOT_ARRAY(x)                \
    (LEAT__CLASS(x) != LEAT__CLASS_PTR || \
     __builtin_types_compatible_p(__typeof__(x), __typeof__(LEAT__DECAY(x))))

#define LEAT__CHAN_MAKE(id, make, type, cap)                                              \
    __extension__({                                                                       \
        LEAT__SITE_DECL(LEAT__CAT(leat__site_, id));                                      \
        _Static_assert(LEAT__NOT_ARRAY(((type)0)->elem),                                  \
                       "leat: a channel of arrays is not possible; wrap the array in "    \
                       "a struct");                                                       \
        (type)(void *) make(sizeof(((type)0)->elem), __alignof__(((type)0)->elem), (cap), \
                            &LEAT__CAT(leat__site_, id));                                 \
    })

/* `head` and `tail`: what stands before and after the operands of the untyped call. */
#define LEAT__SEND(id, op, head, tail, c, ...)                                       \
    __extension__({                                                                  \
        __typeof__(c) LEAT__CAT(leat__c_, id) = (c);                                 \
        LEAT__QUIET                                                                  \
        LEAT__CHECK_SEND(LEAT__CAT(leat__c_, id)->elem, (__VA_ARGS__));              \
        LEAT__LOUD                                                                   \
        LEAT__ELEM(LEAT__CAT(leat__c_, id)) LEAT__CAT(leat__v_, id) = (__VA_ARGS__); \
        op(LEAT__EXPAND head LEAT__CHAN(LEAT__CAT(leat__c_, id)),                    \
           &LEAT__CAT(leat__v_, id) LEAT__EXPAND tail);                              \
    })

#define LEAT__RECV(id, op, head, tail, c, p)                                  \
    __extension__({                                                           \
        __typeof__(c) LEAT__CAT(leat__c_, id) = (c);                          \
        __auto_type LEAT__CAT(leat__p_, id) = (p);                            \
        LEAT__CHECK_TARGET(LEAT__CAT(leat__c_, id), LEAT__CAT(leat__p_, id)); \
        op(LEAT__EXPAND head LEAT__CHAN(LEAT__CAT(leat__c_, id)),             \
           (void *)LEAT__CAT(leat__p_, id) LEAT__EXPAND tail);                \
    })

/* The outer loop receives; the inner one runs once and tells break from continue. */
#define LEAT__RANGE(id, v, c)                                              \
    for (struct {                                                          \
             __typeof__(c) chan;                                           \
             LEAT__ELEM(c) elem;                                           \
             bool left;                                                    \
         } LEAT__CAT(leat__range_, id) = {.chan = (c), .left = false};     \
         !LEAT__CAT(leat__range_, id).left &&                              \
         leat_chan_base_recv(LEAT__CHAN(LEAT__CAT(leat__range_, id).chan), \
                             &LEAT__CAT(leat__range_, id).elem) &&         \
         (LEAT__CAT(leat__range_, id).left = true);)                       \
        for (LEAT__ELEM(c) v = LEAT__CAT(leat__range_, id).elem;           \
             LEAT__CAT(leat__range_, id).left; LEAT__CAT(leat__range_, id).left = false)

#define LEAT__SCOPED_CHAN(id, type, name, cap)                                         \
    type name = leat_chan_make(type, cap);                                             \
    leat__defer LEAT__CAT(leat__scope_, id) __attribute__((cleanup(leat__defer_run))); \
    leat__defer_push(&LEAT__CAT(leat__scope_, id), leat__chan_scope_end, (void *)(name))

#endif

#endif
