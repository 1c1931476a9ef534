/* SPDX-License-Identifier: MIT */
/* binding.c - see leat/posix.h; ground.c says when goroutines are bound and why. */
#include <leat/posix.h>

#include <leat.h>

void leat_posix_bind(void)
{
    leat__bind_spread();
}

bool leat_posix_release(void)
{
    return leat__whereabouts() != LEAT__NO_GOROUTINE && leat__unbind();
}
