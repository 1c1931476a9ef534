/* SPDX-License-Identifier: MIT */
/*
 * One ELF file in memory and what symbolization asks of it.
 *
 * PICTURE     bytes --symbol_elf.c--> sections, function at an address
 *                                  \-symbol_unit.c--> compilation unit of an address
 *                                                 \-symbol_line.c--> file and line
 *             symbol_form.c reads the value formats that units and line tables share.
 *
 * INVARIANT   The bytes are believed in nothing: not in size, not in offsets, not in counts.
 *             A file that is garbage gives no answer, never a fault and never an endless loop.
 *             Addresses here are the file's own, before it was loaded anywhere.
 */
#ifndef LEAT_DEBUG_SYMBOL_ELF_H
#define LEAT_DEBUG_SYMBOL_ELF_H

#include "debug/cursor.h"

enum leat__section {
    LEAT_SECTION_SYMTAB,
    LEAT_SECTION_STRTAB,
    LEAT_SECTION_DYNSYM,
    LEAT_SECTION_DYNSTR,
    LEAT_SECTION_INFO,
    LEAT_SECTION_ABBREV,
    LEAT_SECTION_LINE,
    LEAT_SECTION_LINE_STR,
    LEAT_SECTION_STR,
    LEAT_SECTION_ARANGES,
    LEAT_SECTION_RANGES,
    LEAT_SECTION_RNGLISTS,
    LEAT_SECTION_ADDR,
    LEAT_SECTIONS
};

struct leat__image {
    const uint8_t *bytes;
    size_t size;
    struct leat__cursor section[LEAT_SECTIONS]; /* empty when missing or compressed */
};

/* What the value formats depend on. */
struct leat__form_context {
    const struct leat__image *image;
    uint16_t version;
    uint8_t address_size;
    bool wide; /* 64-bit DWARF: offsets have 8 bytes */
};

struct leat__form_value {
    uint64_t form;
    uint64_t number;
    const char *text; /* "" unless it is a string that could be found */
};

/* A compilation unit's root entry, as far as it leads to a line program. */
struct leat__unit {
    struct leat__form_context context;
    const char *directory;
    bool has_line;
    uint64_t line_offset;
    struct leat__form_value low;
    struct leat__form_value high;
    struct leat__form_value ranges;
    uint64_t address_base;
    uint64_t ranges_base;
};

struct leat__place {
    int line;
    char file[256];
};

bool leat__image_open(struct leat__image *image, const uint8_t *bytes, size_t size);

/* The section from an offset to its end; bad when the offset is outside. */
struct leat__cursor leat__image_at(const struct leat__image *image, enum leat__section section,
                                   uint64_t offset);

/* The name lives as long as the bytes. */
bool leat__image_function(const struct leat__image *image, uint64_t address, const char **name,
                          uint64_t *start);

/* The next value in the given form; an unknown form makes the cursor bad. */
struct leat__form_value leat__form_read(const struct leat__form_context *context,
                                        struct leat__cursor *cursor, uint64_t form);

/* The unit whose code includes the address and that has a line program. */
bool leat__unit_find(const struct leat__image *image, uint64_t address,
                     struct leat__unit *unit);

/* Runs the unit's line program; *place is only written on success. */
bool leat__line_find(const struct leat__unit *unit, uint64_t address,
                     struct leat__place *place);

#endif
