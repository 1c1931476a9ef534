/* SPDX-License-Identifier: MIT */
/*
 * DWARF expressions of unwind rules.
 *
 * PICTURE     A stack of words. Seen in the wild: PLT stubs (CFA = rsp + 8 + ((rip & 15) >= 11)
 *             * 8, from the linker), glibc's x86-64 signal trampoline (a word at rsp plus a
 *             constant), functions that realign their stack (the word below rbp). The whole set
 *             that makes sense without a frame base or thread is here; the rest is refused.
 *
 * INVARIANTS  1. The stack index is checked at every push and pop.
 *             2. Memory is read through leat__peek_load() only, so inside the walk's bounds.
 *             3. A branch may go back, so steps are counted.
 */
#include "debug/cfi.h"

enum {
    LEAT_OP_ADDR = 0x03,
    LEAT_OP_DEREF = 0x06,
    LEAT_OP_CONST1U = 0x08, /* 1u 1s 2u 2s 4u 4s 8u 8s */
    LEAT_OP_CONST8S = 0x0f,
    LEAT_OP_CONSTU = 0x10,
    LEAT_OP_CONSTS = 0x11,
    LEAT_OP_DUP = 0x12,
    LEAT_OP_DROP = 0x13,
    LEAT_OP_OVER = 0x14,
    LEAT_OP_PICK = 0x15,
    LEAT_OP_SWAP = 0x16,
    LEAT_OP_ROT = 0x17,
    LEAT_OP_ABS = 0x19,
    LEAT_OP_AND = 0x1a,
    LEAT_OP_DIV = 0x1b,
    LEAT_OP_MINUS = 0x1c,
    LEAT_OP_MOD = 0x1d,
    LEAT_OP_MUL = 0x1e,
    LEAT_OP_NEG = 0x1f,
    LEAT_OP_NOT = 0x20,
    LEAT_OP_OR = 0x21,
    LEAT_OP_PLUS = 0x22,
    LEAT_OP_PLUS_UCONST = 0x23,
    LEAT_OP_SHL = 0x24,
    LEAT_OP_SHR = 0x25,
    LEAT_OP_SHRA = 0x26,
    LEAT_OP_XOR = 0x27,
    LEAT_OP_BRA = 0x28,
    LEAT_OP_EQ = 0x29,
    LEAT_OP_GE = 0x2a,
    LEAT_OP_GT = 0x2b,
    LEAT_OP_LE = 0x2c,
    LEAT_OP_LT = 0x2d,
    LEAT_OP_NE = 0x2e,
    LEAT_OP_SKIP = 0x2f,
    LEAT_OP_LIT0 = 0x30,
    LEAT_OP_BREG0 = 0x70,
    LEAT_OP_BREG31 = 0x8f,
    LEAT_OP_BREGX = 0x92,
    LEAT_OP_DEREF_SIZE = 0x94,
    LEAT_OP_NOP = 0x96,
    LEAT_EXPR_DEPTH = 32,
    LEAT_EXPR_STEPS = 1000
};

struct expr_machine {
    struct leat__cursor code;
    const uint8_t *start;
    const struct leat__regs *regs;
    struct leat__peek *peek;
    uint64_t stack[LEAT_EXPR_DEPTH];
    unsigned depth;
};

static void expr_push(struct expr_machine *machine, uint64_t value)
{
    if (machine->depth == LEAT_EXPR_DEPTH)
        leat__cursor_fail(&machine->code);
    else
        machine->stack[machine->depth++] = value;
}

static uint64_t expr_pop(struct expr_machine *machine)
{
    if (machine->depth == 0) {
        leat__cursor_fail(&machine->code);
        return 0;
    }
    return machine->stack[--machine->depth];
}

static void expr_pick(struct expr_machine *machine, unsigned below)
{
    if (below >= machine->depth)
        leat__cursor_fail(&machine->code);
    else
        expr_push(machine, machine->stack[machine->depth - 1 - below]);
}

static void expr_register(struct expr_machine *machine, uint64_t reg)
{
    int64_t offset = leat__cursor_sleb(&machine->code);

    if (reg >= LEAT_REGS)
        leat__cursor_fail(&machine->code);
    else
        expr_push(machine, machine->regs->r[reg] + (uint64_t)offset);
}

static void expr_load(struct expr_machine *machine, unsigned size)
{
    uint64_t value;

    if (leat__peek_load(machine->peek, expr_pop(machine), size, &value))
        expr_push(machine, value);
    else
        leat__cursor_fail(&machine->code);
}

static void expr_branch(struct expr_machine *machine, bool taken)
{
    int64_t distance = (int16_t)leat__cursor_u16(&machine->code);
    int64_t target = machine->code.at - machine->start + distance;

    if (!taken || machine->code.bad)
        return;
    if (target < 0 || target > machine->code.end - machine->start)
        leat__cursor_fail(&machine->code);
    else
        machine->code.at = machine->start + target;
}

static void expr_rotate(struct expr_machine *machine, unsigned count)
{
    uint64_t top = expr_pop(machine);

    if (machine->depth + 1 < count) {
        leat__cursor_fail(&machine->code);
        return;
    }
    for (unsigned i = 1; i < count; i++)
        machine->stack[machine->depth + 1 - i] = machine->stack[machine->depth - i];
    machine->stack[machine->depth + 1 - count] = top;
    machine->depth++;
}

static uint64_t expr_compare(uint8_t op, int64_t left, int64_t right)
{
    switch (op) {
    case LEAT_OP_EQ:
        return left == right;
    case LEAT_OP_GE:
        return left >= right;
    case LEAT_OP_GT:
        return left > right;
    case LEAT_OP_LE:
        return left <= right;
    case LEAT_OP_LT:
        return left < right;
    default: /* LEAT_OP_NE */
        return left != right;
    }
}

static uint64_t expr_shift(uint8_t op, uint64_t left, uint64_t right)
{
    if (op == LEAT_OP_SHRA)
        return (uint64_t)((int64_t)left >> (right < 64 ? right : 63));
    if (right >= 64)
        return 0;
    return op == LEAT_OP_SHL ? left << right : left >> right;
}

/* Operations on two words; false when op is none of them. */
static bool expr_binary(struct expr_machine *machine, uint8_t op)
{
    uint64_t left, right, value;

    if (op < LEAT_OP_AND || op > LEAT_OP_NE || op == LEAT_OP_NEG || op == LEAT_OP_NOT ||
        op == LEAT_OP_PLUS_UCONST || op == LEAT_OP_BRA)
        return false;
    right = expr_pop(machine);
    left = expr_pop(machine);
    switch (op) {
    case LEAT_OP_AND:
        value = left & right;
        break;
    case LEAT_OP_OR:
        value = left | right;
        break;
    case LEAT_OP_XOR:
        value = left ^ right;
        break;
    case LEAT_OP_PLUS:
        value = left + right;
        break;
    case LEAT_OP_MINUS:
        value = left - right;
        break;
    case LEAT_OP_MUL:
        value = left * right;
        break;
    case LEAT_OP_DIV: /* signed; the one overflow is -left */
        value = right == 0 || right == ~(uint64_t)0
                    ? 0 - left
                    : (uint64_t)((int64_t)left / (int64_t)right);
        break;
    case LEAT_OP_MOD: /* unsigned */
        value = right == 0 ? left : left % right;
        break;
    case LEAT_OP_SHL:
    case LEAT_OP_SHR:
    case LEAT_OP_SHRA:
        value = expr_shift(op, left, right);
        break;
    default:
        value = expr_compare(op, (int64_t)left, (int64_t)right);
        break;
    }
    if (right == 0 && (op == LEAT_OP_DIV || op == LEAT_OP_MOD))
        leat__cursor_fail(&machine->code);
    expr_push(machine, value);
    return true;
}

/* Operations that push what they name; false when op is none of them. */
static bool expr_constant(struct expr_machine *machine, uint8_t op)
{
    struct leat__cursor *code = &machine->code;

    if (op >= LEAT_OP_LIT0 && op < LEAT_OP_LIT0 + 32) {
        expr_push(machine, op - (uint64_t)LEAT_OP_LIT0);
    } else if (op >= LEAT_OP_CONST1U && op <= LEAT_OP_CONST8S) {
        unsigned size = 1u << ((op - LEAT_OP_CONST1U) / 2);
        unsigned spare = 64 - 8 * size;
        uint64_t value = leat__cursor_fixed(code, size);
        bool is_signed = (op & 1) != 0;

        expr_push(machine, is_signed ? (uint64_t)((int64_t)(value << spare) >> spare) : value);
    } else if (op == LEAT_OP_ADDR) {
        expr_push(machine, leat__cursor_u64(code));
    } else if (op == LEAT_OP_CONSTU) {
        expr_push(machine, leat__cursor_uleb(code));
    } else if (op == LEAT_OP_CONSTS) {
        expr_push(machine, (uint64_t)leat__cursor_sleb(code));
    } else if (op >= LEAT_OP_BREG0 && op <= LEAT_OP_BREG31) {
        expr_register(machine, op - (uint64_t)LEAT_OP_BREG0);
    } else if (op == LEAT_OP_BREGX) {
        expr_register(machine, leat__cursor_uleb(code));
    } else {
        return false;
    }
    return true;
}

static void expr_other(struct expr_machine *machine, uint8_t op)
{
    uint64_t top;

    switch (op) {
    case LEAT_OP_DEREF:
        expr_load(machine, sizeof(uintptr_t));
        break;
    case LEAT_OP_DEREF_SIZE:
        expr_load(machine, leat__cursor_u8(&machine->code));
        break;
    case LEAT_OP_DUP:
        expr_pick(machine, 0);
        break;
    case LEAT_OP_OVER:
        expr_pick(machine, 1);
        break;
    case LEAT_OP_PICK:
        expr_pick(machine, leat__cursor_u8(&machine->code));
        break;
    case LEAT_OP_DROP:
        expr_pop(machine);
        break;
    case LEAT_OP_SWAP:
        expr_rotate(machine, 2);
        break;
    case LEAT_OP_ROT:
        expr_rotate(machine, 3);
        break;
    case LEAT_OP_ABS:
        top = expr_pop(machine);
        expr_push(machine, (int64_t)top < 0 ? 0 - top : top);
        break;
    case LEAT_OP_NEG:
        expr_push(machine, 0 - expr_pop(machine));
        break;
    case LEAT_OP_NOT:
        expr_push(machine, ~expr_pop(machine));
        break;
    case LEAT_OP_PLUS_UCONST:
        top = expr_pop(machine);
        expr_push(machine, top + leat__cursor_uleb(&machine->code));
        break;
    case LEAT_OP_SKIP:
        expr_branch(machine, true);
        break;
    case LEAT_OP_BRA:
        expr_branch(machine, expr_pop(machine) != 0);
        break;
    case LEAT_OP_NOP:
        break;
    default:
        leat__cursor_fail(&machine->code);
        break;
    }
}

bool leat__cfi_evaluate(const struct leat__cfi_rule *rule, const struct leat__regs *regs,
                        struct leat__peek *peek, const uintptr_t *cfa, uintptr_t *value)
{
    struct expr_machine machine = {
        .code = leat__cursor_make(rule->block, rule->block_size),
        .start = rule->block,
        .regs = regs,
        .peek = peek,
    };

    if (cfa)
        expr_push(&machine, *cfa);
    for (int steps = 0; leat__cursor_left(&machine.code) > 0; steps++) {
        uint8_t op = leat__cursor_u8(&machine.code);

        if (steps == LEAT_EXPR_STEPS)
            return false;
        if (!expr_constant(&machine, op) && !expr_binary(&machine, op))
            expr_other(&machine, op);
    }
    *value = expr_pop(&machine);
    return !machine.code.bad;
}
