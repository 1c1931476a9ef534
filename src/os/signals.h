/* SPDX-License-Identifier: MIT */
/* signals.h - dispositions of signals. The caller has made sure that sig is one that can be set. */
#ifndef LEAT_OS_SIGNALS_H
#define LEAT_OS_SIGNALS_H

#include <signal.h>

void os_sigaction(int sig, const struct sigaction *now, struct sigaction *before);

#endif
