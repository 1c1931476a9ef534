/* SPDX-License-Identifier: MIT */
/*
 * leat/detail/go.h - how leat_go captures a call, for C. Private.
 *
 * PICTURE  leat_go(f, a, b) becomes a call of the capture stub through a pointer of f's own
 *   type. The compiler checks and converts the arguments and places them in registers as f
 *   wants them; the stub stores the registers in the calling thread's spare record; the commit
 *   that follows makes the record a goroutine, whose entry loads them and calls f.
 *
 * INVARIANTS
 *   G1  Nothing of a call may be outside the argument registers: LEAT__CHECK_ARGS counts them.
 *       Any six words fit; of more, the arguments' types must be the parameters', for it is these
 *       that decide which register, or the stack, a value goes to. So a variadic function gets
 *       six words at most.
 *   G2  f returns nothing in memory: a hidden pointer to the result would dangle.
 *   G3  The stub is called through a variable: gcc warns of a direct call by another type.
 *   G4  The operands are evaluated in that one call; everything else is unevaluated. Without
 *       operands there is nothing to store and no call of the stub.
 *   G5  The stub returns, though f may never and be marked so, and is no const function: the
 *       compiler must not learn these from the type of the call, or it drops what follows it.
 *
 * REJECTED  storing the arguments as words: they keep the argument's type, so that 300 arrived
 *   as 300 in an unsigned char and 1 as a denormal in a double.
 *
 * PROOF tests/api/spawn_args_test.c (every type arrives), tests/compile/no_go_* (G1, G2).
 */
#ifndef LEAT_DETAIL_GO_H
#define LEAT_DETAIL_GO_H

#include <leat/base.h>

/* --- checks of one argument; `a` is never evaluated here --- */
#define LEAT__WORDS(a)     ((int)((sizeof(__typeof__(LEAT__DECAY(a))) + 7) / 8))
#define LEAT__IS_REAL(a)   (LEAT__CLASS(a) == LEAT__CLASS_REAL)
#define LEAT__INT_WORDS(a) (LEAT__IS_REAL(a) ? 0 : LEAT__WORDS(a))
#define LEAT__FP_WORDS(a)  (LEAT__IS_REAL(a) ? 1 : LEAT__IS_AGGREGATE(a) ? LEAT__HFA_MAX : 0)
#define LEAT__ARG_OK(a)                                                   \
    (sizeof(__typeof__(LEAT__DECAY(a))) <= (LEAT__IS_REAL(a) ? 8 : 16) && \
     (sizeof(__typeof__(LEAT__DECAY(a))) <= 8 || LEAT__IS_AGGREGATE(a) || \
      LEAT__CLASS(a) == LEAT__CLASS_INT || LEAT__CLASS(a) == LEAT__CLASS_COMPLEX))
#ifdef __aarch64__
#define LEAT__HFA_MAX 4 /* four floats of one struct go to four registers */
#else
#define LEAT__HFA_MAX 2
#endif

/* Apply m to every argument after the first (the function) and add the results up. */
#define LEAT__SUM1(m, f)          0
#define LEAT__SUM2(m, f, a)       m(a)
#define LEAT__SUM3(m, f, a, ...)  m(a) + LEAT__SUM2(m, f, __VA_ARGS__)
#define LEAT__SUM4(m, f, a, ...)  m(a) + LEAT__SUM3(m, f, __VA_ARGS__)
#define LEAT__SUM5(m, f, a, ...)  m(a) + LEAT__SUM4(m, f, __VA_ARGS__)
#define LEAT__SUM6(m, f, a, ...)  m(a) + LEAT__SUM5(m, f, __VA_ARGS__)
#define LEAT__SUM7(m, f, a, ...)  m(a) + LEAT__SUM6(m, f, __VA_ARGS__)
#define LEAT__SUM8(m, f, a, ...)  m(a) + LEAT__SUM7(m, f, __VA_ARGS__)
#define LEAT__SUM9(m, f, a, ...)  m(a) + LEAT__SUM8(m, f, __VA_ARGS__)
#define LEAT__SUM10(m, f, a, ...) m(a) + LEAT__SUM9(m, f, __VA_ARGS__)
#define LEAT__SUM11(m, f, a, ...) m(a) + LEAT__SUM10(m, f, __VA_ARGS__)
#define LEAT__SUM12(m, f, a, ...) m(a) + LEAT__SUM11(m, f, __VA_ARGS__)
#define LEAT__SUM13(m, f, a, ...) m(a) + LEAT__SUM12(m, f, __VA_ARGS__)
#define LEAT__SUM14(m, f, a, ...) m(a) + LEAT__SUM13(m, f, __VA_ARGS__)
#define LEAT__SUM15(m, f, a, ...) m(a) + LEAT__SUM14(m, f, __VA_ARGS__)
#define LEAT__SUM16(m, f, a, ...) m(a) + LEAT__SUM15(m, f, __VA_ARGS__)

#define LEAT__SUM(m, ...) (LEAT__CAT(LEAT__SUM, LEAT__NARG(__VA_ARGS__))(m, __VA_ARGS__))
#define LEAT__ARG_BAD(a)  (LEAT__ARG_OK(a) ? 0 : 1)

/* The argument list of a call: everything after the function. */
#define LEAT__REST1(f)
#define LEAT__RESTN(f, ...) __VA_ARGS__
#define LEAT__REST_1        LEAT__REST1
#define LEAT__REST_2        LEAT__RESTN
#define LEAT__REST_3        LEAT__RESTN
#define LEAT__REST_4        LEAT__RESTN
#define LEAT__REST_5        LEAT__RESTN
#define LEAT__REST_6        LEAT__RESTN
#define LEAT__REST_7        LEAT__RESTN
#define LEAT__REST_8        LEAT__RESTN
#define LEAT__REST_9        LEAT__RESTN
#define LEAT__REST_10       LEAT__RESTN
#define LEAT__REST_11       LEAT__RESTN
#define LEAT__REST_12       LEAT__RESTN
#define LEAT__REST_13       LEAT__RESTN
#define LEAT__REST_14       LEAT__RESTN
#define LEAT__REST_15       LEAT__RESTN
#define LEAT__REST_16       LEAT__RESTN
#define LEAT__REST(...)     LEAT__CAT(LEAT__REST_, LEAT__NARG(__VA_ARGS__))(__VA_ARGS__)

/* The pointer to a function, without what its declaration says of its calls (G5): gcc puts that
 * into the type of &f, but not into the type of f itself. */
#define LEAT__IS_FN_POINTER(f) __builtin_types_compatible_p(__typeof__(f), __typeof__(&*(f)))
#define LEAT__FN_TYPE_OF(f) \
    __typeof__(__builtin_choose_expr(LEAT__IS_FN_POINTER(f), &*(f), (__typeof__(f) *)0))
#define LEAT__FN_TYPE(...) LEAT__FN_TYPE_OF(LEAT__FIRST(__VA_ARGS__))

/* Static checks of one spawn: what cannot be captured is refused with a reason. `r` is a pointer
 * to the type of the result: the call itself would repeat the compiler's warnings about it. */
#define LEAT__IS_VOID(r) __builtin_types_compatible_p(__typeof__(*(r)), void)
#define LEAT__RETURN_CLASS(r) \
    __builtin_classify_type(*__builtin_choose_expr(LEAT__IS_VOID(r), (int *)0, r))
#define LEAT__CHECK_RETURN(r)                                                        \
    _Static_assert(                                                                  \
        LEAT__RETURN_CLASS(r) != LEAT__CLASS_STRUCT &&                               \
            LEAT__RETURN_CLASS(r) != LEAT__CLASS_UNION &&                            \
            LEAT__RETURN_CLASS(r) != LEAT__CLASS_COMPLEX &&                          \
            !__builtin_types_compatible_p(__typeof__(*(r)), long double),            \
        "leat: the function of a goroutine may not return a struct, union, complex " \
        "or long double; return void or a scalar")
/* The types of the arguments, separated by commas. */
#define LEAT__TYPE(a)            __typeof__(LEAT__DECAY(a))
#define LEAT__TYPES1(f)          void
#define LEAT__TYPES2(f, a)       LEAT__TYPE(a)
#define LEAT__TYPES3(f, a, ...)  LEAT__TYPE(a), LEAT__TYPES2(f, __VA_ARGS__)
#define LEAT__TYPES4(f, a, ...)  LEAT__TYPE(a), LEAT__TYPES3(f, __VA_ARGS__)
#define LEAT__TYPES5(f, a, ...)  LEAT__TYPE(a), LEAT__TYPES4(f, __VA_ARGS__)
#define LEAT__TYPES6(f, a, ...)  LEAT__TYPE(a), LEAT__TYPES5(f, __VA_ARGS__)
#define LEAT__TYPES7(f, a, ...)  LEAT__TYPE(a), LEAT__TYPES6(f, __VA_ARGS__)
#define LEAT__TYPES8(f, a, ...)  LEAT__TYPE(a), LEAT__TYPES7(f, __VA_ARGS__)
#define LEAT__TYPES9(f, a, ...)  LEAT__TYPE(a), LEAT__TYPES8(f, __VA_ARGS__)
#define LEAT__TYPES10(f, a, ...) LEAT__TYPE(a), LEAT__TYPES9(f, __VA_ARGS__)
#define LEAT__TYPES11(f, a, ...) LEAT__TYPE(a), LEAT__TYPES10(f, __VA_ARGS__)
#define LEAT__TYPES12(f, a, ...) LEAT__TYPE(a), LEAT__TYPES11(f, __VA_ARGS__)
#define LEAT__TYPES13(f, a, ...) LEAT__TYPE(a), LEAT__TYPES12(f, __VA_ARGS__)
#define LEAT__TYPES14(f, a, ...) LEAT__TYPE(a), LEAT__TYPES13(f, __VA_ARGS__)
#define LEAT__TYPES15(f, a, ...) LEAT__TYPE(a), LEAT__TYPES14(f, __VA_ARGS__)
#define LEAT__TYPES16(f, a, ...) LEAT__TYPE(a), LEAT__TYPES15(f, __VA_ARGS__)
#define LEAT__TYPES(...)         LEAT__CAT(LEAT__TYPES, LEAT__NARG(__VA_ARGS__))(__VA_ARGS__)

/* Which registers an argument takes is decided by the type of its parameter, which C does not
 * tell. Is the function one of parameters of exactly the arguments' types? */
#define LEAT__EXACT(fnvar, ...)                                                    \
    __builtin_types_compatible_p(__typeof__(fnvar),                                \
                                 __typeof__((fnvar)(LEAT__REST(__VA_ARGS__))) (*)( \
                                     LEAT__TYPES(__VA_ARGS__)))

/* Six words fit whatever they become; more are counted as the arguments' types, so these must be
 * the parameters'. */
#define LEAT__SIX_WORDS(...) (LEAT__SUM(LEAT__WORDS, __VA_ARGS__) <= 6)
#define LEAT__CHECK_ARGS(fnvar, ...)                                                          \
    _Static_assert(LEAT__SUM(LEAT__ARG_BAD, __VA_ARGS__) == 0,                                \
                   "leat: an argument is larger than 16 bytes, or a long double or vector; "  \
                   "pass a pointer to it");                                                   \
    _Static_assert(LEAT__SIX_WORDS(__VA_ARGS__) ||                                            \
                       (LEAT__SUM(LEAT__INT_WORDS, __VA_ARGS__) <= 6 &&                       \
                        LEAT__SUM(LEAT__FP_WORDS, __VA_ARGS__) <= 8),                         \
                   "leat: more arguments than fit in registers (6 words, 8 floating); "       \
                   "pass a pointer to a struct");                                             \
    _Static_assert(LEAT__SIX_WORDS(__VA_ARGS__) || LEAT__EXACT(fnvar, __VA_ARGS__),           \
                   "leat: with more than six words of arguments each must be of exactly its " \
                   "parameter's type; cast it, or pass a pointer to a struct")

/* Are all arguments in integer registers? Pointers convert to nothing else; other types tell if
 * they are the parameters'. */
#define LEAT__NO_PTR(a) (LEAT__IS_PTR(a) ? 0 : 1)
#define LEAT__NO_INT(a) (LEAT__IS_PTR(a) || LEAT__CLASS(a) == LEAT__CLASS_INT ? 0 : 1)
#define LEAT__IN_INTS(fnvar, ...)                 \
    (LEAT__SUM(LEAT__NO_PTR, __VA_ARGS__) == 0 || \
     (LEAT__SUM(LEAT__NO_INT, __VA_ARGS__) == 0 && LEAT__EXACT(fnvar, __VA_ARGS__)))

/* The type the stub is called by (G5). Where the arguments' types are the parameters', it can be
 * written anew; clang has no other that forgets. */
#ifdef __clang__
#define LEAT__STUB_TYPE(fnvar, ...)      \
    __typeof__(__builtin_choose_expr(    \
        LEAT__EXACT(fnvar, __VA_ARGS__), \
        (__typeof__((fnvar)(LEAT__REST(__VA_ARGS__)))(*)(LEAT__TYPES(__VA_ARGS__)))0, fnvar))
#else
#define LEAT__STUB_TYPE(fnvar, ...) __typeof__(fnvar)
#endif

/* Capture the call fn(args...) of the list in this thread's record. */
#define LEAT__CAPTURE(fnvar, ...)                                                              \
    LEAT__FN_TYPE(__VA_ARGS__) fnvar = (LEAT__FIRST(__VA_ARGS__));                             \
    LEAT__QUIET                                                                                \
    __typeof__((fnvar)(LEAT__REST(__VA_ARGS__))) *LEAT__CAT(fnvar, _result) = NULL;            \
    (void)LEAT__CAT(fnvar, _result);                                                           \
    LEAT__CHECK_RETURN(LEAT__CAT(fnvar, _result));                                             \
    LEAT__CHECK_ARGS(fnvar, __VA_ARGS__);                                                      \
    LEAT__STUB_TYPE(fnvar, __VA_ARGS__)                                                        \
    LEAT__CAT(fnvar,                                                                           \
              _stub) = (__typeof__(LEAT__CAT(fnvar, _stub)))(LEAT__IN_INTS(fnvar, __VA_ARGS__) \
                                                                 ? leat__capture_ints          \
                                                                 : leat__capture);             \
    LEAT__LOUD                                                                                 \
    if (LEAT__NARG(__VA_ARGS__) > 1)                                                           \
    (void)(LEAT__CAT(fnvar, _stub)(LEAT__REST(__VA_ARGS__)))

#define LEAT__GO(id, commit, tail, ...)                        \
    __extension__({                                            \
        LEAT__SITE_DECL(LEAT__CAT(leat__site_, id));           \
        LEAT__CAPTURE(LEAT__CAT(leat__fn_, id), __VA_ARGS__);  \
        commit((void (*)(void))LEAT__CAT(leat__fn_, id),       \
               &LEAT__CAT(leat__site_, id) LEAT__EXPAND tail); \
    })

#define LEAT__BLOCKING(id, ...)                                             \
    __extension__({                                                         \
        LEAT__CAPTURE(LEAT__CAT(leat__fn_, id), __VA_ARGS__);               \
        leat__blocking_begin((void (*)(void))LEAT__CAT(leat__fn_, id));     \
        ((__typeof__(LEAT__CAT(leat__fn_, id)(LEAT__REST(__VA_ARGS__)))(*)( \
            void))leat__blocking_call)();                                   \
    })

#define LEAT__DEFER(id, fn_, arg_)                                                          \
    leat__defer LEAT__CAT(leat__defer_, id) __attribute__((cleanup(leat__defer_run)));      \
    LEAT__ASSERT(LEAT__IS_PTR(arg_), "leat: the argument of leat_defer must be a pointer"); \
    (void)sizeof(__typeof__(((fn_)(arg_), 0)));                                             \
    leat__defer_push(&LEAT__CAT(leat__defer_, id), (void (*)(void *))(void (*)(void))(fn_), \
                     (void *)(arg_))

#endif
