/* SPDX-License-Identifier: MIT */
/* cfi_test.c - unwind programs and expressions byte by byte, as the DWARF standard says. */
#include "debug/cfi.h"
#include "t.h"

#include <stdlib.h>

static bool cfi_test_row(const uint8_t *initial, size_t initial_size, const uint8_t *program,
                         size_t size, uintptr_t pc, struct leat__cfi_row *row)
{
    struct leat__fde fde = {
        .pc_lo = 1000,
        .pc_hi = 2000,
        .code_align = 4,
        .data_align = -8,
        .initial = leat__cursor_make(initial, initial_size),
        .program = leat__cursor_make(program, size),
    };

    return leat__cfi_row_at(&fde, pc, row);
}

T_TEST(cfi_row_follows_location, .procs = {1})
{
    static const uint8_t initial[] = {0x0c, 7, 8, 0x80 | 3, 1}; /* CFA r7+8; r3 at CFA-8 */
    static const uint8_t program[] = {
        0x40 | 1, 0x0e, 16,           /* 1004: CFA offset 16 */
        0x80 | 6, 2,                  /*       r6 at CFA-16 */
        0x02,     2,    0x0d, 6,      /* 1012: CFA register r6 */
        0x0a,                         /*       remember */
        0x40 | 1, 0x07, 6,            /* 1016: r6 undefined */
        0xc0 | 3,                     /*       r3 restored to the CIE's rule */
        0x09,     3,    5,            /*       r3 in r5 */
        0x40 | 1, 0x0b,               /* 1020: recall */
        0x13,     0x7e, 0x11, 4, 0x7f /*       CFA offset -2*-8; r4 at CFA+8 */
    };
    struct leat__cfi_row row;

    T_TRUE(cfi_test_row(initial, sizeof(initial), program, sizeof(program), 1003, &row));
    T_EQ(row.cfa.value, 7);
    T_EQ(row.cfa_offset, 8);
    T_EQ(row.reg[3].kind, LEAT_CFI_OFFSET);
    T_EQ(row.reg[3].value, -8);
    T_EQ(row.reg[6].kind, LEAT_CFI_SAME);
    T_TRUE(cfi_test_row(initial, sizeof(initial), program, sizeof(program), 1004, &row));
    T_EQ(row.cfa_offset, 16);
    T_EQ(row.reg[6].value, -16);
    T_TRUE(cfi_test_row(initial, sizeof(initial), program, sizeof(program), 1019, &row));
    T_EQ(row.cfa.value, 6);
    T_EQ(row.reg[6].kind, LEAT_CFI_UNDEFINED);
    T_EQ(row.reg[3].kind, LEAT_CFI_REGISTER);
    T_EQ(row.reg[3].value, 5);
    T_TRUE(cfi_test_row(initial, sizeof(initial), program, sizeof(program), 1999, &row));
    T_EQ(row.reg[6].kind, LEAT_CFI_OFFSET);
    T_EQ(row.reg[3].value, -8);
    T_EQ(row.cfa_offset, 16);
    T_EQ(row.reg[4].value, 8);
}

T_TEST(cfi_row_knows_signed_return_addresses, .procs = {1})
{
    static const uint8_t program[] = {0x2d, 0x0a, 0x41, 0x2d, 0x41, 0x0b};
    struct leat__cfi_row row;

    T_TRUE(cfi_test_row(program, 0, program, sizeof(program), 1000, &row));
    T_TRUE(row.ra_signed);
    T_TRUE(cfi_test_row(program, 0, program, sizeof(program), 1004, &row));
    T_FALSE(row.ra_signed);
    T_TRUE(cfi_test_row(program, 0, program, sizeof(program), 1008, &row));
    T_TRUE(row.ra_signed);
}

T_TEST(cfi_row_refuses, .procs = {1})
{
    static const struct {
        const char *why;
        uint8_t bytes[8];
        size_t size;
    } bad[] = {
        {"recall without remember", {0x0b}, 1},
        {"unknown instruction", {0x3f}, 1},
        {"operand cut off", {0x0c, 7}, 2},
        {"endless number", {0x0e, 0x80, 0x80}, 3},
        {"block longer than the program", {0x0f, 100, 1}, 3},
        {"remembers without end", {0x0a, 0x0a, 0x0a, 0x0a, 0x0a}, 5},
    };
    static const uint8_t vector[] = {0x05, 72, 1, 0x05, 0xff, 0x7f, 1, 0x10, 80, 1, 0x30};
    struct leat__cfi_row row;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (cfi_test_row(bad[i].bytes, 0, bad[i].bytes, bad[i].size, 1500, &row))
            T_FAIL("accepted: %s", bad[i].why);
    }
    /* Rules of registers that do not matter are stepped over, not refused. */
    T_TRUE(cfi_test_row(vector, 0, vector, sizeof(vector), 1500, &row));
}

T_TEST(cfi_row_survives_garbage, .procs = {1})
{
    uint8_t bytes[64];
    struct leat__cfi_row row;
    long accepted = 0, rounds = t_scale(200000);

    for (long i = 0; i < rounds; i++) {
        for (size_t j = 0; j < sizeof(bytes); j++)
            bytes[j] = (uint8_t)(t_rand() % 2 ? t_rand() % 0x30 : t_rand());
        accepted += cfi_test_row(bytes, t_rand() % 16, bytes + 16, t_rand() % 48, 1500, &row);
    }
    T_GT(accepted, 0);
    T_LT(accepted, rounds);
}

/* The same record is found by the sorted table and by reading all of them. */
T_TEST(cfi_records_without_table, .procs = {1})
{
    const uintptr_t start[] = {(uintptr_t)qsort, (uintptr_t)strtol, (uintptr_t)cfi_test_row};
    struct leat__peek peek = {.lo = 0};

    for (size_t i = 0; i < sizeof(start) / sizeof(start[0]); i++) {
        struct leat__module module;
        struct leat__fde by_table, by_scan;
        int32_t distance;

        T_TRUE(leat__module_find(start[i], &module));
        T_NE(module.eh_frame_hdr, 0u);
        T_TRUE(leat__fde_find(&peek, &module, start[i] + 1, &by_table));
        memcpy(&distance, (const void *)(module.eh_frame_hdr + 4), sizeof(distance));
        module.eh_lo = module.eh_frame_hdr + 4 + (uintptr_t)distance;
        module.eh_frame_hdr = 0;
        T_TRUE(leat__fde_find(&peek, &module, start[i] + 1, &by_scan));
        T_EQ(by_scan.pc_lo, by_table.pc_lo);
        T_EQ(by_scan.pc_hi, by_table.pc_hi);
        T_EQ((uintptr_t)by_scan.program.at, (uintptr_t)by_table.program.at);
        T_FALSE(leat__fde_find(&peek, &module, module.eh_lo, &by_scan));
    }
}

static bool cfi_test_evaluate(const uint8_t *bytes, size_t size, const uintptr_t *cfa,
                              uintptr_t *value)
{
    static uint64_t stack[4] = {11, 22, 0xffffffffffffff80, 44};
    struct leat__regs regs = {.r = {0}};
    struct leat__cfi_rule rule = {.block = bytes, .block_size = (uint32_t)size};
    struct leat__peek peek = {.lo = (uintptr_t)stack, .hi = (uintptr_t)(stack + 4)};

    regs.r[LEAT_REG_SP] = (uintptr_t)stack;
    regs.r[1] = 0x1000b;
    return leat__cfi_evaluate(&rule, &regs, &peek, cfa, value);
}

T_TEST(cfi_expressions, .procs = {1})
{
    const uint8_t sp = 0x70 + LEAT_REG_SP;
    const struct {
        uintptr_t want;
        uint8_t bytes[16];
        size_t size;
    } good[] = {
        {22, {sp, 8, 0x06}, 3},                                /* a word of the stack */
        {0x80, {sp, 16, 0x94, 1}, 4},                          /* one byte of it */
        {8, {0x71, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24}, 8}, /* the PLT's: 11 >= 11, << 3 */
        {0, {0x71, 1, 0x3f, 0x1a, 0x3d, 0x2a, 0x33, 0x24}, 8}, /* 12 >= 13, << 3 */
        {(uintptr_t)-3, {0x09, 0xfd}, 2},
        {253, {0x08, 0xfd}, 2},
        {(uintptr_t)-2, {0x0b, 0xfe, 0xff}, 3},
        {5, {0x38, 0x33, 0x1c}, 3},       /* 8 - 3 */
        {7, {0x31, 0x37, 0x16, 0x13}, 4}, /* 1 7 swap drop */
        {1, {0x31, 0x37, 0x39, 0x17, 0x13, 0x13, 0x13, 0x31}, 8},
        {1, {0x31, 0x37, 0x39, 0x17, 0x13}, 5},   /* 1 7 9 rot: 9 1 7 */
        {4, {0x34, 0x31, 0x28, 1, 0, 0x13}, 6},   /* branch over the drop */
        {55, {0x03, 55, 0, 0, 0, 0, 0, 0, 0}, 9}, /* an address */
        {3, {0x33, 0x2f, 1, 0, 0x13, 0x96}, 6},
        {6, {0x36, 0x1f, 0x19}, 3}, /* |-6| */
        {107, {0x33, 0x23, 0xe8, 0x00}, 4},
    };
    uintptr_t value, cfa = 77;
    uint8_t nothing = 0x96;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        T_TRUE(cfi_test_evaluate(good[i].bytes, good[i].size, NULL, &value));
        if (value != good[i].want)
            T_FAIL("expression %zu: %#lx, not %#lx", i, (unsigned long)value,
                   (unsigned long)good[i].want);
    }
    T_TRUE(cfi_test_evaluate(&nothing, 1, &cfa, &value));
    T_EQ(value, 77u);
}

T_TEST(cfi_expressions_refused, .procs = {1})
{
    const uint8_t sp = 0x70 + LEAT_REG_SP;
    const struct {
        const char *why;
        uint8_t bytes[8];
        size_t size;
    } bad[] = {
        {"empty stack", {0x96}, 1},
        {"load above the bounds", {sp, 32, 0x06}, 3},
        {"load across the upper bound", {sp, 25, 0x06}, 3},
        {"load below the bounds", {sp, 0x78, 0x06}, 3},
        {"endless loop", {0x2f, 0xfd, 0xff}, 3},
        {"stack without end", {0x31, 0x2f, 0xfc, 0xff}, 4},
        {"branch out of the block", {0x31, 0x2f, 100, 0}, 4},
        {"division by zero", {0x31, 0x30, 0x1b}, 3},
        {"nine bytes at once", {sp, 0, 0x94, 9}, 4},
        {"pick below the stack", {0x31, 0x15, 7}, 3},
        {"rotation of two", {0x31, 0x32, 0x17}, 3},
        {"no such register", {0x92, 99, 0}, 3},
        {"frame base", {0x91, 0}, 2},
    };
    uintptr_t value;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (cfi_test_evaluate(bad[i].bytes, bad[i].size, NULL, &value))
            T_FAIL("accepted: %s", bad[i].why);
    }
}

T_TEST(cfi_expressions_survive_garbage, .procs = {1})
{
    uint8_t bytes[32];
    uintptr_t value;
    long accepted = 0, rounds = t_scale(200000);

    for (long i = 0; i < rounds; i++) {
        for (size_t j = 0; j < sizeof(bytes); j++)
            bytes[j] = (uint8_t)(t_rand() % 4 ? 0x30 + t_rand() % 0x50 : t_rand());
        accepted += cfi_test_evaluate(bytes, t_rand() % sizeof(bytes), NULL, &value);
    }
    T_GT(accepted, 0);
    T_LT(accepted, rounds);
}
