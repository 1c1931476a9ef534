/* SPDX-License-Identifier: MIT */
/*
 * Running a line program of DWARF 2 to 5 until it passes an address.
 *
 * PICTURE     header (sizes, directories, files) | program --> rows (address, file, line) in
 *             sequences of rising addresses. The row of an address is the last one at or before
 *             it in a sequence that goes on past it.
 *
 * INVARIANTS  1. Every instruction takes at least one byte, so the program's size bounds its
 *                run, and nothing it says can make the machine go back.
 *             2. A sequence at address 0 or at the very top is code the linker threw away; its
 *                numbers overlap real ones and it is not looked at.
 *
 * LINE 0      means that no line made this code; that is the answer, not the line before.
 */
#include "debug/symbol_elf.h"

enum {
    LEAT_LNS_EXTENDED = 0,
    LEAT_LNS_COPY = 1,
    LEAT_LNS_ADVANCE_PC = 2,
    LEAT_LNS_ADVANCE_LINE = 3,
    LEAT_LNS_SET_FILE = 4,
    LEAT_LNS_CONST_ADD_PC = 8,
    LEAT_LNS_FIXED_ADVANCE_PC = 9,
    LEAT_LNE_END_SEQUENCE = 1,
    LEAT_LNE_SET_ADDRESS = 2,
    LEAT_LNCT_PATH = 1,
    LEAT_LNCT_DIRECTORY = 2
};

struct line_header {
    struct leat__form_context context;
    uint8_t min_length;
    uint8_t max_operations; /* instructions in a VLIW bundle; 1 where leat runs */
    int8_t line_base;
    uint8_t line_range;
    uint8_t opcode_base;
    const uint8_t *operands; /* how many each standard opcode has, from opcode 1 on */
    struct leat__cursor tables;
    struct leat__cursor program;
};

struct line_row {
    uint64_t address;
    uint64_t file;
    uint64_t line;
};

struct line_machine {
    struct line_row now;
    struct line_row before; /* the last row put out in this sequence */
    bool begun;             /* before is one */
    bool dead;              /* the sequence was thrown away */
    uint64_t operation;
};

static bool line_header_read(const struct leat__unit *unit, struct line_header *header)
{
    struct leat__cursor section = leat__image_at(unit->context.image, LEAT_SECTION_LINE,
                                                 unit->line_offset);
    struct leat__cursor cursor = leat__cursor_unit(&section, &header->context.wide);
    uint64_t size;

    header->context.image = unit->context.image;
    header->context.version = leat__cursor_u16(&cursor);
    header->context.address_size = unit->context.address_size;
    if (cursor.bad || header->context.version < 2 || header->context.version > 5)
        return false;
    if (header->context.version >= 5) {
        header->context.address_size = leat__cursor_u8(&cursor);
        leat__cursor_u8(&cursor); /* size of a segment selector */
    }
    size = leat__cursor_fixed(&cursor, header->context.wide ? 8 : 4);
    header->program = cursor;
    leat__cursor_take(&header->program, size);
    header->min_length = leat__cursor_u8(&cursor);
    header->max_operations = header->context.version >= 4 ? leat__cursor_u8(&cursor) : 1;
    leat__cursor_u8(&cursor); /* whether rows are statements at first */
    header->line_base = (int8_t)leat__cursor_u8(&cursor);
    header->line_range = leat__cursor_u8(&cursor);
    header->opcode_base = leat__cursor_u8(&cursor);
    if (header->opcode_base == 0 || header->line_range == 0 || header->max_operations == 0)
        return false;
    header->operands = leat__cursor_take(&cursor, header->opcode_base - 1u);
    header->tables = cursor;
    return !cursor.bad && !header->program.bad;
}

static void line_advance(const struct line_header *header, struct line_machine *machine,
                         uint64_t operations)
{
    uint64_t total = machine->operation + operations;

    machine->now.address += header->min_length * (total / header->max_operations);
    machine->operation = total % header->max_operations;
}

/* Puts out the current row; true when the row before it is that of the address. */
static bool line_emit(struct line_machine *machine, uint64_t address)
{
    bool hit = machine->begun && !machine->dead && machine->before.address <= address &&
               address < machine->now.address;

    if (!hit) {
        machine->before = machine->now;
        machine->begun = true;
    }
    return hit;
}

static void line_restart(struct line_machine *machine)
{
    memset(machine, 0, sizeof(*machine));
    machine->now.file = 1;
    machine->now.line = 1;
    machine->dead = true; /* until it is given an address */
}

static bool line_extended(struct leat__cursor *program, struct line_machine *machine,
                          uint64_t address)
{
    uint64_t size = leat__cursor_uleb(program);
    const uint8_t *bytes = leat__cursor_take(program, size);
    struct leat__cursor content;
    uint8_t op;

    if (!bytes || size == 0)
        return false;
    content = leat__cursor_make(bytes, (size_t)size);
    op = leat__cursor_u8(&content);
    if (op == LEAT_LNE_END_SEQUENCE) {
        if (line_emit(machine, address))
            return true;
        line_restart(machine);
    } else if (op == LEAT_LNE_SET_ADDRESS && size <= 9) {
        uint64_t start = leat__cursor_fixed(&content, (unsigned)(size - 1));

        machine->now.address = start;
        machine->operation = 0;
        machine->dead = start == 0 || start >= UINT64_MAX - 1 || start == UINT32_MAX;
    }
    return false;
}

static bool line_standard(const struct line_header *header, struct leat__cursor *program,
                          struct line_machine *machine, uint8_t op, uint64_t address)
{
    switch (op) {
    case LEAT_LNS_COPY:
        return line_emit(machine, address);
    case LEAT_LNS_ADVANCE_PC:
        line_advance(header, machine, leat__cursor_uleb(program));
        break;
    case LEAT_LNS_ADVANCE_LINE:
        machine->now.line += (uint64_t)leat__cursor_sleb(program);
        break;
    case LEAT_LNS_SET_FILE:
        machine->now.file = leat__cursor_uleb(program);
        break;
    case LEAT_LNS_CONST_ADD_PC:
        line_advance(header, machine, (255u - header->opcode_base) / header->line_range);
        break;
    case LEAT_LNS_FIXED_ADVANCE_PC:
        machine->now.address += leat__cursor_u16(program);
        machine->operation = 0;
        break;
    default: /* columns, statement and block marks, and what a later version may add */
        for (unsigned i = header->operands[op - 1]; i > 0; i--)
            leat__cursor_uleb(program);
        break;
    }
    return false;
}

/* The row of the address in *row. */
static bool line_run(const struct line_header *header, uint64_t address, struct line_row *row)
{
    struct leat__cursor program = header->program;
    struct line_machine machine;
    bool hit = false;

    line_restart(&machine);
    while (!hit && leat__cursor_left(&program) > 0) {
        uint8_t op = leat__cursor_u8(&program);

        if (op >= header->opcode_base) {
            unsigned special = (unsigned)op - header->opcode_base;

            line_advance(header, &machine, special / header->line_range);
            machine.now.line += (uint64_t)(header->line_base +
                                           (int)(special % header->line_range));
            hit = line_emit(&machine, address);
        } else if (op == LEAT_LNS_EXTENDED) {
            hit = line_extended(&program, &machine, address);
        } else {
            hit = line_standard(header, &program, &machine, op, address);
        }
    }
    *row = machine.before;
    return hit;
}

/*
 * An entry of a DWARF 5 table (directories, then files): its path in *path, its directory in
 * *directory. Moves the cursor behind the table, so the second table is read after the first.
 */
static void line_table_entry(const struct line_header *header, struct leat__cursor *cursor,
                             uint64_t wanted, const char **path, uint64_t *directory)
{
    unsigned columns = leat__cursor_u8(cursor);
    struct leat__cursor format = *cursor;
    uint64_t count;

    for (unsigned i = 0; i < 2 * columns; i++)
        leat__cursor_uleb(cursor);
    count = leat__cursor_uleb(cursor);
    for (uint64_t i = 0; i < count && leat__cursor_left(cursor) > 0; i++) {
        struct leat__cursor column = format;
        const uint8_t *before = cursor->at;

        for (unsigned j = 0; j < columns; j++) {
            uint64_t type = leat__cursor_uleb(&column);
            struct leat__form_value value = leat__form_read(&header->context, cursor,
                                                            leat__cursor_uleb(&column));

            if (i == wanted && type == LEAT_LNCT_PATH)
                *path = value.text;
            if (i == wanted && type == LEAT_LNCT_DIRECTORY)
                *directory = value.number;
        }
        if (cursor->at == before)
            return; /* entries without bytes have no number either */
    }
}

/* Entry `wanted` (from 1) of a list of strings that an empty one ends. */
static const char *line_old_directory(struct leat__cursor *cursor, uint64_t wanted)
{
    const char *found = "";
    const char *name;

    for (uint64_t i = 1; *(name = leat__cursor_string(cursor)) != '\0'; i++) {
        if (i == wanted)
            found = name;
    }
    return found;
}

static const char *line_old_file(struct leat__cursor *cursor, uint64_t wanted,
                                 uint64_t *directory)
{
    const char *name;

    for (uint64_t i = 1; *(name = leat__cursor_string(cursor)) != '\0'; i++) {
        *directory = leat__cursor_uleb(cursor);
        leat__cursor_uleb(cursor); /* time */
        leat__cursor_uleb(cursor); /* size */
        if (i == wanted)
            return name;
    }
    return "";
}

/* Joins up to three parts with slashes; what is too long keeps its end, after "...". */
static void line_join(const char *const *part, int count, struct leat__place *place)
{
    const size_t room = sizeof(place->file) - 1;
    size_t total = 0;
    size_t skip, out = 0, in = 0;

    for (int i = 0; i < count; i++)
        total += strlen(part[i]) + (i > 0);
    skip = total > room ? total - room + 3 : 0;
    if (skip > 0)
        for (; out < 3; out++)
            place->file[out] = '.';
    for (int i = 0; i < count; i++) {
        if (i > 0 && in++ >= skip)
            place->file[out++] = '/';
        for (const char *c = part[i]; *c; c++) {
            if (in++ >= skip)
                place->file[out++] = *c;
        }
    }
    place->file[out] = '\0';
}

static void line_path(const struct leat__unit *unit, const struct line_header *header,
                      uint64_t file, struct leat__place *place)
{
    struct leat__cursor tables = header->tables;
    const char *name = "";
    const char *base = unit->directory;
    const char *directory = "";
    const char *part[3];
    uint64_t index = 0;
    int count = 0;

    if (header->context.version >= 5) {
        struct leat__cursor again = tables;

        line_table_entry(header, &tables, 0, &base, &index);
        line_table_entry(header, &tables, file, &name, &index);
        if (index > 0)
            line_table_entry(header, &again, index, &directory, &index);
    } else {
        struct leat__cursor files = tables;

        line_old_directory(&files, 0);
        name = line_old_file(&files, file, &index);
        directory = line_old_directory(&tables, index);
    }
    if (*name != '/' && *directory != '/' && *base)
        part[count++] = base;
    if (*name != '/' && *directory)
        part[count++] = directory;
    part[count++] = name;
    place->file[0] = '\0';
    if (*name)
        line_join(part, count, place);
}

bool leat__line_find(const struct leat__unit *unit, uint64_t address, struct leat__place *place)
{
    struct line_header header;
    struct line_row row;

    if (!line_header_read(unit, &header) || !line_run(&header, address, &row))
        return false;
    place->line = row.line <= INT32_MAX ? (int)row.line : 0;
    line_path(unit, &header, row.file, place);
    return true;
}
