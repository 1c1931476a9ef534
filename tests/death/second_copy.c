/* SPDX-License-Identifier: MIT */
/*
 * second_copy.c - a plugin that carries a runtime of its own, as plugins do that were linked
 * with the archive. copies_test.c loads it.
 */
#include <leat.h>

LEAT_API int second_copy_uses_leat(void);

static void answers(leat_int_chan c)
{
    leat_send(c, 42);
}

int second_copy_uses_leat(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    int v = 0;

    leat_go(answers, c);
    leat_recv(c, &v);
    leat_chan_free(c);
    return v;
}
