/* SPDX-License-Identifier: MIT */
/* Results, durations, versions, and errno, in C++. */
#include <leat/base.h>

#include <cerrno>
#include <cstring>

static_assert(LEAT_HOUR == 3600 * LEAT_SECOND);
static_assert(LEAT_FOREVER > LEAT_HOUR);

int use_base(const char **text);

int use_base(const char **text)
{
    int failed = errno;

    errno = 0;
    text[0] = leat_strerror(-EPIPE);
    text[1] = leat_version();
    return failed + *leat_errno_location();
}
