/* SPDX-License-Identifier: MIT */
/* fuzz.h - what a fuzz target needs: a check that ends the process, and libFuzzer's entry. */
#ifndef LEAT_HTTP_FUZZ_H
#define LEAT_HTTP_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#define FUZZ_CHECK(x) ((x) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
