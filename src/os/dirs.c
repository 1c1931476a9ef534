/* SPDX-License-Identifier: MIT */
/* dirs.c - what is in a directory; see files.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/sanitize.h"
#include "os/files.h"
#include "os/mem.h"
#include "os/rw.h"

static int entry_type(int fd, const struct dirent *d)
{
    struct stat st;

    switch (d->d_type) {
    case DT_REG:
        return LEAT_FILE_REGULAR;
    case DT_DIR:
        return LEAT_FILE_DIRECTORY;
    case DT_LNK:
        return LEAT_FILE_LINK;
    case DT_FIFO:
        return LEAT_FILE_PIPE;
    case DT_UNKNOWN:
        break;
    default:
        return LEAT_FILE_OTHER;
    }
    if (fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return LEAT_FILE_OTHER;
    return S_ISREG(st.st_mode)    ? LEAT_FILE_REGULAR
           : S_ISDIR(st.st_mode)  ? LEAT_FILE_DIRECTORY
           : S_ISLNK(st.st_mode)  ? LEAT_FILE_LINK
           : S_ISFIFO(st.st_mode) ? LEAT_FILE_PIPE
                                  : LEAT_FILE_OTHER;
}

static int add_entry(struct os_list *list, size_t *room, int type, const char *text)
{
    size_t n = strlen(text) + 1;

    if (list->n == *room) {
        size_t larger = *room ? *room * 2 : 32;
        struct os_entry *more = leat__alloc(larger * sizeof(*more));
        if (!more)
            return -ENOMEM;
        if (list->n)
            memcpy(more, list->entry, list->n * sizeof(*more));
        leat__free(list->entry);
        list->entry = more;
        *room = larger;
    }
    char *name = leat__alloc(n);
    if (!name)
        return -ENOMEM;
    memcpy(name, text, n);
    list->entry[list->n++] = (struct os_entry){type, name};
    return 0;
}

static int read_entries(DIR *dir, struct os_list *list)
{
    size_t room = 0;
    const struct dirent *d;
    int err = 0;

    while (!err) {
        errno = 0;
        d = readdir(dir);
        if (!d)
            return -errno;
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            err = add_entry(list, &room, entry_type(dirfd(dir), d), d->d_name);
    }
    return err;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct os_entry *)a)->name, ((const struct os_entry *)b)->name);
}

int os_list(const char *path, struct os_list *list)
{
    *list = (struct os_list){NULL, 0};
    int fd = os_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd < 0)
        return fd;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        os_close(fd);
        return -ENOMEM;
    }
    int err = read_entries(dir, list);
    leat__san_ignore_begin(); /* as files.c */
    closedir(dir);
    leat__san_ignore_end();
    if (list->n)
        qsort(list->entry, list->n, sizeof(*list->entry), by_name);
    return err;
}

void os_list_free(struct os_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        leat__free((void *)(uintptr_t)list->entry[i].name);
    leat__free(list->entry);
    *list = (struct os_list){NULL, 0};
}
