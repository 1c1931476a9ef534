/* SPDX-License-Identifier: MIT */
/*
 * leat/map.h - a hash map that many goroutines use at once.
 *
 *     static leat_map users;                       // keys and values of any kind
 *
 *     leat_map_store(&users, "ann", ann);          // strings are copied
 *     leat_map_store(&users, 42, answer);          // integers
 *     void *who;
 *     if (leat_map_load(&users, "ann", &who))
 *         greet(who);
 *
 * A key is an integer of any type, a string, a pointer, or bytes (leat_key_bytes). Integers are
 * equal by value, strings and bytes by content; pointers by address, unless the map has functions
 * of its own to compare what they point to: leat_map m = {.hash = f, .equal = g}. These two are
 * called inside the map and may not use it. Values are pointers; the map does not own them.
 *
 * Reading takes no lock, except for pointers compared by functions. Writers of different keys
 * rarely meet. The zero value is an empty map; leat_map_free gives its memory back.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_MAP_H
#define LEAT_MAP_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A key of a map: what leat_key_of and its kin make. */
typedef struct leat_key {
    uint64_t leat__word; /* opaque */
    uint64_t leat__kind; /* and the size above it */
} leat_key;

/** A concurrent hash map; hash and equal are for keys that are pointers, NULL: by address. */
typedef struct leat_map {
    uint64_t (*hash)(const void *key);
    bool (*equal)(const void *a, const void *b);
    void *leat__inside; /* opaque */
} leat_map;

/**
 * Make a key of a string.
 *
 * leat_key_of makes one of anything, and the calls of a map do so by themselves; these are for
 * what it would take for something else, such as a char * that is not a string.
 *
 * Go         none: any comparable value is a key.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  the key points to the string; a map that stores it copies it.
 * Ordering   none.
 * Param      text    a string.
 * Returns    the key.
 * Fatal      never.
 * See        leat_key_of, leat_key_bytes, leat_map_store
 * Since      0.2
 */
LEAT_API leat_key leat_key_string(const char *text);

/**
 * Make a key of bytes.
 *
 * Unlike a string it may hold any byte.
 *
 * Go         none: any comparable value is a key.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  the key points to the bytes; a map that stores it copies them.
 * Ordering   none.
 * Param      p       the bytes.
 * Param      size    how many bytes.
 * Returns    the key.
 * Fatal      never.
 * See        leat_key_of, leat_key_string, leat_map_store
 * Since      0.2
 */
LEAT_API leat_key leat_key_bytes(const void *p, size_t size);

/**
 * Make a key of a pointer: of the address, or of what the functions of the map find there.
 *
 * Go         none: any comparable value is a key.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  what it points to must live as long as the key is in a map with functions.
 * Ordering   none.
 * Param      p       a pointer.
 * Returns    the key.
 * Fatal      never.
 * See        leat_key_of, leat_map_store
 * Since      0.2
 */
LEAT_API leat_key leat_key_pointer(const void *p);

/**
 * Read back the integer a key was made of; for functions that leat_map_range calls.
 *
 * Go         none: the key is the value.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      key     a key.
 * Returns    the integer.
 * Fatal      never.
 * See        leat_map_range, leat_key_to_pointer
 * Since      0.2
 */
LEAT_API int64_t leat_key_to_int(leat_key key);

/**
 * Read back the pointer, string or bytes a key was made of; for functions that leat_map_range
 * calls.
 *
 * Go         none: the key is the value.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  the string or the bytes live until the function that got the key returns.
 * Ordering   none.
 * Param      key     a key.
 * Returns    the string, the bytes or the pointer.
 * Fatal      never.
 * See        leat_map_range, leat_key_to_int
 * Since      0.2
 */
LEAT_API const void *leat_key_to_pointer(leat_key key);

/**
 * Call a function for every key of a map.
 *
 * Each key is visited at most once. A key that is there all the time is visited; one that is
 * stored or deleted meanwhile, or whose value changes, may be seen as at any moment of the call.
 * The function may use the map in any way.
 *
 * Go         m.Range(f)
 * Blocks     while another changes the part of the map it looks at; the function may.
 * Cancel     the function ends it by returning false.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the key is the function's until it returns.
 * Ordering   what precedes the store of a value happens before its visit.
 * Param      m       a map.
 * Param      visit   what to call; false ends the walk.
 * Param      arg     handed to it.
 * Returns    nothing.
 * Fatal      out of memory.
 * See        leat_map_load, leat_key_to_int, leat_key_to_pointer
 * Since      0.2
 */
LEAT_API void leat_map_range(leat_map *m, bool (*visit)(leat_key key, void *value, void *arg),
                             void *arg);

/**
 * Delete every key.
 *
 * Go         m.Clear()
 * Blocks     while another changes the map.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the values are not the map's: free them before, or while walking.
 * Ordering   as leat_map_delete of each key.
 * Param      m       a map.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_map_free, leat_map_delete
 * Since      0.2
 */
LEAT_API void leat_map_clear(leat_map *m);

/**
 * Give the memory of a map back; it is empty then, and may be used again.
 *
 * Go         none: Go collects.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread, while nobody else uses the map.
 * Ownership  the values are not the map's.
 * Ordering   none.
 * Param      m       a map.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_map_clear
 * Since      0.2
 */
LEAT_API void leat_map_free(leat_map *m);

/* What the macros expand to. */
LEAT_API leat_key leat__key_int(int64_t i);
LEAT_API leat_key leat__key_uint(uint64_t u);
LEAT_API leat_key leat__key_same(leat_key key);
LEAT_API bool leat__map_load(leat_map *m, leat_key key, void **value);
LEAT_API bool leat__map_swap(leat_map *m, leat_key key, void *value, void **previous);
LEAT_API bool leat__map_load_or_store(leat_map *m, leat_key key, void *value, void **actual);
LEAT_API bool leat__map_load_and_delete(leat_map *m, leat_key key, void **value);
LEAT_API bool leat__map_cas(leat_map *m, leat_key key, const void *old, void *value);
LEAT_API bool leat__map_compare_and_delete(leat_map *m, leat_key key, const void *old);

#ifdef __cplusplus
}
#endif

#ifdef __cplusplus
#define LEAT__KEY(k) (::leat::detail::key_of(k))
#else
#define LEAT__KEY(k) \
    (_Generic((k),                         \
        leat_key: leat__key_same,          \
        char *: leat_key_string,           \
        const char *: leat_key_string,     \
        bool: leat__key_uint,              \
        char: leat__key_int,               \
        signed char: leat__key_int,        \
        short: leat__key_int,              \
        int: leat__key_int,                \
        long: leat__key_int,               \
        long long: leat__key_int,          \
        unsigned char: leat__key_uint,     \
        unsigned short: leat__key_uint,    \
        unsigned: leat__key_uint,          \
        unsigned long: leat__key_uint,     \
        unsigned long long: leat__key_uint, \
        default: leat_key_pointer)(k))
#endif

/**
 * Make a key of an integer, a string or a pointer, by its type.
 *
 * Go         none: any comparable value is a key.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  the key points to the string; a map that stores it copies it.
 * Ordering   none.
 * Param      k       an integer, a char *, another pointer, or a leat_key.
 * Returns    the key.
 * Fatal      never.
 * See        leat_key_bytes, leat_key_string
 * Since      0.2
 */
#define leat_key_of(k) LEAT__KEY(k)

/**
 * Look a key up.
 *
 * Go         m.Load(key)
 * Blocks     no; it waits when others change the same part of the map again and again.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the key; who deletes and frees a value must know that nobody still uses it.
 * Ordering   what precedes the store of the value happens before this returns.
 * Param      m       a leat_map *.
 * Param      key     what leat_key_of takes.
 * Param      value   a void ** to put the value, or NULL; untouched when the key is not there.
 * Returns    whether the key is there.
 * Fatal      never.
 * See        leat_map_store, leat_map_load_or_store
 * Since      0.2
 */
#define leat_map_load(m, key, value) leat__map_load(m, LEAT__KEY(key), value)

/**
 * Set the value of a key.
 *
 * Go         m.Store(key, value)
 * Blocks     while another changes the same part of the map.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  strings and bytes are copied; what a pointer key points to must live as long as
 *            the key is in the map.
 * Ordering   what precedes it happens before what reads the value.
 * Param      m       a leat_map *.
 * Param      key     what leat_key_of takes.
 * Param      value   a pointer.
 * Returns    nothing.
 * Fatal      out of memory.
 * See        leat_map_load, leat_map_swap
 * Since      0.2
 */
#define leat_map_store(m, key, value) ((void)leat__map_swap(m, LEAT__KEY(key), value, NULL))

/**
 * Exchange the value of a key.
 *
 * Go         m.Swap(key, value)
 * Blocks     while another changes the same part of the map.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_map_store.
 * Ordering   as leat_map_load when the key was there, and as leat_map_store.
 * Param      m        a leat_map *.
 * Param      key      what leat_key_of takes.
 * Param      value    a pointer.
 * Param      previous a void ** to put the value that was there, or NULL; untouched when none.
 * Returns    whether the key was there.
 * Fatal      out of memory.
 * See        leat_map_store, leat_map_cas
 * Since      0.2
 */
#define leat_map_swap(m, key, value, previous) \
    leat__map_swap(m, LEAT__KEY(key), value, previous)

/**
 * Look a key up, and set its value if it is not there.
 *
 * Go         m.LoadOrStore(key, value)
 * Blocks     while another changes the same part of the map.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_map_store.
 * Ordering   as leat_map_load when the key was there, else as leat_map_store.
 * Param      m       a leat_map *.
 * Param      key     what leat_key_of takes.
 * Param      value   a pointer.
 * Param      actual  a void ** to put the value that is there now, or NULL.
 * Returns    whether the key was there.
 * Fatal      out of memory.
 * See        leat_map_load, leat_map_store
 * Since      0.2
 */
#define leat_map_load_or_store(m, key, value, actual) \
    leat__map_load_or_store(m, LEAT__KEY(key), value, actual)

/**
 * Delete a key.
 *
 * Go         m.Delete(key)
 * Blocks     while another changes the same part of the map.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the key; the value is not the map's.
 * Ordering   what precedes it happens before what finds the key gone.
 * Param      m       a leat_map *.
 * Param      key     what leat_key_of takes.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_map_load_and_delete, leat_map_clear
 * Since      0.2
 */
#define leat_map_delete(m, key) ((void)leat__map_load_and_delete(m, LEAT__KEY(key), NULL))

/**
 * Delete a key and get the value it had.
 *
 * Go         m.LoadAndDelete(key)
 * Blocks     while another changes the same part of the map.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the key; the value is not the map's.
 * Ordering   what precedes it happens before what finds the key gone.
 * Param      m       a leat_map *.
 * Param      key     what leat_key_of takes.
 * Param      value   a void ** to put the value that was there, or NULL; untouched when none.
 * Returns    whether the key was there.
 * Fatal      never.
 * See        leat_map_delete, leat_map_compare_and_delete
 * Since      0.2
 */
#define leat_map_load_and_delete(m, key, value) \
    leat__map_load_and_delete(m, LEAT__KEY(key), value)

/**
 * Set the value of a key if its value is what one thinks.
 *
 * Go         m.CompareAndSwap(key, old, new)
 * Blocks     while another changes the same part of the map.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the key; the values are not the map's.
 * Ordering   as leat_map_load, and as leat_map_store when it happened.
 * Param      m       a leat_map *.
 * Param      key     what leat_key_of takes.
 * Param      old     the pointer that must be its value.
 * Param      value   the pointer that shall be.
 * Returns    whether it happened; false when the key is not there.
 * Fatal      never.
 * See        leat_map_swap, leat_map_compare_and_delete
 * Since      0.2
 */
#define leat_map_cas(m, key, old, value) leat__map_cas(m, LEAT__KEY(key), old, value)

/**
 * Delete a key if its value is what one thinks.
 *
 * Go         m.CompareAndDelete(key, old)
 * Blocks     while another changes the same part of the map.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the key; the values are not the map's.
 * Ordering   as leat_map_load, and as leat_map_delete when it happened.
 * Param      m       a leat_map *.
 * Param      key     what leat_key_of takes.
 * Param      old     the pointer that must be its value.
 * Returns    whether it happened; false when the key is not there.
 * Fatal      never.
 * See        leat_map_delete, leat_map_cas
 * Since      0.2
 */
#define leat_map_compare_and_delete(m, key, old) \
    leat__map_compare_and_delete(m, LEAT__KEY(key), old)

#endif
