/* SPDX-License-Identifier: MIT */
/* http_commands.h - programs of others, run against a server at `base`. */
#ifndef HTTP_COMMANDS_H
#define HTTP_COMMANDS_H

#include <sys/wait.h>

#include "http_util.h"

static char base[LEAT_ADDR_TEXT + 10]; /* http://127.0.0.1:PORT */

__attribute__((unused)) static bool has_program(const char *name)
{
    char command[100];

    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", name);
    return system(command) == 0;
}

/* What a command says; @ in it is the server, # its port. *status is what it ended with. */
__attribute__((unused)) static char *run_status(const char *command, int *status)
{
    char whole[3000], *out = malloc(SAID_MAX);
    size_t n = 0, len = 0;

    for (; *command && n < sizeof whole - sizeof base; command++) {
        if (*command == '@')
            n += (size_t)snprintf(whole + n, sizeof whole - n, "%s", base);
        else if (*command == '#')
            n += (size_t)snprintf(whole + n, sizeof whole - n, "%s", strrchr(base, ':') + 1);
        else
            whole[n++] = *command;
    }
    whole[n] = '\0';
    FILE *f = popen(whole, "re");
    T_TRUE(f != NULL);
    while ((n = (size_t)leat_blocking(fread, out + len, (size_t)1, SAID_MAX - 1 - len, f)) > 0)
        len += n;
    out[len] = '\0';
    *status = leat_blocking(pclose, f);
    return out;
}

/* Its status must be 0. */
__attribute__((unused)) static char *run(const char *command)
{
    int status;
    char *out = run_status(command, &status);

    if (status != 0)
        T_FAIL("%s: status %d, said %s", command, status, out);
    return out;
}

__attribute__((unused)) static void says(const char *command, const char *want)
{
    char *out = run(command);

    T_STRHAS(out, want);
    free(out);
}

#define CURL "curl --silent --show-error --max-time 60 --noproxy '*' "

#endif
