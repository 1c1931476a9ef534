/* SPDX-License-Identifier: MIT */
/*
 * The formats in which DWARF 2 to 5 stores a value, shared by units and line tables.
 *
 * Each form is either a string, a number, or bytes to step over; stepping over must be exact,
 * because the values have no lengths of their own and the next one starts where this one ends.
 * Strings that are in another file (dwz's common file, split DWARF) read as "".
 */
#include "debug/symbol_elf.h"

enum {
    LEAT_FORM_ADDR = 0x01,
    LEAT_FORM_BLOCK2 = 0x03,
    LEAT_FORM_BLOCK4 = 0x04,
    LEAT_FORM_DATA2 = 0x05,
    LEAT_FORM_DATA4 = 0x06,
    LEAT_FORM_DATA8 = 0x07,
    LEAT_FORM_STRING = 0x08,
    LEAT_FORM_BLOCK = 0x09,
    LEAT_FORM_BLOCK1 = 0x0a,
    LEAT_FORM_DATA1 = 0x0b,
    LEAT_FORM_FLAG = 0x0c,
    LEAT_FORM_SDATA = 0x0d,
    LEAT_FORM_STRP = 0x0e,
    LEAT_FORM_UDATA = 0x0f,
    LEAT_FORM_REF_ADDR = 0x10,
    LEAT_FORM_REF1 = 0x11,
    LEAT_FORM_REF2 = 0x12,
    LEAT_FORM_REF4 = 0x13,
    LEAT_FORM_REF8 = 0x14,
    LEAT_FORM_REF_UDATA = 0x15,
    LEAT_FORM_INDIRECT = 0x16,
    LEAT_FORM_SEC_OFFSET = 0x17,
    LEAT_FORM_EXPRLOC = 0x18,
    LEAT_FORM_FLAG_PRESENT = 0x19,
    LEAT_FORM_STRX = 0x1a,
    LEAT_FORM_ADDRX = 0x1b,
    LEAT_FORM_REF_SUP4 = 0x1c,
    LEAT_FORM_STRP_SUP = 0x1d,
    LEAT_FORM_DATA16 = 0x1e,
    LEAT_FORM_LINE_STRP = 0x1f,
    LEAT_FORM_REF_SIG8 = 0x20,
    LEAT_FORM_IMPLICIT_CONST = 0x21,
    LEAT_FORM_LOCLISTX = 0x22,
    LEAT_FORM_RNGLISTX = 0x23,
    LEAT_FORM_REF_SUP8 = 0x24,
    LEAT_FORM_STRX1 = 0x25,
    LEAT_FORM_STRX2 = 0x26,
    LEAT_FORM_STRX3 = 0x27,
    LEAT_FORM_STRX4 = 0x28,
    LEAT_FORM_ADDRX1 = 0x29,
    LEAT_FORM_ADDRX2 = 0x2a,
    LEAT_FORM_ADDRX3 = 0x2b,
    LEAT_FORM_ADDRX4 = 0x2c,
    LEAT_FORM_GNU_ADDR_INDEX = 0x1f01,
    LEAT_FORM_GNU_STR_INDEX = 0x1f02,
    LEAT_FORM_GNU_REF_ALT = 0x1f20,
    LEAT_FORM_GNU_STRP_ALT = 0x1f21
};

/* Bytes of a form of fixed size; 0 for the others. */
static unsigned form_size(const struct leat__form_context *context, uint64_t form)
{
    switch (form) {
    case LEAT_FORM_DATA1:
    case LEAT_FORM_FLAG:
    case LEAT_FORM_REF1:
    case LEAT_FORM_STRX1:
    case LEAT_FORM_ADDRX1:
        return 1;
    case LEAT_FORM_DATA2:
    case LEAT_FORM_REF2:
    case LEAT_FORM_STRX2:
    case LEAT_FORM_ADDRX2:
        return 2;
    case LEAT_FORM_STRX3:
    case LEAT_FORM_ADDRX3:
        return 3;
    case LEAT_FORM_DATA4:
    case LEAT_FORM_REF4:
    case LEAT_FORM_REF_SUP4:
    case LEAT_FORM_STRX4:
    case LEAT_FORM_ADDRX4:
        return 4;
    case LEAT_FORM_DATA8:
    case LEAT_FORM_REF8:
    case LEAT_FORM_REF_SIG8:
    case LEAT_FORM_REF_SUP8:
        return 8;
    case LEAT_FORM_ADDR:
        return context->address_size;
    case LEAT_FORM_REF_ADDR:
        if (context->version == 2)
            return context->address_size;
        return context->wide ? 8 : 4;
    case LEAT_FORM_STRP:
    case LEAT_FORM_LINE_STRP:
    case LEAT_FORM_SEC_OFFSET:
    case LEAT_FORM_STRP_SUP:
    case LEAT_FORM_GNU_REF_ALT:
    case LEAT_FORM_GNU_STRP_ALT:
        return context->wide ? 8 : 4;
    default:
        return 0;
    }
}

static void form_step_over(struct leat__cursor *cursor, uint64_t size)
{
    leat__cursor_take(cursor, size);
}

static const char *form_string(const struct leat__form_context *context,
                               enum leat__section section, uint64_t offset)
{
    struct leat__cursor strings = leat__image_at(context->image, section, offset);

    return leat__cursor_string(&strings);
}

static void form_variable(struct leat__cursor *cursor, struct leat__form_value *value)
{
    switch (value->form) {
    case LEAT_FORM_STRING:
        value->text = leat__cursor_string(cursor);
        break;
    case LEAT_FORM_UDATA:
    case LEAT_FORM_REF_UDATA:
    case LEAT_FORM_STRX:
    case LEAT_FORM_ADDRX:
    case LEAT_FORM_LOCLISTX:
    case LEAT_FORM_RNGLISTX:
    case LEAT_FORM_GNU_ADDR_INDEX:
    case LEAT_FORM_GNU_STR_INDEX:
        value->number = leat__cursor_uleb(cursor);
        break;
    case LEAT_FORM_SDATA:
        value->number = (uint64_t)leat__cursor_sleb(cursor);
        break;
    case LEAT_FORM_BLOCK1:
        form_step_over(cursor, leat__cursor_u8(cursor));
        break;
    case LEAT_FORM_BLOCK2:
        form_step_over(cursor, leat__cursor_u16(cursor));
        break;
    case LEAT_FORM_BLOCK4:
        form_step_over(cursor, leat__cursor_u32(cursor));
        break;
    case LEAT_FORM_BLOCK:
    case LEAT_FORM_EXPRLOC:
        form_step_over(cursor, leat__cursor_uleb(cursor));
        break;
    case LEAT_FORM_DATA16:
        form_step_over(cursor, 16);
        break;
    case LEAT_FORM_FLAG_PRESENT:
    case LEAT_FORM_IMPLICIT_CONST: /* the value is with the form, in the abbreviation */
        break;
    default:
        leat__cursor_fail(cursor);
        break;
    }
}

struct leat__form_value leat__form_read(const struct leat__form_context *context,
                                        struct leat__cursor *cursor, uint64_t form)
{
    struct leat__form_value value = {.form = form, .text = ""};
    unsigned size;

    if (form == LEAT_FORM_INDIRECT)
        value.form = leat__cursor_uleb(cursor); /* a second "indirect" is refused below */
    size = form_size(context, value.form);
    if (size == 0)
        form_variable(cursor, &value);
    else
        value.number = leat__cursor_fixed(cursor, size);
    if (value.form == LEAT_FORM_STRP)
        value.text = form_string(context, LEAT_SECTION_STR, value.number);
    else if (value.form == LEAT_FORM_LINE_STRP)
        value.text = form_string(context, LEAT_SECTION_LINE_STR, value.number);
    return value;
}
