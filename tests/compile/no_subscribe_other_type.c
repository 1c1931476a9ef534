/* SPDX-License-Identifier: MIT */
// expect: leat: the channel is not of the type that the topic publishes
#include <leat/pattern.h>

typedef leat_topic(int) int_topic;

leat_double_chan f(int_topic t);

leat_double_chan f(int_topic t)
{
    return leat_subscribe(t, leat_double_chan, 1, LEAT_SLOW_BLOCK);
}
