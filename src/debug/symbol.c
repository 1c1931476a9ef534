/* SPDX-License-Identifier: MIT */
/* errno: put back as it was found; nothing in between can switch goroutines */
/*
 * From a code address to function, file and line, while the program is dying.
 *
 * PICTURE     pc --answers[]--> known already
 *                --module.c---> which file, loaded where
 *                --files[]----> that file, mapped whole and read-only --symbol_elf.h--> names
 *
 * INVARIANTS  1. Fixed arrays and mmap only: the malloc heap may be what is broken, and its lock
 *                may be held by a thread that will not run again. errno is kept.
 *             2. `symbol_busy` guards everything below. Nobody waits for it: whoever finds it
 *                taken (another thread, or a handler that interrupted the holder, perhaps by
 *                a fault in here) gets no answer and prints a plain address.
 *             3. A file is used only if its ELF header, program headers and notes (the build
 *                id) equal those in memory: a program rebuilt while it runs would otherwise
 *                get the new one's names.
 *             4. A new picture of the modules drops all that was concluded from the last one:
 *                another library may have come to where one was.
 *
 * DEGREES     debug lines -> function and file:line; stripped of those (or compressed) ->
 *             function + offset; no symbols either -> module + offset; file gone -> the same.
 *
 * COST        A repeated address: a table lookup. A new one: a pass over the symbols and one
 *             line program; 60 microseconds in a library of 16 000 functions in 400 units.
 *
 * REJECTED    libdw, libbacktrace: allocate and lock, and libleat depends on nothing but libc.
 *             dladdr: the loader's lock, and no static functions.
 *             addr2line in a child: fork in a dying process, and not installed where it matters.
 *             Decompressing sections, debuginfod and /usr/lib/debug: for the offline tool, which
 *             can work with module + offset.
 *
 * LIMIT       A file cut short while mapped raises SIGBUS on access; invariant 2 covers it.
 *
 * PROOF       symbol_test.c: compilers, DWARF versions, stripping, 2000 damaged files.
 */
#define _GNU_SOURCE 1
#include "debug/symbol.h"

#include "debug/module.h"
#include "debug/peek.h"
#include "debug/symbol_elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LEAT_SYMBOL_FILES = 16,
    LEAT_SYMBOL_ANSWERS = 512, /* power of two */
    LEAT_SYMBOL_NOTES = 4096   /* longest notes compared */
};

struct symbol_file {
    uintptr_t header; /* of the module it belongs to; 0: free */
    uintptr_t text_lo;
    void *mapping; /* NULL: the image is in memory anyway, or could not be had */
    bool usable;
    struct leat__image image;
};

struct symbol_answer {
    uintptr_t address; /* 0: free */
    struct leat__symbol symbol;
};

static atomic_flag symbol_busy = ATOMIC_FLAG_INIT;
static struct symbol_file symbol_files[LEAT_SYMBOL_FILES];
static unsigned symbol_next_file;
static struct symbol_answer symbol_answers[LEAT_SYMBOL_ANSWERS];
static unsigned symbol_generation;

static void symbol_close(struct symbol_file *file)
{
    if (file->mapping)
        munmap(file->mapping, file->image.size);
    memset(file, 0, sizeof(*file));
}

static bool symbol_same(const struct leat__image *image, uint64_t offset, uintptr_t memory,
                        uint64_t size)
{
    struct leat__cursor bytes = leat__cursor_make(image->bytes, image->size);
    struct leat__peek peek = {.lo = 0};
    const uint8_t *in_file;

    leat__cursor_take(&bytes, offset);
    in_file = leat__cursor_take(&bytes, size);
    return in_file && leat__peek_ok(&peek, memory, size) &&
           memcmp(in_file, (const void *)memory, size) == 0;
}

/* Invariant 3. */
static bool symbol_matches(const struct leat__image *image, const struct leat__module *module)
{
    Elf64_Ehdr ehdr;
    Elf64_Phdr phdr;

    if (!symbol_same(image, 0, module->header, sizeof(ehdr)))
        return false;
    memcpy(&ehdr, image->bytes, sizeof(ehdr));
    if (!symbol_same(image, ehdr.e_phoff, module->header + ehdr.e_phoff,
                     (uint64_t)ehdr.e_phnum * sizeof(phdr)))
        return false;
    for (unsigned i = 0; i < ehdr.e_phnum; i++) {
        memcpy(&phdr, image->bytes + ehdr.e_phoff + i * sizeof(phdr), sizeof(phdr));
        if (phdr.p_type == PT_NOTE && phdr.p_filesz <= LEAT_SYMBOL_NOTES &&
            !symbol_same(image, phdr.p_offset, module->bias + phdr.p_vaddr, phdr.p_filesz))
            return false;
    }
    return true;
}

static void symbol_map(struct symbol_file *file, const char *path,
                       const struct leat__module *module)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    void *mapping = MAP_FAILED;
    size_t size = 0;

    if (fd < 0)
        return;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
        size = (size_t)status.st_size;
        mapping = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    close(fd);
    if (mapping == MAP_FAILED)
        return;
    file->usable = leat__image_open(&file->image, mapping, size) &&
                   symbol_matches(&file->image, module);
    if (file->usable)
        file->mapping = mapping;
    else
        munmap(mapping, size);
}

/* The vdso has no file, but is whole in memory, sections and all. */
static void symbol_use_image(struct symbol_file *file, const struct leat__module *module)
{
    struct leat__peek peek = {.lo = 0};

    file->usable = leat__peek_ok(&peek, module->header, module->image_size) &&
                   leat__image_open(&file->image, (const uint8_t *)module->header,
                                    module->image_size);
}

static const struct symbol_file *symbol_file_of(const struct leat__module *module)
{
    struct symbol_file *file;

    for (int i = 0; i < LEAT_SYMBOL_FILES; i++) {
        file = &symbol_files[i];
        if (file->header == module->header && file->text_lo == module->text_lo)
            return file;
    }
    file = &symbol_files[symbol_next_file++ % LEAT_SYMBOL_FILES];
    symbol_close(file);
    file->header = module->header;
    file->text_lo = module->text_lo;
    if (module->image_size > 0) {
        symbol_use_image(file, module);
        return file;
    }
    symbol_map(file, module->path, module);
    if (!file->usable) /* deleted or replaced: the program itself can still be had */
        symbol_map(file, "/proc/self/exe", module);
    return file;
}

static void symbol_copy(char *to, size_t room, const char *from, size_t size)
{
    if (size >= room)
        size = room - 1;
    memcpy(to, from, size);
    to[size] = '\0';
}

/* A dot in a name starts what the compiler appended to name a copy or a part of a function. */
static size_t symbol_plain_size(const char *name)
{
    return *name ? 1 + strcspn(name + 1, ".") : 0;
}

static void symbol_answer(uintptr_t address, const struct leat__module *module,
                          struct leat__symbol *out)
{
    const struct symbol_file *file = symbol_file_of(module);
    const char *slash = strrchr(module->path, '/');
    const char *base = slash ? slash + 1 : module->path;
    uint64_t own = address - module->bias;
    struct leat__place place;
    struct leat__unit unit;
    const char *name;
    uint64_t start;

    memset(out, 0, sizeof(*out));
    symbol_copy(out->module, sizeof(out->module), base, strlen(base));
    out->func_addr = module->bias;
    if (!file->usable)
        return;
    if (leat__image_function(&file->image, own, &name, &start)) {
        symbol_copy(out->func, sizeof(out->func), name, symbol_plain_size(name));
        out->func_addr = module->bias + (uintptr_t)start;
    }
    if (leat__unit_find(&file->image, own, &unit) && leat__line_find(&unit, own, &place) &&
        place.line > 0) {
        out->line = place.line;
        symbol_copy(out->file, sizeof(out->file), place.file, strlen(place.file));
    }
}

static void symbol_forget(void)
{
    for (int i = 0; i < LEAT_SYMBOL_FILES; i++)
        symbol_close(&symbol_files[i]);
    memset(symbol_answers, 0, sizeof(symbol_answers));
}

static bool symbol_look_up(uintptr_t address, struct leat__symbol *out)
{
    struct symbol_answer
        *answer = &symbol_answers[(address ^ address >> 9) % LEAT_SYMBOL_ANSWERS];
    struct leat__module module;

    if (address == 0 || !leat__module_find(address, &module))
        return false;
    if (symbol_generation != leat__modules_generation()) {
        symbol_forget();
        symbol_generation = leat__modules_generation();
    }
    if (answer->address != address) {
        symbol_answer(address, &module, &answer->symbol);
        answer->address = address;
    }
    *out = answer->symbol;
    return true;
}

bool leat__symbolize(uintptr_t pc, bool is_return_address, struct leat__symbol *out)
{
    int saved = errno;
    bool known;

    memset(out, 0, sizeof(*out));
    if (atomic_flag_test_and_set_explicit(&symbol_busy, memory_order_acquire))
        return false;
    known = symbol_look_up(is_return_address ? pc - 1 : pc, out);
    atomic_flag_clear_explicit(&symbol_busy, memory_order_release);
    errno = saved;
    return known;
}

bool leat__symbol_release(void)
{
    if (atomic_flag_test_and_set_explicit(&symbol_busy, memory_order_acquire))
        return false;
    symbol_forget();
    atomic_flag_clear_explicit(&symbol_busy, memory_order_release);
    return true;
}
