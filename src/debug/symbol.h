/* SPDX-License-Identifier: MIT */
/* From a code address to a function, a file and a line. The reasons are in symbol.c. */
#ifndef LEAT_DEBUG_SYMBOL_H
#define LEAT_DEBUG_SYMBOL_H

#include <stdbool.h>
#include <stdint.h>

struct leat__symbol {
    char func[128];      /* "" when unknown; without compiler suffixes such as ".part.0" */
    char file[256];      /* "" when unknown; a longer path keeps its end, after "..." */
    int line;            /* 0 when unknown */
    uintptr_t func_addr; /* where func starts; without one, what to subtract for addr2line */
    char module[128];    /* base name of the file; "[vdso]" */
};

/*
 * is_return_address: the instruction before pc is meant, the call. False when pc is in no module,
 * or when another thread (or the code this signal handler interrupted) is inside: the caller
 * then prints the plain address. True leaves in *out whatever could be found out.
 */
bool leat__symbolize(uintptr_t pc, bool is_return_address, struct leat__symbol *out);

/* Unmaps the files kept open for further questions. False when somebody is inside. */
bool leat__symbol_release(void);

#endif
