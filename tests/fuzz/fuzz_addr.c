/* SPDX-License-Identifier: MIT */
/* fuzz_addr.c - texts of addresses: refused, or read, shown and read again as the same. */
#include "fuzz.h"

#include <errno.h>
#include <leat/net/addr.h>
#include <stdlib.h>
#include <string.h>

static void show_and_read(const char *network, const leat_addr *a)
{
    char shown[LEAT_ADDR_TEXT], cut[LEAT_ADDR_TEXT];
    leat_addr again;
    size_t len = leat_addr_format(a, shown, sizeof shown);

    FUZZ_CHECK(len < sizeof shown && strlen(shown) == len);
    FUZZ_CHECK(leat_addr_parse(&again, network, shown) == 0);
    FUZZ_CHECK(leat_addr_equal(a, &again));
    for (size_t size = 0; size <= len; size += 7) {
        memset(cut, 'x', sizeof cut);
        FUZZ_CHECK(leat_addr_format(a, cut, size) == len);
        FUZZ_CHECK(cut[size] == 'x');
        FUZZ_CHECK(size == 0 || strncmp(cut, shown, size - 1) == 0);
    }
}

static void try_network(const char *network, const char *text)
{
    leat_addr a, before;
    int err;

    memset(&before, 0x5a, sizeof before);
    a = before;
    err = leat_addr_parse(&a, network, text);
    if (err) {
        FUZZ_CHECK(err == -EINVAL || err == -ENXIO || err == -ERANGE || err == -ENODEV ||
                   err == -EAFNOSUPPORT || err == -ENAMETOOLONG);
        FUZZ_CHECK(memcmp(&a, &before, sizeof a) == 0);
        return;
    }
    show_and_read(network, &a);
    FUZZ_CHECK((leat_addr_port(&a) >= 0) == (network[1] != 'n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const networks[] = {"tcp", "udp4", "tcp6", "unix"};
    char *text = malloc(len + 1);

    FUZZ_CHECK(text);
    memcpy(text, data, len);
    text[len] = '\0';
    for (int i = 0; i < 4; i++)
        try_network(networks[i], text);
    free(text);
    return 0;
}
