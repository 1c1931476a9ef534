/* SPDX-License-Identifier: MIT */
/*
 * errno_optout.c - a unit that wants errno as the C library made it.
 */
#define LEAT_NO_ERRNO
#include <leat.h>

#include <string.h>

#define STRINGIFY_(x) #x
#define STRINGIFY(x)  STRINGIFY_(x)

bool errno_optout_is_the_libcs(void);

bool errno_optout_is_the_libcs(void)
{
    errno = 11;
    return strstr(STRINGIFY(errno), "leat") == NULL && *leat_errno_location() == 11;
}
