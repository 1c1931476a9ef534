/* SPDX-License-Identifier: MIT */
// expect: leat switches stacks: it cannot be used with SafeStack | unrecognized argument to
// flags: -fsanitize=safe-stack
#include <leat.h>
