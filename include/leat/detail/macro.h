/* SPDX-License-Identifier: MIT */
/*
 * leat/detail/macro.h - what the macros of the topic headers are made of. Private.
 *
 * A macro of leat evaluates its operands once and checks their types before it does. The checks
 * are static assertions over unevaluated operands, so that a mistake is refused with a sentence
 * even where the compiler itself only warns (a pointer given where an int is wanted) or says
 * nothing. Names that a macro declares end in its __COUNTER__: nested uses shadow nothing.
 */
#ifndef LEAT_DETAIL_MACRO_H
#define LEAT_DETAIL_MACRO_H

#define LEAT__CAT_(a, b) a##b
#define LEAT__CAT(a, b)  LEAT__CAT_(a, b)

#define LEAT__FIRST_(a, ...) a
#define LEAT__FIRST(...)     LEAT__FIRST_(__VA_ARGS__, 0)

#define LEAT__EXPAND(...) __VA_ARGS__

#ifndef __cplusplus

/* Number of arguments, 1 to 16. */
#define LEAT__NARG_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, ...) q
#define LEAT__NARG(...) \
    LEAT__NARG_(__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)

/* A static assertion that is an expression; in a block, so that cond may hold literals. */
#define LEAT__ASSERT(cond, text)    \
    ((void)__extension__({          \
        _Static_assert(cond, text); \
        0;                          \
    }))

/* The value of `a` with arrays and functions decayed to pointers, for unevaluated use. */
#define LEAT__DECAY(a)      ((void)0, (a))
#define LEAT__CLASS(a)      __builtin_classify_type(LEAT__DECAY(a))
#define LEAT__CLASS_INT     1
#define LEAT__CLASS_PTR     5
#define LEAT__CLASS_REAL    8
#define LEAT__CLASS_COMPLEX 9
#define LEAT__CLASS_STRUCT  12
#define LEAT__CLASS_UNION   13
#define LEAT__IS_PTR(a)     (LEAT__CLASS(a) == LEAT__CLASS_PTR)
#define LEAT__IS_AGGREGATE(a) \
    (LEAT__CLASS(a) == LEAT__CLASS_STRUCT || LEAT__CLASS(a) == LEAT__CLASS_UNION)

/* A pointer to what `a` points to; char * where `a` is no pointer. Unevaluated use only. */
#define LEAT__AS_PTR(a)      __builtin_choose_expr(LEAT__IS_PTR(a), LEAT__DECAY(a), (char *)0)
#define LEAT__IS_VOID_PTR(a) __builtin_types_compatible_p(__typeof__(*LEAT__AS_PTR(a)), void)

/* May a value `v` become an object of `lhs`'s type without losing its kind? */
#define LEAT__PTR_AGREE(lhs, v)                                               \
    (LEAT__IS_PTR(lhs) == LEAT__IS_PTR(v) &&                                  \
     (!LEAT__IS_PTR(lhs) || LEAT__IS_VOID_PTR(lhs) || LEAT__IS_VOID_PTR(v) || \
      __builtin_types_compatible_p(__typeof__(*LEAT__AS_PTR(lhs)),            \
                                   __typeof__(*LEAT__AS_PTR(v)))))
#define LEAT__STRUCT_AGREE(lhs, v)                       \
    (LEAT__IS_AGGREGATE(lhs) == LEAT__IS_AGGREGATE(v) && \
     (!LEAT__IS_AGGREGATE(lhs) ||                        \
      __builtin_types_compatible_p(__typeof__(lhs), __typeof__(LEAT__DECAY(v)))))

/* clang warns about side effects in sizeof and typeof; the macros mean it. */
#ifdef __clang__
#define LEAT__QUIET                  \
    _Pragma("clang diagnostic push") \
        _Pragma("clang diagnostic ignored \"-Wunevaluated-expression\"")
#define LEAT__LOUD _Pragma("clang diagnostic pop")
#else
#define LEAT__QUIET
#define LEAT__LOUD
#endif

/* The static record of this place in the source. */
#define LEAT__SITE_DECL(name) static const leat_site name = {__FILE__, __func__, __LINE__}

#endif /* !__cplusplus */

#endif
