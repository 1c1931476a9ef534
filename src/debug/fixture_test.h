/* SPDX-License-Identifier: MIT */
/*
 * fixture_test.h - a shared library compiled on the spot, for tests of what compilers leave
 * behind: every compiler that is installed, with the options a test asks for.
 */
#ifndef LEAT_DEBUG_FIXTURE_TEST_H
#define LEAT_DEBUG_FIXTURE_TEST_H

#include "debug/module.h"
#include "t.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__aarch64__)
#define FIXTURE_GCC   "aarch64-linux-gnu-gcc"
#define FIXTURE_CLANG "clang --target=aarch64-linux-gnu"
#else
#define FIXTURE_GCC   "gcc"
#define FIXTURE_CLANG "clang"
#endif

struct fixture {
    char folder[64];
    char library[128];
    void *handle;
};

/* Runs a shell command in the fixture's folder; its status. */
static inline int fixture_run(const struct fixture *fixture, const char *command)
{
    char line[1024];
    int status;

    snprintf(line, sizeof(line), "unset LD_PRELOAD; cd '%s' && %s", fixture->folder, command);
    status = system(line); /* NOLINT: the words are the tests' own */
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void fixture_write(const struct fixture *fixture, const char *source)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/fixture.c", fixture->folder);
    file = fopen(path, "w");
    T_TRUE(file);
    T_GE(fputs(source, file), 0);
    T_EQ(fclose(file), 0);
}

/* Compiles fixture.c into fixture.so; false when there is no such compiler. */
static inline bool fixture_compile(const struct fixture *fixture, const char *compiler,
                                   const char *flags)
{
    char command[512];

    snprintf(command, sizeof(command), "command -v %s >/dev/null", compiler);
    if (fixture_run(fixture, command) != 0)
        return false;
    snprintf(command, sizeof(command), "%s %s -shared -fPIC -o fixture.so fixture.c", compiler,
             flags);
    if (fixture_run(fixture, command) != 0)
        T_FAIL("cannot compile: %s", command);
    return true;
}

static inline void fixture_make(struct fixture *fixture, const char *source)
{
    memset(fixture, 0, sizeof(*fixture));
    strcpy(fixture->folder, "/tmp/leat-fixture-XXXXXX");
    T_TRUE(mkdtemp(fixture->folder));
    snprintf(fixture->library, sizeof(fixture->library), "%s/fixture.so", fixture->folder);
    fixture_write(fixture, source);
}

static inline void fixture_load(struct fixture *fixture)
{
    fixture->handle = dlopen(fixture->library, RTLD_NOW | RTLD_LOCAL);
    if (!fixture->handle)
        T_FAIL("dlopen: %s", dlerror());
    T_TRUE(leat__modules_refresh());
}

static inline void *fixture_symbol(const struct fixture *fixture, const char *name)
{
    void *symbol = dlsym(fixture->handle, name);

    if (!symbol)
        T_FAIL("dlsym: %s", dlerror());
    return symbol;
}

static inline void fixture_unload(struct fixture *fixture)
{
    T_EQ(dlclose(fixture->handle), 0);
    fixture->handle = NULL;
    T_TRUE(leat__modules_refresh());
}

static inline void fixture_remove(struct fixture *fixture)
{
    if (fixture->handle)
        fixture_unload(fixture);
    T_EQ(fixture_run(fixture, "rm -r \"$PWD\""), 0);
}

#endif
