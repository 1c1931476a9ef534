/* SPDX-License-Identifier: MIT */
/*
 * symbol_test.c - what compilers write into libraries, and what is left of it after stripping,
 * replacing, deleting and damaging them.
 */
#define _GNU_SOURCE 1
#include "debug/fixture_test.h"
#include "debug/symbol.h"
#include "debug/symbol_elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Each function returns a return address into itself. The lines are counted in the tests. */
static const char symbol_source[] =
    "typedef void *where_fn(void);\n"
    "#define KEEP(x) __asm__ volatile(\"/* %1 */\" : \"+r\"(x) : \"i\"(__LINE__))\n"
    "static __attribute__((noinline)) void *hidden(where_fn *where)\n"
    "{\n"
    "    void *pc =\n"
    "        where();\n" /* 6 */
    "    KEEP(pc);\n"
    "    return pc;\n"
    "}\n"
    "void *ask_hidden(where_fn *where)\n"
    "{\n"
    "    void *pc = hidden(where);\n"
    "    KEEP(pc);\n"
    "    return pc;\n"
    "}\n"
    "void *visible(where_fn *where)\n"
    "{\n"
    "    void *pc = where();\n" /* 18 */
    "    KEEP(pc);\n"
    "    return pc;\n"
    "}\n"
    "#line 700 \"/nowhere/absolute.h\"\n"
    "void *absolute(where_fn *where)\n"
    "{\n"
    "    void *pc = where();\n" /* 702 */
    "    KEEP(pc);\n"
    "    return pc;\n"
    "}\n"
    "#line 800 \"below/relative.h\"\n"
    "__attribute__((section(\".text.other\"))) void *relative(where_fn *where)\n"
    "{\n"
    "    void *pc = where();\n" /* 802 */
    "    KEEP(pc);\n"
    "    return pc;\n"
    "}\n";

typedef void *where_fn(void);
typedef void *symbol_ask_fn(where_fn *where);

static __attribute__((noinline)) void *symbol_where(void)
{
    return __builtin_return_address(0);
}

static void symbol_ask(const struct fixture *fixture, const char *name,
                       struct leat__symbol *symbol)
{
    symbol_ask_fn *ask = (symbol_ask_fn *)fixture_symbol(fixture, name);
    uintptr_t pc = (uintptr_t)ask(symbol_where);

    memset(symbol, 'x', sizeof(*symbol));
    T_TRUE(leat__symbolize(pc, true, symbol));
    T_STREQ(symbol->module, "fixture.so");
    if (symbol->func[0]) {
        T_LT(symbol->func_addr, pc);
        T_LT(pc - symbol->func_addr, 200u);
    }
}

static void symbol_check(const struct fixture *fixture, const char *name, const char *func,
                         const char *file, int line)
{
    struct leat__symbol symbol;
    char path[128];

    symbol_ask(fixture, name, &symbol);
    T_STREQ(symbol.func, func);
    snprintf(path, sizeof(path), "%s%s%s", *file == '/' ? "" : fixture->folder,
             *file == '/' ? "" : "/", file);
    T_STREQ(symbol.file, path);
    T_EQ(symbol.line, line);
}

static void symbol_check_all(struct fixture *fixture)
{
    fixture_load(fixture);
    symbol_check(fixture, "ask_hidden", "hidden", "fixture.c", 6);
    symbol_check(fixture, "visible", "visible", "fixture.c", 18);
    symbol_check(fixture, "absolute", "absolute", "/nowhere/absolute.h", 702);
    symbol_check(fixture, "relative", "relative", "below/relative.h", 802);
    symbol_check(fixture, "visible", "visible", "fixture.c", 18); /* from the cache */
    fixture_unload(fixture);
}

static void symbol_compilers(const char *compiler, const char *const *flags)
{
    struct fixture fixture;

    fixture_make(&fixture, symbol_source);
    for (; *flags; flags++) {
        if (!fixture_compile(&fixture, compiler, *flags)) {
            fixture_remove(&fixture);
            T_SKIP("the compiler is not installed");
        }
        T_LOG("%s %s", compiler, *flags);
        symbol_check_all(&fixture);
    }
    fixture_remove(&fixture);
    T_TRUE(leat__symbol_release());
}

T_TEST(symbol_lines_of_gcc, .procs = {1}, .timeout_ms = 60000)
{
    static const char *const flags[] = {
        "-O0 -gdwarf-2 -gstrict-dwarf",
        "-O2 -gdwarf-3",
        "-O0 -gdwarf-4",
        "-O2 -gdwarf-4",
        "-O0 -gdwarf-5",
        "-O2 -gdwarf-5",
        "-O2 -gdwarf-4 -gsplit-dwarf",
        "-O2 -gdwarf-5 -ffunction-sections -Wl,--gc-sections",
        NULL,
    };

    symbol_compilers(FIXTURE_GCC, flags);
}

/* Valgrind gives up on a program that loads such a library. */
T_TEST(symbol_lines_of_dwarf64, .procs = {1}, .modes = "!valgrind")
{
    static const char *const flags[] = {"-O2 -gdwarf-5 -gdwarf64", "-O2 -gdwarf-4 -gdwarf64",
                                        NULL};

    symbol_compilers(FIXTURE_GCC, flags);
}

T_TEST(symbol_lines_of_clang, .procs = {1}, .timeout_ms = 60000)
{
    static const char *const flags[] = {"-O0 -gdwarf-2",
                                        "-O0 -gdwarf-4",
                                        "-O2 -gdwarf-4",
                                        "-O0 -gdwarf-5",
                                        "-O2 -gdwarf-5",
                                        "-O2 -gdwarf-5 -gdwarf-aranges",
                                        "-O2 -gdwarf-5 -gsplit-dwarf",
                                        "-O2 -gdwarf-4 -gsplit-dwarf",
                                        "-O2 -gdwarf-5 -ffunction-sections",
                                        NULL};

    symbol_compilers(FIXTURE_CLANG, flags);
}

/* Compiles with gcc, runs a command on the result, loads it. */
static void symbol_spoilt(struct fixture *fixture, const char *flags, const char *command)
{
    fixture_make(fixture, symbol_source);
    if (!fixture_compile(fixture, FIXTURE_GCC, flags)) {
        fixture_remove(fixture);
        T_SKIP("the compiler is not installed");
    }
    T_EQ(fixture_run(fixture, command), 0);
    fixture_load(fixture);
}

static void symbol_check_nameless(const struct fixture *fixture, const char *name)
{
    struct leat__module module;
    struct leat__symbol symbol;

    symbol_ask(fixture, name, &symbol);
    T_STREQ(symbol.func, "");
    T_STREQ(symbol.file, "");
    T_EQ(symbol.line, 0);
    T_TRUE(leat__module_find((uintptr_t)fixture_symbol(fixture, name), &module));
    T_EQ(symbol.func_addr, module.bias);
}

T_TEST(symbol_without_debug_info, .procs = {1})
{
    struct leat__symbol symbol;
    struct fixture fixture;

    symbol_spoilt(&fixture, "-O2", "true");
    symbol_ask(&fixture, "ask_hidden", &symbol);
    T_STREQ(symbol.func, "hidden");
    T_STREQ(symbol.file, "");
    T_EQ(symbol.line, 0);
    fixture_remove(&fixture);
}

T_TEST(symbol_of_compressed_debug_info, .procs = {1})
{
    struct leat__symbol symbol;
    struct fixture fixture;

    symbol_spoilt(&fixture, "-O2 -g -gz=zlib", "true");
    symbol_ask(&fixture, "ask_hidden", &symbol);
    T_STREQ(symbol.func, "hidden");
    T_EQ(symbol.line, 0);
    fixture_remove(&fixture);
}

T_TEST(symbol_of_stripped_library, .procs = {1})
{
    struct leat__symbol symbol;
    struct fixture fixture;

    symbol_spoilt(&fixture, "-O2 -g -s", "true");
    symbol_check_nameless(&fixture, "ask_hidden");
    symbol_ask(&fixture, "visible", &symbol); /* .dynsym cannot be stripped */
    T_STREQ(symbol.func, "visible");
    T_EQ(symbol.func_addr, (uintptr_t)fixture_symbol(&fixture, "visible"));
    fixture_remove(&fixture);
}

static void symbol_ask_deleted(const struct fixture *fixture, struct leat__symbol *symbol)
{
    symbol_ask_fn *ask = (symbol_ask_fn *)fixture_symbol(fixture, "visible");

    T_TRUE(leat__symbolize((uintptr_t)ask(symbol_where), true, symbol));
    T_STREQ(symbol->module, "fixture.so (deleted)");
}

static void symbol_check_gone(const struct fixture *fixture)
{
    struct leat__symbol symbol;

    symbol_ask_deleted(fixture, &symbol);
    T_STREQ(symbol.func, "");
    T_STREQ(symbol.file, "");
}

/* The names of another file would be lies. */
T_TEST(symbol_of_deleted_library, .procs = {1})
{
    struct leat__symbol symbol;
    struct fixture fixture;

    symbol_spoilt(&fixture, "-O2 -g", "true");
    T_EQ(fixture_run(&fixture, "cp fixture.so same.so && rm fixture.so"), 0);
    T_TRUE(leat__modules_refresh());
    symbol_check_gone(&fixture);

    /* A file with the very name that the kernel gives to the deleted one, but not that file. */
    fixture_write(&fixture, "int unused;\n");
    T_TRUE(fixture_compile(&fixture, FIXTURE_GCC, "-O2 -g"));
    T_EQ(fixture_run(&fixture, "mv fixture.so 'fixture.so (deleted)'"), 0);
    T_TRUE(leat__modules_refresh());
    symbol_check_gone(&fixture);

    T_EQ(fixture_run(&fixture, "mv same.so 'fixture.so (deleted)'"), 0);
    T_TRUE(leat__modules_refresh());
    symbol_ask_deleted(&fixture, &symbol);
    T_STREQ(symbol.func, "visible");
    T_EQ(symbol.line, 18);
    fixture_remove(&fixture);
}

/* Long paths keep their end: the folder of this one is 240 bytes, the limit is 255 in all. */
T_TEST(symbol_of_long_path, .procs = {1})
{
    struct leat__symbol symbol;
    struct fixture fixture;
    char source[1024];
    int used = snprintf(source, sizeof(source), "#line 10 \"/");

    for (int i = 0; i < 30; i++)
        used += snprintf(source + used, sizeof(source) - (size_t)used, "folder%03d/", i);
    snprintf(source + used, sizeof(source) - (size_t)used,
             "end.h\"\nvoid *visible(void *(*where)(void))\n{\n    void *pc = where();\n"
             "    __asm__ volatile(\"\" : \"+r\"(pc));\n    return pc;\n}\n");
    fixture_make(&fixture, source);
    if (!fixture_compile(&fixture, FIXTURE_GCC, "-g")) {
        fixture_remove(&fixture);
        T_SKIP("the compiler is not installed");
    }
    fixture_load(&fixture);
    symbol_ask(&fixture, "visible", &symbol);
    T_EQ(strlen(symbol.file), sizeof(symbol.file) - 1);
    T_EQ(memcmp(symbol.file, "...", 3), 0);
    T_STRHAS(symbol.file, "/folder029/end.h");
    T_EQ(symbol.line, 12);
    fixture_remove(&fixture);
}

T_TEST(symbol_of_vdso, .procs = {1})
{
    struct leat__symbol symbol;
    uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
    int named = 0;

    if (!vdso)
        T_SKIP("no vdso in this process");
    for (uintptr_t pc = vdso; pc < vdso + 8192; pc += 16) {
        if (!leat__symbolize(pc, false, &symbol))
            continue;
        T_STREQ(symbol.module, "[vdso]");
        named += strncmp(symbol.func, "__", 2) == 0;
    }
    T_GT(named, 10);
}

static __attribute__((noinline)) void *symbol_own(void)
{
    void *pc = symbol_where();

    __asm__ volatile("" : "+r"(pc));
    return pc;
}

T_TEST(symbol_of_this_program, .procs = {1})
{
    struct leat__symbol symbol;
    uintptr_t pc = (uintptr_t)symbol_own();

    T_TRUE(leat__symbolize(pc, true, &symbol));
    T_STREQ(symbol.func, "symbol_own");
    T_EQ(symbol.func_addr, (uintptr_t)symbol_own);
    T_TRUE(leat__symbolize((uintptr_t)symbol_own, false, &symbol));
    T_STREQ(symbol.func, "symbol_own");
}

T_TEST(symbol_of_garbage, .procs = {1})
{
    struct leat__symbol symbol;
    long known = 0;

    errno = 4711;
    T_FALSE(leat__symbolize(0, false, &symbol));
    T_FALSE(leat__symbolize(0, true, &symbol));
    T_FALSE(leat__symbolize(1, true, &symbol));
    T_FALSE(leat__symbolize(UINTPTR_MAX, false, &symbol));
    T_FALSE(leat__symbolize((uintptr_t)&symbol, false, &symbol));
    for (long i = 0; i < t_scale(100000); i++)
        known += leat__symbolize(t_rand(), t_rand() % 2, &symbol);
    for (long i = -2000; i < t_scale(2000); i++)
        known += leat__symbolize((uintptr_t)symbol_own + (uintptr_t)(i * 61), true, &symbol);
    T_GT(known, 0);
    T_EQ(errno, 4711);
}

/* All that may be asked of an image, at addresses in and out of its code. */
static long symbol_ask_image(const uint8_t *bytes, size_t size, const uint64_t *address,
                             int count)
{
    struct leat__image image;
    long answers = 0;

    if (!leat__image_open(&image, bytes, size))
        return 0;
    for (int i = 0; i < count; i++) {
        struct leat__unit unit;
        struct leat__place place;
        const char *name;
        uint64_t start;

        answers += leat__image_function(&image, address[i], &name, &start);
        if (leat__unit_find(&image, address[i], &unit) &&
            leat__line_find(&unit, address[i], &place)) {
            T_LT(strlen(place.file), sizeof(place.file));
            answers++;
        }
    }
    return answers;
}

/* A place to damage: often in the section headers, else anywhere. */
static size_t symbol_target(const uint8_t *bytes, size_t size)
{
    Elf64_Ehdr ehdr;

    memcpy(&ehdr, bytes, sizeof(ehdr));
    if (t_rand() % 4 == 0)
        return t_rand() % sizeof(ehdr);
    if (t_rand() % 2 == 0 && ehdr.e_shoff < size)
        return ehdr.e_shoff + t_rand() % (size - ehdr.e_shoff);
    return t_rand() % size;
}

/* The copy ends where its mapping ends, so that a read past it is a fault. */
static long symbol_fuzz(const uint8_t *original, size_t size, const uint64_t *address,
                        int count, long rounds)
{
    size_t page = 65536;
    size_t room = (size + page - 1) / page * page;
    uint8_t *mapping = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long answers = 0;

    T_TRUE(mapping != MAP_FAILED);
    T_EQ(mprotect(mapping + room, page, PROT_NONE), 0);
    for (long i = 0; i < rounds; i++) {
        size_t kept = t_rand() % 8 ? size : 1 + t_rand() % size;
        uint8_t *bytes = mapping + room - kept;

        memcpy(bytes, original, kept);
        for (uint64_t j = t_rand() % 24; j > 0 && kept == size; j--) {
            uint8_t interesting[] = {0, 1, 0x7f, 0x80, 0xff, (uint8_t)t_rand()};

            bytes[symbol_target(original, size)] = interesting[t_rand() % 6];
        }
        answers += symbol_ask_image(bytes, kept, address, count);
    }
    T_EQ(munmap(mapping, room + page), 0);
    return answers;
}

static void symbol_damage(const char *compiler, const char *flags)
{
    static const char *const name[4] = {"ask_hidden", "visible", "absolute", "relative"};
    uint64_t address[6] = {0, 0x1000};
    struct leat__module module;
    struct fixture fixture;
    struct stat status;
    uint8_t *bytes;
    long answers, rounds = t_scale(2000);
    int fd;

    fixture_make(&fixture, symbol_source);
    if (!fixture_compile(&fixture, compiler, flags)) {
        fixture_remove(&fixture);
        T_SKIP("the compiler is not installed");
    }
    fixture_load(&fixture);
    T_TRUE(leat__module_find((uintptr_t)fixture_symbol(&fixture, "visible"), &module));
    for (int i = 0; i < 4; i++)
        address[2 + i] = (uintptr_t)fixture_symbol(&fixture, name[i]) - module.bias + 4;
    fd = open(fixture.library, O_RDONLY | O_CLOEXEC);
    T_GE(fd, 0);
    T_EQ(fstat(fd, &status), 0);
    bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    T_TRUE(bytes != MAP_FAILED);
    close(fd);
    /* Four functions with four lines, when nothing is damaged; often enough something is left. */
    T_EQ(symbol_ask_image(bytes, (size_t)status.st_size, address + 2, 4), 8);
    answers = symbol_fuzz(bytes, (size_t)status.st_size, address, 6, rounds);
    T_GT(answers, rounds / 4);
    T_LT(answers, rounds * 8);
    T_EQ(munmap(bytes, (size_t)status.st_size), 0);
    fixture_remove(&fixture);
}

T_TEST(symbol_damaged_dwarf5, .procs = {1}, .timeout_ms = 60000)
{
    symbol_damage(FIXTURE_GCC, "-O2 -g -gdwarf-5");
}

T_TEST(symbol_damaged_dwarf4, .procs = {1}, .timeout_ms = 60000)
{
    symbol_damage(FIXTURE_GCC, "-O2 -g -gdwarf-4 -ffunction-sections");
}

T_TEST(symbol_damaged_clang, .procs = {1}, .timeout_ms = 60000)
{
    symbol_damage(FIXTURE_CLANG, "-O1 -g -gdwarf-5 -ffunction-sections");
}
