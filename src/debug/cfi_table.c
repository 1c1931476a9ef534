/* SPDX-License-Identifier: MIT */
/*
 * Finding the unwind record of an address.
 *
 * PICTURE     .eh_frame_hdr: version, three encodings, where .eh_frame is, how many records, and
 *             a table of (function, record) sorted by function, both as 32-bit distances from
 *             the header. A record (FDE) names its CIE, which holds what functions share.
 *
 *             A static program may lack the header; its records are then looked through one by
 *             one, which costs 10 to 20 microseconds a frame.
 *
 * INVARIANTS  1. Nothing is read outside the segment that holds .eh_frame_hdr: both sections
 *                are in it with GNU ld, gold, lld and mold alike.
 *             2. Every record is asked for with leat__peek_ok() before it is read: the library
 *                may have been unloaded since the picture of the modules was taken.
 *
 * REJECTED    A cache of rows: a frame costs two or three microseconds without.
 */
#include "debug/cfi.h"

enum {
    LEAT_PE_ABSOLUTE = 0x00,
    LEAT_PE_ULEB = 0x01,
    LEAT_PE_UDATA2 = 0x02,
    LEAT_PE_UDATA4 = 0x03,
    LEAT_PE_UDATA8 = 0x04,
    LEAT_PE_SLEB = 0x09,
    LEAT_PE_SDATA2 = 0x0a,
    LEAT_PE_SDATA4 = 0x0b,
    LEAT_PE_SDATA8 = 0x0c,
    LEAT_PE_FORMAT = 0x0f,
    LEAT_PE_FROM_HERE = 0x10,
    LEAT_PE_FROM_DATA = 0x30,
    LEAT_PE_BASE = 0x70,
    LEAT_PE_OMITTED = 0xff,
    LEAT_HDR_FIXED = 12, /* version, encodings, eh_frame, count: as every linker encodes it */
    LEAT_RECORD_MAX = 1 << 20
};

bool leat__cfi_pointer(struct leat__cursor *cursor, uint8_t encoding, uintptr_t *value)
{
    uintptr_t here = (uintptr_t)cursor->at;

    *value = 0;
    if (encoding == LEAT_PE_OMITTED)
        return true;
    switch (encoding & LEAT_PE_FORMAT) {
    case LEAT_PE_ABSOLUTE:
    case LEAT_PE_UDATA8:
    case LEAT_PE_SDATA8:
        *value = (uintptr_t)leat__cursor_u64(cursor);
        break;
    case LEAT_PE_ULEB:
        *value = (uintptr_t)leat__cursor_uleb(cursor);
        break;
    case LEAT_PE_SLEB:
        *value = (uintptr_t)leat__cursor_sleb(cursor);
        break;
    case LEAT_PE_UDATA2:
        *value = leat__cursor_u16(cursor);
        break;
    case LEAT_PE_SDATA2:
        *value = (uintptr_t)(int16_t)leat__cursor_u16(cursor);
        break;
    case LEAT_PE_UDATA4:
        *value = leat__cursor_u32(cursor);
        break;
    case LEAT_PE_SDATA4:
        *value = (uintptr_t)(int32_t)leat__cursor_u32(cursor);
        break;
    default:
        return false;
    }
    if ((encoding & LEAT_PE_BASE) == LEAT_PE_FROM_HERE)
        *value += here;
    else if ((encoding & LEAT_PE_BASE) != 0)
        return false;
    return !cursor->bad;
}

/* The unit at an address of the unwind segment; empty and bad when it is not all there. */
static struct leat__cursor fde_unit(struct leat__peek *peek, const struct leat__module *module,
                                    uintptr_t at)
{
    struct leat__cursor cursor = {.bad = true};
    struct leat__cursor unit;
    size_t size;
    bool wide;

    if (at < module->eh_lo || at >= module->eh_hi || module->eh_hi - at < 16 ||
        !leat__peek_ok(peek, at, 16))
        return cursor;
    size = module->eh_hi - at;
    cursor = leat__cursor_make((const uint8_t *)at, size);
    unit = leat__cursor_unit(&cursor, &wide);
    size = leat__cursor_left(&unit);
    /* The 64-bit form exists on paper only: no producer writes it into .eh_frame. */
    if (unit.bad || wide || size == 0 || size > LEAT_RECORD_MAX ||
        !leat__peek_ok(peek, at, size + 4))
        leat__cursor_fail(&unit);
    return unit;
}

static bool cie_augmentation(struct leat__cursor *unit, const char *letters,
                             struct leat__fde *fde)
{
    size_t size = (size_t)leat__cursor_uleb(unit);
    const uint8_t *bytes = leat__cursor_take(unit, size);
    struct leat__cursor data;
    uintptr_t personality;

    if (!bytes)
        return false;
    data = leat__cursor_make(bytes, size);
    for (; *letters; letters++) {
        switch (*letters) {
        case 'L':
            leat__cursor_u8(&data);
            break;
        case 'P':
            /* Its indirection bit is of no interest: the value is only stepped over. */
            if (!leat__cfi_pointer(&data, leat__cursor_u8(&data) & 0x7f, &personality))
                return false;
            break;
        case 'R':
            fde->pointer_encoding = leat__cursor_u8(&data);
            break;
        case 'S':
            fde->signal_frame = true;
            break;
        default: /* 'B' (which key signs return addresses), 'G' (tagged stack): no data */
            break;
        }
    }
    return !data.bad;
}

static bool cie_read(struct leat__cursor unit, struct leat__fde *fde)
{
    uint32_t id = leat__cursor_u32(&unit);
    uint8_t version = leat__cursor_u8(&unit);
    const char *augmentation = leat__cursor_string(&unit);

    if (id != 0 || (version != 1 && version != 3 && version != 4))
        return false;
    if (version == 4)
        leat__cursor_take(&unit, 2); /* sizes of an address and a segment selector */
    fde->code_align = leat__cursor_uleb(&unit);
    fde->data_align = leat__cursor_sleb(&unit);
    fde->ra_register = version == 1 ? leat__cursor_u8(&unit) : leat__cursor_uleb(&unit);
    fde->pointer_encoding = LEAT_PE_ABSOLUTE;
    fde->signal_frame = false;
    fde->augmented = augmentation[0] == 'z';
    if (fde->augmented && !cie_augmentation(&unit, augmentation + 1, fde))
        return false;
    if (!fde->augmented && augmentation[0] != '\0')
        return false; /* data of unknown size would follow */
    fde->initial = unit;
    return !unit.bad;
}

static bool fde_read(struct leat__peek *peek, const struct leat__module *module, uintptr_t at,
                     struct leat__fde *fde)
{
    struct leat__cursor unit = fde_unit(peek, module, at);
    uintptr_t cie_link = (uintptr_t)unit.at;
    uint32_t cie_distance = leat__cursor_u32(&unit);
    uintptr_t size;

    if (unit.bad || cie_distance == 0 ||
        !cie_read(fde_unit(peek, module, cie_link - cie_distance), fde))
        return false;
    if (!leat__cfi_pointer(&unit, fde->pointer_encoding, &fde->pc_lo) ||
        !leat__cfi_pointer(&unit, fde->pointer_encoding & LEAT_PE_FORMAT, &size))
        return false;
    fde->pc_hi = fde->pc_lo + size;
    if (fde->augmented)
        leat__cursor_take(&unit, leat__cursor_uleb(&unit));
    fde->program = unit;
    return !unit.bad;
}

/* The table's entry i: the function's address in *function, the record's returned. */
static uintptr_t fde_entry(struct leat__peek *peek, uintptr_t hdr, size_t i,
                           uintptr_t *function)
{
    uintptr_t at = hdr + LEAT_HDR_FIXED + i * 8;
    int32_t pair[2];

    if (!leat__peek_ok(peek, at, sizeof(pair)))
        return 0;
    memcpy(pair, (const void *)at, sizeof(pair));
    *function = hdr + (uintptr_t)pair[0];
    return hdr + (uintptr_t)pair[1];
}

/* The record of pc by the sorted table; 0 when it has none. */
static uintptr_t fde_search(struct leat__peek *peek, const struct leat__module *module,
                            uintptr_t pc)
{
    uintptr_t hdr = module->eh_frame_hdr;
    uintptr_t function, record = 0;
    struct leat__cursor cursor;
    size_t low = 0, high;

    if (module->eh_hi - hdr < LEAT_HDR_FIXED || !leat__peek_ok(peek, hdr, LEAT_HDR_FIXED))
        return 0;
    cursor = leat__cursor_make((const uint8_t *)hdr, LEAT_HDR_FIXED);
    if (leat__cursor_u32(&cursor) !=
        (1 | (LEAT_PE_FROM_HERE | LEAT_PE_SDATA4) << 8 | LEAT_PE_UDATA4 << 16 |
         (uint32_t)(LEAT_PE_FROM_DATA | LEAT_PE_SDATA4) << 24))
        return 0;
    leat__cursor_u32(&cursor);
    high = leat__cursor_u32(&cursor);
    if (high > (module->eh_hi - hdr - LEAT_HDR_FIXED) / 8)
        return 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uintptr_t candidate = fde_entry(peek, hdr, middle, &function);

        if (candidate == 0)
            return 0;
        if (function <= pc) {
            low = middle + 1;
            record = candidate;
        } else {
            high = middle;
        }
    }
    return record;
}

/* The same by reading every record: the section is a row of units, ended by an empty one. */
static bool fde_scan(struct leat__peek *peek, const struct leat__module *module, uintptr_t pc,
                     struct leat__fde *fde)
{
    uintptr_t at = module->eh_lo;

    while (at < module->eh_hi) {
        struct leat__cursor unit = fde_unit(peek, module, at);

        if (unit.bad)
            return false;
        if (fde_read(peek, module, at, fde) && pc - fde->pc_lo < fde->pc_hi - fde->pc_lo)
            return true;
        at = (uintptr_t)unit.end;
    }
    return false;
}

bool leat__fde_find(struct leat__peek *peek, const struct leat__module *module, uintptr_t pc,
                    struct leat__fde *fde)
{
    uintptr_t record;

    if (module->eh_frame_hdr == 0)
        return fde_scan(peek, module, pc, fde);
    record = fde_search(peek, module, pc);
    return record != 0 && fde_read(peek, module, record, fde) && pc >= fde->pc_lo &&
           pc < fde->pc_hi;
}
