/* SPDX-License-Identifier: MIT */
/*
 * 19 once: settings that are read by whoever needs them first, and by nobody a second time.
 *
 * What is made at the first use costs nothing when it is not used, and nobody has to say when
 * the program is ready for it. But "if it is not there, make it" is wrong with goroutines: two
 * may find it missing. A once lets the first make it; who comes meanwhile waits until it is
 * made, and who comes later pays one look at a flag.
 */
#include <leat.h>
#include <stdio.h>
#include <string.h>

/* Stands for the files: what is in mill.conf, and how often files were read. */
static const char mill_conf[] = "stones = 3\nwheels = 2\nname = Old Leat\n";
static leat_atomic_int32 files_read, logs_opened, events;

static int read_file(const char *path, char *text, size_t size)
{
    leat_atomic_add(&files_read, 1);
    leat_sleep(2 * LEAT_MILLISECOND); /* long enough for all the others to come */
    if (strcmp(path, "mill.conf") != 0)
        return -ENOENT;
    snprintf(text, size, "%s", mill_conf);
    return 0;
}

/* leat_once_do: something is to be done once, and has no result. */
static leat_once log_once;

static void open_log(void)
{
    leat_atomic_add(&logs_opened, 1);
}

static void log_event(void)
{
    leat_once_do(&log_once, open_log);
    leat_atomic_add(&events, 1);
}

/* A failure is a result as well: the once is over, and all get the same error. */
struct settings {
    int err, stones, wheels;
    char name[16];
};

static const struct settings *load_settings(const char *path)
{
    static struct settings s; /* written by one goroutine, before any other can see it */
    char text[128];

    log_event(); /* one once may use another, only not itself: it would wait for itself */
    s.err = read_file(path, text, sizeof(text));
    if (s.err == 0 && sscanf(text, "stones = %d wheels = %d name = %15[^\n]", &s.stones,
                             &s.wheels, s.name) != 3)
        s.err = -EINVAL;
    return &s;
}

/* leat_once_value: what the one call returned is kept, for everybody. */
static const struct settings *settings(void)
{
    static leat_once_value(const struct settings *) value;

    return leat_once_get(&value, load_settings, "mill.conf");
}

static void grind(int number, leat_atomic_int32 *sacks)
{
    log_event();
    if (number % 2) /* half of them need no settings */
        return;
    leat_atomic_add(sacks, settings()->stones);
}

static int load_plugin(const char *path)
{
    char text[128];

    return read_file(path, text, sizeof(text));
}

int main(void)
{
    static leat_once_value(int) plugin;
    leat_atomic_int32 sacks = {0};
    leat_waitgroup wg = {0};

    printf("before anybody needs them: %d files read\n", leat_atomic_load(&files_read));
    for (int i = 0; i < 100; i++)
        leat_waitgroup_go(&wg, grind, i, &sacks);
    leat_waitgroup_wait(&wg);
    printf("%d sacks, %d events in %d log, %d file read\n", leat_atomic_load(&sacks),
           leat_atomic_load(&events), leat_atomic_load(&logs_opened),
           leat_atomic_load(&files_read));
    printf("%s: %d stones, %d wheels\n", settings()->name, settings()->stones,
           settings()->wheels);

    /* Whatever should be tried again after a failure is no case for a once. */
    for (int i = 1; i <= 2; i++)
        printf("plugin, try %d: %s\n", i,
               leat_strerror(leat_once_get(&plugin, load_plugin, "plugin.so")));
    printf("%d files read in all\n", leat_atomic_load(&files_read));
    return 0;
}
