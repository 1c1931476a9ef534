/* SPDX-License-Identifier: MIT */
/*
 * Finding the compilation unit of an address, and with it the line program to run.
 *
 * PICTURE     .debug_aranges -> offset of the unit in .debug_info -> its root entry (read with
 *             .debug_abbrev) -> stmt_list, the line program's offset; comp_dir.
 *
 * CHOICE      A line program must be run from its start, and all of them together may be tens
 *             of megabytes, so only one is run per address. .debug_aranges says which: gcc
 *             writes it. clang does not, and one program may hold objects of both; so what it
 *             does not answer is asked of the units themselves: only root entries are read,
 *             from one unit length to the next, and the unit's own ranges decide. That is some
 *             100 ns a unit.
 *
 * REJECTED    Walking functions in .debug_info: gives inlined callers too, for ten times the
 *             code. The line is that of the innermost inlined body, the name that of the
 *             function it was inlined into.
 */
#include "debug/symbol_elf.h"

enum {
    LEAT_AT_STMT_LIST = 0x10,
    LEAT_AT_LOW_PC = 0x11,
    LEAT_AT_HIGH_PC = 0x12,
    LEAT_AT_COMP_DIR = 0x1b,
    LEAT_AT_RANGES = 0x55,
    LEAT_AT_ADDR_BASE = 0x73,
    LEAT_AT_RNGLISTS_BASE = 0x74,
    LEAT_AT_GNU_RANGES_BASE = 0x2132,
    LEAT_AT_GNU_ADDR_BASE = 0x2133,
    LEAT_UT_TYPE = 2,
    LEAT_UT_SKELETON = 4,
    LEAT_UT_SPLIT_COMPILE = 5,
    LEAT_UT_SPLIT_TYPE = 6,
    LEAT_RLE_END = 0,
    LEAT_RLE_BASE_ADDRESSX = 1,
    LEAT_RLE_STARTX_ENDX = 2,
    LEAT_RLE_STARTX_LENGTH = 3,
    LEAT_RLE_OFFSET_PAIR = 4,
    LEAT_RLE_BASE_ADDRESS = 5,
    LEAT_RLE_START_END = 6,
    LEAT_RLE_START_LENGTH = 7,
    LEAT_UNIT_FORM_ADDR = 0x01,
    LEAT_UNIT_FORM_IMPLICIT_CONST = 0x21,
    LEAT_UNIT_FORM_RNGLISTX = 0x23
};

static bool unit_form_is_index(uint64_t form)
{
    return form == 0x1b || (form >= 0x29 && form <= 0x2c) || form == 0x1f01;
}

static uint64_t unit_indexed_address(const struct leat__unit *unit, uint64_t index)
{
    struct leat__cursor table = leat__image_at(unit->context.image, LEAT_SECTION_ADDR,
                                               unit->address_base);

    if (index > leat__cursor_left(&table))
        return 0;
    leat__cursor_take(&table, index * unit->context.address_size);
    return leat__cursor_fixed(&table, unit->context.address_size);
}

static uint64_t unit_address(const struct leat__unit *unit,
                             const struct leat__form_value *value)
{
    return unit_form_is_index(value->form) ? unit_indexed_address(unit, value->number)
                                           : value->number;
}

static void unit_take_attribute(struct leat__unit *unit, uint64_t attribute,
                                struct leat__form_value value)
{
    switch (attribute) {
    case LEAT_AT_STMT_LIST:
        unit->has_line = true;
        unit->line_offset = value.number;
        break;
    case LEAT_AT_LOW_PC:
        unit->low = value;
        break;
    case LEAT_AT_HIGH_PC:
        unit->high = value;
        break;
    case LEAT_AT_COMP_DIR:
        unit->directory = value.text;
        break;
    case LEAT_AT_RANGES:
        unit->ranges = value;
        break;
    case LEAT_AT_ADDR_BASE:
    case LEAT_AT_GNU_ADDR_BASE:
        unit->address_base = value.number;
        break;
    case LEAT_AT_RNGLISTS_BASE:
    case LEAT_AT_GNU_RANGES_BASE:
        unit->ranges_base = value.number;
        break;
    default:
        break;
    }
}

/* Puts the cursor on the attributes of an abbreviation. Roots have the first one, as a rule. */
static bool unit_abbreviation(struct leat__cursor *abbrev, uint64_t code)
{
    uint64_t found;

    while ((found = leat__cursor_uleb(abbrev)) != 0) {
        leat__cursor_uleb(abbrev); /* tag */
        leat__cursor_u8(abbrev);   /* has children */
        if (found == code)
            return !abbrev->bad;
        for (;;) {
            uint64_t attribute = leat__cursor_uleb(abbrev);
            uint64_t form = leat__cursor_uleb(abbrev);

            if (form == LEAT_UNIT_FORM_IMPLICIT_CONST)
                leat__cursor_sleb(abbrev);
            if (attribute == 0 && form == 0)
                break;
        }
    }
    return false;
}

/* Reads a unit's header and root entry from its content. */
static bool unit_read(struct leat__cursor unit_bytes, bool wide,
                      const struct leat__image *image, struct leat__unit *unit)
{
    struct leat__cursor *cursor = &unit_bytes;
    struct leat__form_context *context = &unit->context;
    unsigned offset_size = wide ? 8 : 4;
    uint64_t abbrev_offset;
    uint8_t type = 0;
    struct leat__cursor abbrev;

    memset(unit, 0, sizeof(*unit));
    unit->directory = "";
    context->image = image;
    context->wide = wide;
    context->version = leat__cursor_u16(cursor);
    if (context->version >= 5) {
        type = leat__cursor_u8(cursor);
        context->address_size = leat__cursor_u8(cursor);
        abbrev_offset = leat__cursor_fixed(cursor, offset_size);
    } else {
        abbrev_offset = leat__cursor_fixed(cursor, offset_size);
        context->address_size = leat__cursor_u8(cursor);
    }
    if (type == LEAT_UT_SKELETON || type == LEAT_UT_SPLIT_COMPILE)
        leat__cursor_take(cursor, 8);
    else if (type == LEAT_UT_TYPE || type == LEAT_UT_SPLIT_TYPE)
        leat__cursor_take(cursor, 8 + offset_size);
    if (cursor->bad || context->version < 2 || context->version > 5 ||
        (context->address_size != 8 && context->address_size != 4))
        return false;
    if (context->version >= 5)
        unit->address_base = 8; /* behind the header of .debug_addr, unless said otherwise */
    abbrev = leat__image_at(image, LEAT_SECTION_ABBREV, abbrev_offset);
    if (!unit_abbreviation(&abbrev, leat__cursor_uleb(cursor)))
        return false;
    for (;;) {
        uint64_t attribute = leat__cursor_uleb(&abbrev);
        uint64_t form = leat__cursor_uleb(&abbrev);

        if (form == LEAT_UNIT_FORM_IMPLICIT_CONST)
            leat__cursor_sleb(&abbrev);
        if (attribute == 0 && form == 0)
            return !cursor->bad && !abbrev.bad;
        unit_take_attribute(unit, attribute, leat__form_read(context, cursor, form));
    }
}

/* Whether a range has the address. One at 0 is code that the linker threw away. */
static bool unit_range_has(uint64_t low, uint64_t size, uint64_t address)
{
    return low != 0 && address - low < size;
}

/* .debug_ranges, DWARF 2 to 4: pairs relative to a base, ended by two zeroes. */
static bool unit_in_old_ranges(const struct leat__unit *unit, uint64_t address)
{
    unsigned size = unit->context.address_size;
    uint64_t largest = size == 8 ? UINT64_MAX : UINT32_MAX;
    uint64_t base = unit_address(unit, &unit->low);
    struct leat__cursor list = leat__image_at(unit->context.image, LEAT_SECTION_RANGES,
                                              unit->ranges_base + unit->ranges.number);

    while (leat__cursor_left(&list) > 0) {
        uint64_t low = leat__cursor_fixed(&list, size);
        uint64_t high = leat__cursor_fixed(&list, size);

        if (low == 0 && high == 0)
            return false;
        if (low == largest)
            base = high;
        else if (low < high && unit_range_has(base + low, high - low, address))
            return true;
    }
    return false;
}

/* One entry of .debug_rnglists; false at the end. An entry without a range leaves *size 0. */
static bool unit_next_range(const struct leat__unit *unit, struct leat__cursor *list,
                            uint64_t *base, uint64_t *low, uint64_t *size)
{
    unsigned width = unit->context.address_size;

    *size = 0;
    *low = 0;
    switch (leat__cursor_u8(list)) {
    case LEAT_RLE_BASE_ADDRESSX:
        *base = unit_indexed_address(unit, leat__cursor_uleb(list));
        break;
    case LEAT_RLE_STARTX_ENDX:
        *low = unit_indexed_address(unit, leat__cursor_uleb(list));
        *size = unit_indexed_address(unit, leat__cursor_uleb(list)) - *low;
        break;
    case LEAT_RLE_STARTX_LENGTH:
        *low = unit_indexed_address(unit, leat__cursor_uleb(list));
        *size = leat__cursor_uleb(list);
        break;
    case LEAT_RLE_OFFSET_PAIR:
        *low = leat__cursor_uleb(list);
        *size = leat__cursor_uleb(list) - *low;
        *low += *base;
        break;
    case LEAT_RLE_BASE_ADDRESS:
        *base = leat__cursor_fixed(list, width);
        break;
    case LEAT_RLE_START_END:
        *low = leat__cursor_fixed(list, width);
        *size = leat__cursor_fixed(list, width) - *low;
        break;
    case LEAT_RLE_START_LENGTH:
        *low = leat__cursor_fixed(list, width);
        *size = leat__cursor_uleb(list);
        break;
    default: /* LEAT_RLE_END and what is unknown */
        return false;
    }
    return !list->bad;
}

static bool unit_in_ranges(const struct leat__unit *unit, uint64_t address)
{
    const struct leat__image *image = unit->context.image;
    uint64_t base = unit_address(unit, &unit->low);
    uint64_t offset = unit->ranges.number;
    uint64_t low, size;
    struct leat__cursor list;

    if (unit->context.version < 5)
        return unit_in_old_ranges(unit, address);
    if (unit->ranges.form == LEAT_UNIT_FORM_RNGLISTX) {
        unsigned width = unit->context.wide ? 8 : 4;

        list = leat__image_at(image, LEAT_SECTION_RNGLISTS, unit->ranges_base);
        if (offset > leat__cursor_left(&list))
            return false;
        leat__cursor_take(&list, offset * width);
        offset = unit->ranges_base + leat__cursor_fixed(&list, width);
    }
    list = leat__image_at(image, LEAT_SECTION_RNGLISTS, offset);
    while (unit_next_range(unit, &list, &base, &low, &size)) {
        if (unit_range_has(low, size, address))
            return true;
    }
    return false;
}

static bool unit_covers(const struct leat__unit *unit, uint64_t address)
{
    uint64_t low, size;

    if (unit->ranges.form != 0)
        return unit_in_ranges(unit, address);
    if (unit->high.form == 0)
        return false;
    low = unit_address(unit, &unit->low);
    size = unit->high.number; /* a length, unless it is an address by its form */
    if (unit->high.form == LEAT_UNIT_FORM_ADDR || unit_form_is_index(unit->high.form))
        size = unit_address(unit, &unit->high) - low;
    return unit_range_has(low, size, address);
}

/* One set of .debug_aranges: the ranges of one unit. */
static bool unit_in_arange_set(struct leat__cursor set, const uint8_t *section, bool wide,
                               uint64_t address, uint64_t *info_offset)
{
    uint16_t version = leat__cursor_u16(&set);
    unsigned width;
    size_t position, pair;

    *info_offset = leat__cursor_fixed(&set, wide ? 8 : 4);
    width = leat__cursor_u8(&set);
    if (version != 2 || leat__cursor_u8(&set) != 0 || (width != 8 && width != 4))
        return false;
    position = (size_t)(set.at - section); /* pairs are aligned to their size */
    pair = 2 * (size_t)width;
    leat__cursor_take(&set, (pair - position % pair) % pair);
    while (leat__cursor_left(&set) > 0) {
        uint64_t low = leat__cursor_fixed(&set, width);
        uint64_t length = leat__cursor_fixed(&set, width);

        if (unit_range_has(low, length, address))
            return true;
    }
    return false;
}

static bool unit_from_aranges(const struct leat__image *image, uint64_t address,
                              struct leat__unit *unit)
{
    struct leat__cursor sets = image->section[LEAT_SECTION_ARANGES];
    uint64_t info_offset;
    bool wide;

    while (leat__cursor_left(&sets) > 0) {
        const uint8_t *start = sets.at;
        struct leat__cursor set = leat__cursor_unit(&sets, &wide);

        if (unit_in_arange_set(set, start, wide, address, &info_offset)) {
            struct leat__cursor info = leat__image_at(image, LEAT_SECTION_INFO, info_offset);

            set = leat__cursor_unit(&info, &wide);
            return unit_read(set, wide, image, unit) && unit->has_line;
        }
    }
    return false;
}

bool leat__unit_find(const struct leat__image *image, uint64_t address, struct leat__unit *unit)
{
    struct leat__cursor info = image->section[LEAT_SECTION_INFO];
    bool wide;

    if (unit_from_aranges(image, address, unit))
        return true;
    while (leat__cursor_left(&info) > 0) {
        struct leat__cursor bytes = leat__cursor_unit(&info, &wide);

        if (unit_read(bytes, wide, image, unit) && unit->has_line && unit_covers(unit, address))
            return true;
    }
    return false;
}
