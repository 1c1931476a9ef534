/* SPDX-License-Identifier: MIT */
/* missing_test.c - stands for a test whose library was not there when it was built. */
#include "t.h"

static const char *reason(void)
{
    return MISSING;
}

T_TEST(library, .procs = {1}, .skip_if = reason)
{
    T_FAIL("this is skipped");
}
