/* SPDX-License-Identifier: MIT */
/* Which ELF file covers a code address. The reasons are in module.c. */
#ifndef LEAT_DEBUG_MODULE_H
#define LEAT_DEBUG_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct leat__module {
    uintptr_t text_lo; /* an executable mapping of it */
    uintptr_t text_hi;
    uintptr_t bias;         /* mapped address minus the file's own address */
    uintptr_t header;       /* where the ELF header is mapped; 0 when it is not */
    size_t image_size;      /* the vdso: the whole file, mapped at header; otherwise 0 */
    uintptr_t eh_frame_hdr; /* 0 when there is none */
    uintptr_t eh_lo;        /* the segment that eh_frame_hdr is in; without one, .eh_frame */
    uintptr_t eh_hi;
    const char *path; /* valid until the next but one refresh; "" when unknown */
};

/* Takes a new picture of the process. False when another thread is just doing so. */
bool leat__modules_refresh(void);

/* Counts pictures, for those who keep conclusions drawn from one. */
unsigned leat__modules_generation(void);

/* The first call takes the first picture; later ones never look at the process again. */
bool leat__module_find(uintptr_t pc, struct leat__module *module);

#endif
