/* SPDX-License-Identifier: MIT */
/*
 * Running a function's call frame program up to an address.
 *
 * PICTURE     initial instructions of the CIE -> row kept for "restore" -> instructions of the
 *             FDE until the location passes pc -> the row in force at pc.
 *
 * INVARIANTS  1. A register number is looked at before it indexes: vector registers have rules
 *                too (AArch64 d8 to d15 are 72 to 79); they are of no use here and dropped.
 *             2. A program that is not understood in full gives no row. A wrong row would send
 *                the walk into made-up frames, which is worse than its end.
 */
#include "debug/cfi.h"

enum {
    LEAT_CFA_ADVANCE = 0x40, /* the upper two bits; the rest is the operand */
    LEAT_CFA_SAVED = 0x80,
    LEAT_CFA_RESTORE = 0xc0,
    LEAT_CFA_NOP = 0x00,
    LEAT_CFA_SET_LOC = 0x01,
    LEAT_CFA_ADVANCE1 = 0x02,
    LEAT_CFA_ADVANCE2 = 0x03,
    LEAT_CFA_ADVANCE4 = 0x04,
    LEAT_CFA_OFFSET_EXTENDED = 0x05,
    LEAT_CFA_RESTORE_EXTENDED = 0x06,
    LEAT_CFA_UNDEFINED = 0x07,
    LEAT_CFA_SAME_VALUE = 0x08,
    LEAT_CFA_REGISTER = 0x09,
    LEAT_CFA_REMEMBER_STATE = 0x0a,
    LEAT_CFA_RESTORE_STATE = 0x0b,
    LEAT_CFA_DEF_CFA = 0x0c,
    LEAT_CFA_DEF_CFA_REGISTER = 0x0d,
    LEAT_CFA_DEF_CFA_OFFSET = 0x0e,
    LEAT_CFA_DEF_CFA_EXPRESSION = 0x0f,
    LEAT_CFA_EXPRESSION = 0x10,
    LEAT_CFA_OFFSET_EXTENDED_SF = 0x11,
    LEAT_CFA_DEF_CFA_SF = 0x12,
    LEAT_CFA_DEF_CFA_OFFSET_SF = 0x13,
    LEAT_CFA_VAL_OFFSET = 0x14,
    LEAT_CFA_VAL_OFFSET_SF = 0x15,
    LEAT_CFA_VAL_EXPRESSION = 0x16,
    LEAT_CFA_NEGATE_RA_STATE_WITH_PC = 0x2c,
    LEAT_CFA_NEGATE_RA_STATE = 0x2d,
    LEAT_CFA_ARGS_SIZE = 0x2e,
    LEAT_CFA_NEGATIVE_OFFSET_EXTENDED = 0x2f,
    LEAT_CFA_REMEMBERED = 4 /* compilers nest one or two deep */
};

struct cfi_machine {
    const struct leat__fde *fde;
    struct leat__cursor code;
    uintptr_t location;
    struct leat__cfi_row *row;
    const struct leat__cfi_row *initial; /* NULL while the CIE's own instructions run */
    struct leat__cfi_row remembered[LEAT_CFA_REMEMBERED];
    int depth;
};

static void cfi_set(struct cfi_machine *machine, uint64_t reg, enum leat__cfi_kind kind,
                    int64_t value)
{
    if (reg < LEAT_REGS) {
        machine->row->reg[reg].kind = kind;
        machine->row->reg[reg].value = value;
    }
}

/* Takes an expression from the program into a rule. */
static void cfi_block(struct cfi_machine *machine, struct leat__cfi_rule *rule,
                      enum leat__cfi_kind kind)
{
    uint64_t size = leat__cursor_uleb(&machine->code);

    rule->block = leat__cursor_take(&machine->code, size);
    rule->block_size = (uint32_t)size;
    rule->kind = kind;
}

static void cfi_set_block(struct cfi_machine *machine, enum leat__cfi_kind kind)
{
    struct leat__cfi_rule ignored;
    uint64_t reg = leat__cursor_uleb(&machine->code);

    cfi_block(machine, reg < LEAT_REGS ? &machine->row->reg[reg] : &ignored, kind);
}

static void cfi_restore(struct cfi_machine *machine, uint64_t reg)
{
    if (!machine->initial)
        leat__cursor_fail(&machine->code);
    else if (reg < LEAT_REGS)
        machine->row->reg[reg] = machine->initial->reg[reg];
}

static int64_t cfi_factored(struct cfi_machine *machine, uint64_t offset)
{
    return (int64_t)(offset * (uint64_t)machine->fde->data_align);
}

static int64_t cfi_factored_uleb(struct cfi_machine *machine)
{
    return cfi_factored(machine, leat__cursor_uleb(&machine->code));
}

static int64_t cfi_factored_sleb(struct cfi_machine *machine)
{
    return cfi_factored(machine, (uint64_t)leat__cursor_sleb(&machine->code));
}

static void cfi_def_cfa_register(struct cfi_machine *machine)
{
    machine->row->cfa.kind = LEAT_CFI_REGISTER;
    machine->row->cfa.value = (int64_t)leat__cursor_uleb(&machine->code);
}

/* The instructions that define the CFA; false when op is none of them. */
static bool cfi_run_cfa(struct cfi_machine *machine, uint8_t op)
{
    switch (op) {
    case LEAT_CFA_DEF_CFA:
        cfi_def_cfa_register(machine);
        machine->row->cfa_offset = (int64_t)leat__cursor_uleb(&machine->code);
        return true;
    case LEAT_CFA_DEF_CFA_SF:
        cfi_def_cfa_register(machine);
        machine->row->cfa_offset = cfi_factored_sleb(machine);
        return true;
    case LEAT_CFA_DEF_CFA_REGISTER:
        cfi_def_cfa_register(machine);
        return true;
    case LEAT_CFA_DEF_CFA_OFFSET:
        machine->row->cfa_offset = (int64_t)leat__cursor_uleb(&machine->code);
        return true;
    case LEAT_CFA_DEF_CFA_OFFSET_SF:
        machine->row->cfa_offset = cfi_factored_sleb(machine);
        return true;
    case LEAT_CFA_DEF_CFA_EXPRESSION:
        cfi_block(machine, &machine->row->cfa, LEAT_CFI_VAL_EXPRESSION);
        return true;
    default:
        return false;
    }
}

static void cfi_remember(struct cfi_machine *machine)
{
    if (machine->depth == LEAT_CFA_REMEMBERED)
        leat__cursor_fail(&machine->code);
    else
        machine->remembered[machine->depth++] = *machine->row;
}

static void cfi_recall(struct cfi_machine *machine)
{
    if (machine->depth == 0)
        leat__cursor_fail(&machine->code);
    else
        *machine->row = machine->remembered[--machine->depth];
}

/* The instructions that give a register its rule; false when op is none of them. */
static bool cfi_run_rule(struct cfi_machine *machine, uint8_t op)
{
    struct leat__cursor *code = &machine->code;
    uint64_t reg;

    if (op == LEAT_CFA_EXPRESSION || op == LEAT_CFA_VAL_EXPRESSION) {
        cfi_set_block(machine, op == LEAT_CFA_EXPRESSION ? LEAT_CFI_EXPRESSION
                                                         : LEAT_CFI_VAL_EXPRESSION);
        return true;
    }
    if ((op < LEAT_CFA_OFFSET_EXTENDED || op > LEAT_CFA_REGISTER) &&
        op != LEAT_CFA_OFFSET_EXTENDED_SF && op != LEAT_CFA_VAL_OFFSET &&
        op != LEAT_CFA_VAL_OFFSET_SF && op != LEAT_CFA_NEGATIVE_OFFSET_EXTENDED)
        return false;
    reg = leat__cursor_uleb(code);
    switch (op) {
    case LEAT_CFA_OFFSET_EXTENDED:
        cfi_set(machine, reg, LEAT_CFI_OFFSET, cfi_factored_uleb(machine));
        break;
    case LEAT_CFA_OFFSET_EXTENDED_SF:
        cfi_set(machine, reg, LEAT_CFI_OFFSET, cfi_factored_sleb(machine));
        break;
    case LEAT_CFA_NEGATIVE_OFFSET_EXTENDED:
        cfi_set(machine, reg, LEAT_CFI_OFFSET,
                cfi_factored(machine, 0 - leat__cursor_uleb(code)));
        break;
    case LEAT_CFA_VAL_OFFSET:
        cfi_set(machine, reg, LEAT_CFI_VAL_OFFSET, cfi_factored_uleb(machine));
        break;
    case LEAT_CFA_VAL_OFFSET_SF:
        cfi_set(machine, reg, LEAT_CFI_VAL_OFFSET, cfi_factored_sleb(machine));
        break;
    case LEAT_CFA_RESTORE_EXTENDED:
        cfi_restore(machine, reg);
        break;
    case LEAT_CFA_UNDEFINED:
        cfi_set(machine, reg, LEAT_CFI_UNDEFINED, 0);
        break;
    case LEAT_CFA_SAME_VALUE:
        cfi_set(machine, reg, LEAT_CFI_SAME, 0);
        break;
    default: /* LEAT_CFA_REGISTER */
        cfi_set(machine, reg, LEAT_CFI_REGISTER, (int64_t)leat__cursor_uleb(code));
        break;
    }
    return true;
}

static void cfi_advance(struct cfi_machine *machine, uint64_t delta)
{
    machine->location += delta * machine->fde->code_align;
}

static void cfi_run_other(struct cfi_machine *machine, uint8_t op)
{
    struct leat__cursor *code = &machine->code;

    switch (op) {
    case LEAT_CFA_NOP:
        break;
    case LEAT_CFA_SET_LOC:
        if (!leat__cfi_pointer(code, machine->fde->pointer_encoding, &machine->location))
            leat__cursor_fail(code);
        break;
    case LEAT_CFA_ADVANCE1:
        cfi_advance(machine, leat__cursor_u8(code));
        break;
    case LEAT_CFA_ADVANCE2:
        cfi_advance(machine, leat__cursor_u16(code));
        break;
    case LEAT_CFA_ADVANCE4:
        cfi_advance(machine, leat__cursor_u32(code));
        break;
    case LEAT_CFA_REMEMBER_STATE:
        cfi_remember(machine);
        break;
    case LEAT_CFA_RESTORE_STATE:
        cfi_recall(machine);
        break;
    case LEAT_CFA_NEGATE_RA_STATE:
    case LEAT_CFA_NEGATE_RA_STATE_WITH_PC:
        machine->row->ra_signed = !machine->row->ra_signed;
        break;
    case LEAT_CFA_ARGS_SIZE:
        leat__cursor_uleb(code);
        break;
    default:
        leat__cursor_fail(code);
        break;
    }
}

/* Until the program ends or speaks about code after pc. */
static bool cfi_run(struct cfi_machine *machine, uintptr_t pc)
{
    while (leat__cursor_left(&machine->code) > 0 && machine->location <= pc) {
        uint8_t op = leat__cursor_u8(&machine->code);
        uint8_t operand = op & 0x3f;

        if ((op & 0xc0) == LEAT_CFA_ADVANCE)
            cfi_advance(machine, operand);
        else if ((op & 0xc0) == LEAT_CFA_SAVED)
            cfi_set(machine, operand, LEAT_CFI_OFFSET, cfi_factored_uleb(machine));
        else if ((op & 0xc0) == LEAT_CFA_RESTORE)
            cfi_restore(machine, operand);
        else if (!cfi_run_cfa(machine, op) && !cfi_run_rule(machine, op))
            cfi_run_other(machine, op);
    }
    return !machine->code.bad;
}

bool leat__cfi_row_at(const struct leat__fde *fde, uintptr_t pc, struct leat__cfi_row *row)
{
    struct cfi_machine machine = {.fde = fde, .code = fde->initial, .row = row};
    struct leat__cfi_row initial;

    memset(row, 0, sizeof(*row));
    if (!cfi_run(&machine, UINTPTR_MAX))
        return false;
    initial = *row;
    machine.initial = &initial;
    machine.code = fde->program;
    machine.location = fde->pc_lo;
    machine.depth = 0;
    return cfi_run(&machine, pc);
}
