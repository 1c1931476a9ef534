/* SPDX-License-Identifier: MIT */
/* errno: put back as it was found; nothing in between can switch goroutines */
/*
 * The modules of the process: which ELF file covers a code address, and where its unwind table
 * and its file are.
 *
 * PICTURE     /proc/self/maps --refresh--> table[0] | table[1] <--find-- unwinder, symbolizer
 *             Two tables; `modules_generation` counts finished refreshes and its lowest bit
 *             names the table in force. The one writer fills the other table and then counts.
 *
 * INVARIANTS  1. A module in the table had an executable mapping of a file whose start was mapped
 *                before it. (A file merely mapped for reading, as the symbolizer does itself,
 *                is not a module.) Nothing of it is read before an address in it is asked for:
 *                there are mappings that are not the program's, such as Valgrind's own.
 *             2. A module that was found has an ELF header; its eh_frame_hdr is 0 or inside
 *                [eh_lo, eh_hi).
 *             3. The last byte of a table's text is 0, so a torn path still ends.
 *
 * PROTOCOL    Finding is possible in any signal handler at any time, even in one that interrupted
 *             a refresh. Who dumps takes a new picture first; nobody refreshes on a miss, for a
 *             dump of ten thousand damaged stacks would then read the maps as often.
 *
 * ORDERING    Finder: load generation (acquire), copy the entry, acquire fence, load generation
 *             again; equal means that no writer has begun to reuse this table, because a writer
 *             reuses it only after having counted up (its stores follow a seq_cst fence).
 *
 * REJECTED    dl_iterate_phdr: takes the loader's lock, which a thread frozen by the dump may
 *             hold for ever. _Unwind_Find_FDE: lock-free through _dl_find_object on glibc 2.35
 *             with gcc 12's libgcc, but takes the lock above on anything older, and a mutex of
 *             its own as soon as one frame was registered by hand. _dl_find_object itself: not
 *             in older glibc nor in musl. The loader's link_map list: lives on the malloc heap,
 *             which may be what is corrupt. The kernel's list is true whatever the process did.
 *
 * STATIC      gcc -static leaves the sorted unwind table out unless told -Wl,--eh-frame-hdr.
 *             .eh_frame is still there, but only the section headers know where; those are not
 *             loaded, so the program's file is asked, once a picture.
 *
 * LIMIT       Without /proc only the main program is known (from the auxiliary vector): all there
 *             is in a static program, which is what lives in such places.
 *
 * PROOF       symbol_test.c, unwind_test.c: static, PIE, shared, vdso, reloaded libraries.
 */
#define _GNU_SOURCE 1
#include "debug/module.h"

#include "debug/peek.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

enum {
    LEAT_MODULES = 256,
    LEAT_MODULE_TEXT = 32768,
    LEAT_MODULE_PHDRS = 64, /* more than any linker makes */
    LEAT_MAPS_BUFFER = 8192 /* a line has at most about 80 + PATH_MAX bytes */
};

struct module_table {
    size_t count;
    size_t text_used;
    struct leat__module module[LEAT_MODULES];
    char text[LEAT_MODULE_TEXT];
    /* The main program's .eh_frame, if it has no PT_GNU_EH_FRAME; else 0. */
    uintptr_t main_header;
    uintptr_t main_frames_lo;
    uintptr_t main_frames_hi;
};

static struct module_table module_tables[2]; /* the one not in force: holder of module_busy */
static atomic_uint modules_generation;
static atomic_flag module_busy = ATOMIC_FLAG_INIT;
static char module_maps[LEAT_MAPS_BUFFER]; /* holder of module_busy only */
/* Where the maps last showed the start of a file; holder of module_busy only. */
static uintptr_t module_start;
static char module_start_path[LEAT_MAPS_BUFFER];

static const char *module_keep_text(struct module_table *table, const char *text)
{
    size_t size = strlen(text) + 1;
    char *kept = &table->text[table->text_used];

    if (size >= sizeof(table->text) - table->text_used)
        return "";
    memcpy(kept, text, size);
    table->text_used += size;
    return kept;
}

/* An executable mapping of the file whose start was seen at module_start. */
static void module_see_code(struct module_table *table, uintptr_t start, uintptr_t end,
                            const char *path)
{
    struct leat__module *module = &table->module[table->count];

    if (table->count == LEAT_MODULES)
        return;
    memset(module, 0, sizeof(*module));
    module->text_lo = start;
    module->text_hi = end;
    module->header = module_start;
    if (strcmp(path, "[vdso]") == 0)
        module->image_size = end - module_start;
    module->path = module_keep_text(table, path);
    table->count++;
}

static uint64_t module_take_hex(const char **text)
{
    uint64_t value = 0;

    for (;; (*text)++) {
        unsigned c = (unsigned char)**text;
        unsigned digit = c - '0' < 10 ? c - '0' : (c | 0x20) - 'a' + 10;

        if (digit > 15)
            return value;
        value = value << 4 | digit;
    }
}

/* start-end perms offset dev inode path */
static void module_see_line(struct module_table *table, const char *line)
{
    uintptr_t start = module_take_hex(&line);
    uintptr_t end;
    const char *permissions, *path;

    if (*line++ != '-')
        return;
    end = module_take_hex(&line);
    if (strlen(line) < 7)
        return;
    permissions = line + 1;
    line += 6;
    path = line + strcspn(line, "/[");
    if (*path == '\0' || permissions[0] != 'r')
        return;
    if (module_take_hex(&line) == 0) {
        module_start = start;
        strncpy(module_start_path, path, sizeof(module_start_path) - 1);
    }
    if (permissions[2] == 'x' && strcmp(path, module_start_path) == 0)
        module_see_code(table, start, end, path);
}

static void module_read_maps(struct module_table *table, int fd)
{
    size_t have = 0;

    for (;;) {
        ssize_t got = read(fd, module_maps + have, sizeof(module_maps) - have);
        char *line = module_maps;
        char *newline;

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return;
        have += (size_t)got;
        while ((newline = memchr(line, '\n', have - (size_t)(line - module_maps)))) {
            *newline = '\0';
            module_see_line(table, line);
            line = newline + 1;
        }
        have -= (size_t)(line - module_maps);
        memmove(module_maps, line, have);
        if (have == sizeof(module_maps))
            return; /* not the maps */
    }
}

/* Every linker puts the program headers right behind the ELF header. What segments are code is
   not asked: whatever is in no other module is looked for in this one. */
static void module_from_auxv(struct module_table *table)
{
    const char *path = (const char *)getauxval(AT_EXECFN);

    module_start = getauxval(AT_PHDR) - sizeof(Elf64_Ehdr);
    module_see_code(table, module_start, UINTPTR_MAX, path ? path : "");
}

/* Where the program's file says that .eh_frame is; false when it says nothing. */
static bool module_ask_file(int fd, const Elf64_Ehdr *loaded, Elf64_Shdr *frames)
{
    Elf64_Ehdr ehdr;
    Elf64_Shdr names;
    char name[sizeof(".eh_frame")];

    if (pread(fd, &ehdr, sizeof(ehdr), 0) != sizeof(ehdr) ||
        memcmp(&ehdr, loaded, sizeof(ehdr)) != 0 || ehdr.e_shentsize != sizeof(names) ||
        pread(fd, &names, sizeof(names),
              (off_t)(ehdr.e_shoff + ehdr.e_shstrndx * sizeof(names))) != sizeof(names))
        return false;
    for (size_t i = 1; i < ehdr.e_shnum; i++) {
        off_t at = (off_t)(ehdr.e_shoff + i * sizeof(*frames));

        if (pread(fd, frames, sizeof(*frames), at) != sizeof(*frames))
            return false;
        at = (off_t)(names.sh_offset + frames->sh_name);
        if (pread(fd, name, sizeof(name), at) == sizeof(name) &&
            memcmp(name, ".eh_frame", sizeof(name)) == 0)
            return true;
    }
    return false;
}

static void module_find_main_frames(struct module_table *table)
{
    const Elf64_Phdr *phdr = (const Elf64_Phdr *)getauxval(AT_PHDR);
    size_t count = getauxval(AT_PHNUM);
    uintptr_t header = (uintptr_t)phdr - sizeof(Elf64_Ehdr);
    uintptr_t bias = 0;
    Elf64_Shdr frames;
    int fd;

    table->main_header = 0;
    for (size_t i = count; i-- > 0;) {
        if (phdr[i].p_type == PT_GNU_EH_FRAME)
            return;
        if (phdr[i].p_type == PT_LOAD)
            bias = header - (phdr[i].p_vaddr - phdr[i].p_offset);
    }
    fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (module_ask_file(fd, (const Elf64_Ehdr *)header, &frames)) {
        table->main_header = header;
        table->main_frames_lo = bias + frames.sh_addr;
        table->main_frames_hi = table->main_frames_lo + frames.sh_size;
    }
    close(fd);
}

bool leat__modules_refresh(void)
{
    struct module_table *table;
    unsigned generation;
    int saved = errno;
    int fd;

    if (atomic_flag_test_and_set_explicit(&module_busy, memory_order_acquire))
        return false;
    generation = atomic_load_explicit(&modules_generation, memory_order_relaxed);
    table = &module_tables[(generation + 1) & 1];
    atomic_thread_fence(memory_order_seq_cst);
    table->count = 0;
    table->text_used = 0;
    module_start_path[0] = '\0';
    fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        module_read_maps(table, fd);
        close(fd);
    }
    if (table->count == 0)
        module_from_auxv(table);
    module_find_main_frames(table);
    atomic_store_explicit(&modules_generation, generation + 1, memory_order_release);
    atomic_flag_clear_explicit(&module_busy, memory_order_release);
    errno = saved;
    return true;
}

unsigned leat__modules_generation(void)
{
    return atomic_load_explicit(&modules_generation, memory_order_acquire);
}

static bool module_search(const struct module_table *table, uintptr_t pc,
                          struct leat__module *module)
{
    for (size_t i = 0; i < table->count; i++) {
        if (pc >= table->module[i].text_lo && pc < table->module[i].text_hi) {
            *module = table->module[i];
            if (module->header == table->main_header) {
                module->eh_lo = table->main_frames_lo;
                module->eh_hi = table->main_frames_hi;
            }
            return true;
        }
    }
    return false;
}

/* The unwind table and the segment that it is in. */
static void module_read_segments(struct leat__module *module, const Elf64_Phdr *phdr,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (phdr[i].p_type == PT_GNU_EH_FRAME)
            module->eh_frame_hdr = module->bias + phdr[i].p_vaddr;
    }
    for (size_t i = 0; i < count && module->eh_frame_hdr; i++) {
        uintptr_t lo = module->bias + phdr[i].p_vaddr;

        if (phdr[i].p_type == PT_LOAD && module->eh_frame_hdr - lo < phdr[i].p_memsz) {
            module->eh_lo = lo;
            module->eh_hi = lo + phdr[i].p_memsz;
        }
    }
    if (module->eh_hi == 0)
        module->eh_frame_hdr = 0;
}

/* Completes a module from its ELF header, if that is still there. */
static bool module_read_header(struct leat__module *module)
{
    struct leat__peek peek = {.lo = 0};
    const Elf64_Ehdr *ehdr = (const Elf64_Ehdr *)module->header;
    const Elf64_Phdr *phdr;

    if (!leat__peek_ok(&peek, module->header, sizeof(*ehdr)) ||
        memcmp(ehdr->e_ident, ELFMAG, SELFMAG) != 0 || ehdr->e_ident[EI_CLASS] != ELFCLASS64 ||
        ehdr->e_phentsize != sizeof(*phdr) || ehdr->e_phnum > LEAT_MODULE_PHDRS ||
        ehdr->e_phoff % _Alignof(Elf64_Phdr) != 0 || ehdr->e_phoff > LEAT_MODULE_TEXT ||
        !leat__peek_ok(&peek, module->header + ehdr->e_phoff, ehdr->e_phnum * sizeof(*phdr)))
        return false;
    phdr = (const Elf64_Phdr *)(module->header + ehdr->e_phoff);
    for (size_t i = ehdr->e_phnum; i-- > 0;) {
        if (phdr[i].p_type == PT_LOAD) /* the first one, last: it holds the header */
            module->bias = module->header - (phdr[i].p_vaddr - phdr[i].p_offset);
    }
    module_read_segments(module, phdr, ehdr->e_phnum);
    return true;
}

bool leat__module_find(uintptr_t pc, struct leat__module *module)
{
    /* Each repetition means that a whole refresh went by; four in a row is somebody's bug. */
    for (int attempt = 0; attempt < 4; attempt++) {
        unsigned before = leat__modules_generation();
        bool found;

        if (before == 0) {
            if (!leat__modules_refresh())
                return false;
            continue;
        }
        found = module_search(&module_tables[before & 1], pc, module);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&modules_generation, memory_order_relaxed) == before)
            return found && module_read_header(module);
    }
    return false;
}
