/* SPDX-License-Identifier: MIT */
/* Results, durations, versions; errno stays ours when <errno.h> comes later. */
#include <leat/base.h>

#include <errno.h>
#include <stdlib.h>

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)
_Static_assert(sizeof(TEXT(errno)) > sizeof("errno") + 10, "errno is leat's macro");
_Static_assert(LEAT_HOUR == INT64_C(3600000000000), "an hour has 3600 seconds");
_Static_assert(LEAT_MINUTE == 60 * LEAT_SECOND, "a minute has 60 seconds");
_Static_assert(LEAT_MILLISECOND == 1000 * LEAT_MICROSECOND, "a millisecond has 1000");
_Static_assert(LEAT_FOREVER > 1000000 * LEAT_HOUR, "for ever is long");
_Static_assert(LEAT_VERSION_MAJOR + LEAT_VERSION_MINOR + LEAT_VERSION_PATCH > 0, "a version");

static const leat_duration day = 24 * LEAT_HOUR;

int use_base(const char **text);

int use_base(const char **text)
{
    int failed = errno;

    errno = 0;
    text[0] = leat_strerror(-EPIPE);
    text[1] = leat_version();
    return failed + *leat_errno_location() + (int)(day / LEAT_SECOND) + (int)LEAT_NANOSECOND;
}
