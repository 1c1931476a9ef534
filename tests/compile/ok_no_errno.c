/* SPDX-License-Identifier: MIT */
/* Opting out of the errno macro. */
#define LEAT_NO_ERRNO
#include <leat.h>

#include <errno.h>
#include <string.h>

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

int use_no_errno(void);

int use_no_errno(void)
{
    return strstr(TEXT(errno), "leat") == NULL && errno == 0;
}
