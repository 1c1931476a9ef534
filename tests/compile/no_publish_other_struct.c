/* SPDX-License-Identifier: MIT */
// expect: leat: the value sent is not of the struct type
#include <leat/pattern.h>

struct a {
    int i;
};
struct b {
    int i;
};
typedef leat_topic(struct a) a_topic;

int f(a_topic t, struct b v);

int f(a_topic t, struct b v)
{
    return leat_publish(t, v);
}
