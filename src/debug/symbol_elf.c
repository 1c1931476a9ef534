/* SPDX-License-Identifier: MIT */
/*
 * Sections and symbols of an ELF file (64-bit, little-endian: what leat runs on).
 *
 * CHOICE      The symbol of an address is found by one pass over .symtab, else .dynsym. A pass
 *             costs about 3 ns a symbol, and answers are cached by symbol.c; a dump asks for
 *             some hundreds of distinct addresses. A sorted index would need memory.
 *
 * WHICH NAME  Of several symbols that cover an address: the innermost, then global before weak
 *             before local, then a function before an untyped label. A symbol without a size
 *             (assembly) covers what follows it in its section, if no sized one covers that.
 *             AArch64's mapping symbols ($x, $d) are no names.
 */
#include "debug/symbol_elf.h"

#include <elf.h>

static const char *const elf_debug_names[LEAT_SECTIONS] = {
    [LEAT_SECTION_INFO] = ".debug_info",     [LEAT_SECTION_ABBREV] = ".debug_abbrev",
    [LEAT_SECTION_LINE] = ".debug_line",     [LEAT_SECTION_LINE_STR] = ".debug_line_str",
    [LEAT_SECTION_STR] = ".debug_str",       [LEAT_SECTION_ARANGES] = ".debug_aranges",
    [LEAT_SECTION_RANGES] = ".debug_ranges", [LEAT_SECTION_RNGLISTS] = ".debug_rnglists",
    [LEAT_SECTION_ADDR] = ".debug_addr",
};

static bool elf_header(const struct leat__image *image, Elf64_Ehdr *ehdr)
{
    if (image->size < sizeof(*ehdr))
        return false;
    memcpy(ehdr, image->bytes, sizeof(*ehdr));
    return memcmp(ehdr->e_ident, ELFMAG, SELFMAG) == 0 &&
           ehdr->e_ident[EI_CLASS] == ELFCLASS64 && ehdr->e_ident[EI_DATA] == ELFDATA2LSB &&
           ehdr->e_shentsize == sizeof(Elf64_Shdr);
}

static bool elf_section_header(const struct leat__image *image, const Elf64_Ehdr *ehdr,
                               uint64_t index, Elf64_Shdr *shdr)
{
    struct leat__cursor all = leat__cursor_make(image->bytes, image->size);
    const uint8_t *bytes;

    leat__cursor_take(&all, ehdr->e_shoff);
    leat__cursor_take(&all, index * sizeof(*shdr));
    bytes = leat__cursor_take(&all, sizeof(*shdr));
    if (!bytes || ehdr->e_shoff == 0)
        return false;
    memcpy(shdr, bytes, sizeof(*shdr));
    return true;
}

static struct leat__cursor elf_content(const struct leat__image *image, const Elf64_Shdr *shdr)
{
    struct leat__cursor content = leat__cursor_make(image->bytes, image->size);
    const uint8_t *bytes;

    if (shdr->sh_type == SHT_NOBITS || (shdr->sh_flags & SHF_COMPRESSED))
        return leat__cursor_make(image->bytes, 0);
    leat__cursor_take(&content, shdr->sh_offset);
    bytes = leat__cursor_take(&content, shdr->sh_size);
    return bytes ? leat__cursor_make(bytes, shdr->sh_size) : leat__cursor_make(image->bytes, 0);
}

static void elf_name_section(struct leat__image *image, const char *name,
                             struct leat__cursor content)
{
    for (int i = LEAT_SECTION_INFO; i < LEAT_SECTIONS; i++) {
        if (strcmp(name, elf_debug_names[i]) == 0)
            image->section[i] = content;
    }
}

bool leat__image_open(struct leat__image *image, const uint8_t *bytes, size_t size)
{
    struct leat__cursor names, name;
    Elf64_Ehdr ehdr;
    Elf64_Shdr shdr, linked;
    uint64_t count, names_index;

    image->bytes = bytes;
    image->size = size;
    for (int i = 0; i < LEAT_SECTIONS; i++)
        image->section[i] = leat__cursor_make(bytes, 0);
    if (!elf_header(image, &ehdr))
        return false;
    if (!elf_section_header(image, &ehdr, 0, &shdr))
        return true; /* stripped of its section headers: still an ELF file */
    /* The first header holds what does not fit into 16 bits. */
    count = ehdr.e_shnum ? ehdr.e_shnum : shdr.sh_size;
    names_index = ehdr.e_shstrndx == SHN_XINDEX ? shdr.sh_link : ehdr.e_shstrndx;
    if (!elf_section_header(image, &ehdr, names_index, &shdr))
        return true;
    names = elf_content(image, &shdr);
    for (uint64_t i = 1; i < count && elf_section_header(image, &ehdr, i, &shdr); i++) {
        if (shdr.sh_type == SHT_SYMTAB || shdr.sh_type == SHT_DYNSYM) {
            int at = shdr.sh_type == SHT_SYMTAB ? LEAT_SECTION_SYMTAB : LEAT_SECTION_DYNSYM;

            image->section[at] = elf_content(image, &shdr);
            if (elf_section_header(image, &ehdr, shdr.sh_link, &linked))
                image->section[at + 1] = elf_content(image, &linked);
            continue;
        }
        name = names;
        leat__cursor_take(&name, shdr.sh_name);
        elf_name_section(image, leat__cursor_string(&name), elf_content(image, &shdr));
    }
    return true;
}

struct leat__cursor leat__image_at(const struct leat__image *image, enum leat__section section,
                                   uint64_t offset)
{
    struct leat__cursor cursor = image->section[section];

    leat__cursor_take(&cursor, offset);
    return cursor;
}

static int elf_binding_rank(const Elf64_Sym *symbol)
{
    int binding = ELF64_ST_BIND(symbol->st_info);

    return binding == STB_GLOBAL ? 2 : binding == STB_WEAK ? 1 : 0;
}

/* Whether a, which starts at or before the address as b does, names it better. */
static bool elf_better(const Elf64_Sym *a, const Elf64_Sym *b)
{
    if ((a->st_size == 0) != (b->st_size == 0))
        return a->st_size != 0;
    if (a->st_value != b->st_value)
        return a->st_value > b->st_value;
    if (elf_binding_rank(a) != elf_binding_rank(b))
        return elf_binding_rank(a) > elf_binding_rank(b);
    return ELF64_ST_TYPE(a->st_info) == STT_FUNC && ELF64_ST_TYPE(b->st_info) != STT_FUNC;
}

static const char *elf_symbol_name(const struct leat__image *image, int strings,
                                   const Elf64_Sym *symbol)
{
    struct leat__cursor at = leat__image_at(image, (enum leat__section)strings,
                                            symbol->st_name);

    return leat__cursor_string(&at);
}

/* A name for code, at or before the address, that reaches it. */
static bool elf_covers(const Elf64_Sym *symbol, uint64_t address)
{
    int type = ELF64_ST_TYPE(symbol->st_info);

    return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS &&
           (type == STT_FUNC || type == STT_NOTYPE || type == STT_GNU_IFUNC) &&
           symbol->st_value <= address &&
           (symbol->st_size == 0 || address - symbol->st_value < symbol->st_size);
}

static bool elf_search(const struct leat__image *image, int table, uint64_t address,
                       const char **name, uint64_t *start)
{
    struct leat__cursor symbols = image->section[table];
    Elf64_Sym symbol, best = {0};
    Elf64_Ehdr ehdr;
    Elf64_Shdr shdr;
    const uint8_t *bytes;

    *name = "";
    while ((bytes = leat__cursor_take(&symbols, sizeof(symbol)))) {
        const char *candidate;

        memcpy(&symbol, bytes, sizeof(symbol));
        if (!elf_covers(&symbol, address) || (**name && !elf_better(&symbol, &best)))
            continue;
        candidate = elf_symbol_name(image, table + 1, &symbol);
        if (*candidate == '\0' || *candidate == '$')
            continue;
        *name = candidate;
        best = symbol;
    }
    *start = best.st_value;
    if (**name == '\0')
        return false;
    if (best.st_size != 0)
        return true;
    return elf_header(image, &ehdr) && elf_section_header(image, &ehdr, best.st_shndx, &shdr) &&
           address - shdr.sh_addr < shdr.sh_size;
}

bool leat__image_function(const struct leat__image *image, uint64_t address, const char **name,
                          uint64_t *start)
{
    return elf_search(image, LEAT_SECTION_SYMTAB, address, name, start) ||
           elf_search(image, LEAT_SECTION_DYNSYM, address, name, start);
}
