/* SPDX-License-Identifier: MIT */
/*
 * sigquit.c - SIGQUIT kills as ever, unless LEAT_DEBUG=sigquit=1 asks for a dump.
 *
 * A program without the framework, which has a SIGQUIT handler of its own: leat installs one
 * only where nobody was. Each child meets a runtime that has never started. Exit status 0 and
 * one line, or 1 and what was seen.
 */
#include <leat.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char output[1 << 16];

static void waits(leat_int_chan c)
{
    leat_recv(c, NULL);
}

/* Everybody waits; the timer keeps it from being a deadlock. */
static void is_quit(int told)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_go(waits, c);
    while (leat_num_goroutine() < 2)
        leat_yield();
    if (write(told, "x", 1) != 1)
        _exit(1);
    leat_sleep(LEAT_HOUR);
}

/* Runs is_quit in a child, with its standard error here; returns waitpid's status. */
static int quit_child(const char *debug)
{
    int ready[2], err[2], status = 0;
    size_t len = 0;
    char byte;

    if (pipe(ready) != 0 || pipe(err) != 0)
        abort();
    pid_t pid = fork();
    if (pid == 0) {
        setenv("LEAT_DEBUG", debug, 1);
        dup2(err[1], STDERR_FILENO);
        close(err[1]);
        is_quit(ready[1]);
        _exit(0);
    }
    close(err[1]);
    if (read(ready[0], &byte, 1) != 1)
        abort();
    usleep(50000); /* until they have parked; earlier they would be shown as running */
    kill(pid, SIGQUIT);
    for (ssize_t n; (n = read(err[0], output + len, sizeof(output) - 1 - len)) > 0;)
        len += (size_t)n;
    output[len] = '\0';
    waitpid(pid, &status, 0);
    return status;
}

static void expect(bool holds, const char *what)
{
    if (holds)
        return;
    printf("it is false that %s; standard error was:\n%s\n", what, output);
    exit(1);
}

int main(void)
{
    int status = quit_child("");
    expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT, "SIGQUIT kills by default");
    expect(output[0] == '\0', "it does so without a word");

    status = quit_child("sigquit=1");
    expect(WIFEXITED(status) && WEXITSTATUS(status) == 2,
           "the status is 2 where it is asked for");
    expect(strstr(output, "SIGQUIT") != NULL, "the signal is named");
    expect(strstr(output, "goroutine 1 [sleep]:\n") != NULL, "goroutine 1 is shown");
    expect(strstr(output, " [chan receive]:\n") != NULL, "the other one is shown");
    puts("SIGQUIT does what it should");
    return 0;
}
