/* SPDX-License-Identifier: MIT */
/*
 * Call frame information: how to get from a frame's registers to its caller's.
 *
 * PICTURE     pc --cfi_table.c--> leat__fde --cfi_row.c--> leat__cfi_row --unwind.c--> caller
 *             The table finds the record that describes the function; the row is the record's
 *             program run up to pc: one rule per register and one for the CFA, which is the
 *             value that sp had in the caller before the call. Rules that are expressions are
 *             evaluated by cfi_expr.c.
 */
#ifndef LEAT_DEBUG_CFI_H
#define LEAT_DEBUG_CFI_H

#include "debug/cursor.h"
#include "debug/module.h"
#include "debug/peek.h"
#include "debug/unwind.h"

/* The description of one function, CIE and FDE together. */
struct leat__fde {
    uintptr_t pc_lo;
    uintptr_t pc_hi;
    uint64_t code_align;
    int64_t data_align;
    uint64_t ra_register;
    uint8_t pointer_encoding;
    bool augmented;
    bool signal_frame; /* its pc was interrupted, it called nobody */
    struct leat__cursor initial;
    struct leat__cursor program;
};

enum leat__cfi_kind {
    LEAT_CFI_SAME = 0,  /* also "nothing said": what the x86-64 and AArch64 ABIs mean by it */
    LEAT_CFI_UNDEFINED, /* gone; for the return address: nobody called */
    LEAT_CFI_OFFSET,    /* saved at CFA + value */
    LEAT_CFI_VAL_OFFSET,
    LEAT_CFI_REGISTER, /* in register number value */
    LEAT_CFI_EXPRESSION,
    LEAT_CFI_VAL_EXPRESSION
};

struct leat__cfi_rule {
    enum leat__cfi_kind kind;
    uint32_t block_size; /* of an expression */
    union {
        int64_t value;
        const uint8_t *block;
    };
};

struct leat__cfi_row {
    struct leat__cfi_rule cfa; /* REGISTER with cfa_offset, or VAL_EXPRESSION */
    int64_t cfa_offset;
    bool ra_signed; /* AArch64 pointer authentication is on the return address */
    struct leat__cfi_rule reg[LEAT_REGS];
};

/* A pointer in the encoding of .eh_frame; false when the encoding is none that occurs there. */
bool leat__cfi_pointer(struct leat__cursor *cursor, uint8_t encoding, uintptr_t *value);

bool leat__fde_find(struct leat__peek *peek, const struct leat__module *module, uintptr_t pc,
                    struct leat__fde *fde);

bool leat__cfi_row_at(const struct leat__fde *fde, uintptr_t pc, struct leat__cfi_row *row);

/* Evaluates a rule's expression; cfa is pushed first unless it is NULL. */
bool leat__cfi_evaluate(const struct leat__cfi_rule *rule, const struct leat__regs *regs,
                        struct leat__peek *peek, const uintptr_t *cfa, uintptr_t *value);

#endif
