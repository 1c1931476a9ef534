/* SPDX-License-Identifier: MIT */
// expect: leat: an argument is larger than 16 bytes, or a long double or vector
#include <leat.h>

struct row {
    int cells[5];
};

int sum(struct row r);

void wrong(struct row r);

void wrong(struct row r)
{
    leat_go(sum, r);
}
