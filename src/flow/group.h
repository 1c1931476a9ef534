/* SPDX-License-Identifier: MIT */
/* group.h - what the patterns need of a group beyond its public calls. */
#ifndef LEAT_FLOW_GROUP_H
#define LEAT_FLOW_GROUP_H

#include <leat/group.h>

/* The group has an error, before the goroutine that has it ends: if it is the first it is kept
 * and ends the context. */
void group_fail(leat_group *g, int err);

#endif
