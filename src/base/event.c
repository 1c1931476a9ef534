/* SPDX-License-Identifier: MIT */
/* event.c - the one word of event.h. */
#include "base/event.h"

leat__event_sink *leat__event_sink_now;
