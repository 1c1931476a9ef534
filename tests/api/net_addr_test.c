/* SPDX-License-Identifier: MIT */
/* net_addr_test.c - addresses and their texts, good and hostile. */
#define _GNU_SOURCE
#include <leat.h>
#include <stdio.h>
#include <string.h>

#include "t.h"

struct reading {
    const char *network, *text, *shown;
};

/* What is shown is read again, and is the same. */
static void reads(const struct reading *r)
{
    char text[LEAT_ADDR_TEXT];
    leat_addr a, again;

    T_LOG("%s %s", r->network, r->text);
    T_ERR(leat_addr_parse(&a, r->network, r->text), 0);
    T_EQ(leat_addr_format(&a, text, sizeof text), strlen(r->shown));
    T_STREQ(text, r->shown);
    T_ERR(leat_addr_parse(&again, r->network, text), 0);
    T_TRUE(leat_addr_equal(&a, &again));
}

T_TEST(good_addresses, .procs = {1})
{
    const struct reading all[] = {
        {"tcp", "127.0.0.1:80", "127.0.0.1:80"},
        {"tcp4", "1.2.3.4:65535", "1.2.3.4:65535"},
        {"tcp", "1.2.3.4:", "1.2.3.4:0"},
        {"tcp", ":http", "[::]:80"},
        {"udp4", ":domain", "0.0.0.0:53"},
        {"tcp6", "[::1]:443", "[::1]:443"},
        {"tcp", "[2001:DB8:0:0::0:1]:https", "[2001:db8::1]:443"},
        {"tcp", "[::ffff:1.2.3.4]:7", "1.2.3.4:7"},
        {"tcp", "[fe80::1%lo]:80", "[fe80::1%lo]:80"},
        {"tcp", "[fe80::1%1]:80", "[fe80::1%lo]:80"},
        {"tcp", "[fe80::1%4000000000]:80", "[fe80::1%4000000000]:80"},
        {"tcp", "1.2.3.4:00080", "1.2.3.4:80"},
        {"unix", "/run/x.sock", "/run/x.sock"},
        {"unix", "@name", "@name"},
        {"unixgram", "", ""},
        {"unixpacket", "relative", "relative"},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        reads(&all[i]);
}

struct refusal {
    const char *network, *text;
    int err;
};

T_TEST(bad_addresses, .procs = {1})
{
    static char long_host[5000], long_path[200];
    const struct refusal all[] = {
        {"tcp", "", -EINVAL},
        {"tcp", ":", 0},
        {"tcp", "1.2.3.4", -EINVAL},
        {"tcp", "::1:80", -EINVAL},
        {"tcp", "[::1]", -EINVAL},
        {"tcp", "[::1]80", -EINVAL},
        {"tcp", "[]:80", -EINVAL},
        {"tcp", "[:80", -EINVAL},
        {"tcp", "]:80", -EINVAL},
        {"tcp", "[[::1]]:80", -EINVAL},
        {"tcp", "[::1]]:80", -EINVAL},
        {"tcp", "[1.2.3.4]:80", -EINVAL},
        {"tcp", "[::1%]:80", -EINVAL},
        {"tcp", "[::1%no-such-interface-here]:80", -ENODEV},
        {"tcp", "[::1%0]:80", -ENODEV},
        {"tcp", "[::1%4294967296]:80", -ENODEV},
        {"tcp", "1.2.3.4:65536", -ERANGE},
        {"tcp", "1.2.3.4:99999999999999999999999999", -ERANGE},
        {"tcp", "1.2.3.4:-1", -EINVAL},
        {"tcp", "1.2.3.4:+1", -EINVAL},
        {"tcp", "1.2.3.4:8 0", -EINVAL},
        {"tcp", "1.2.3.4:no-such-service", -ENXIO},
        {"tcp", "1.2.3:80", -EINVAL},
        {"tcp", "2130706433:80", -EINVAL},
        {"tcp", "127.0.0.0x1:80", -EINVAL},
        {"tcp", "127.0.0.01:80", -EINVAL},
        {"tcp", "localhost:80", -ENXIO},
        {"tcp", "a b:80", -EINVAL},
        {"tcp", "\xff\xfe:80", -EINVAL},
        {"tcp", "%n%s:80", -EINVAL},
        {"tcp4", "[::1]:80", -EAFNOSUPPORT},
        {"tcp6", "1.2.3.4:80", -EAFNOSUPPORT},
        {"tcp6", "[::ffff:1.2.3.4]:80", -EAFNOSUPPORT},
        {"tcp", long_host, -ENXIO},
        {"unix", long_path, -ENAMETOOLONG},
        {"tcp5", "1.2.3.4:80", -EPROTONOSUPPORT},
        {"", "1.2.3.4:80", -EPROTONOSUPPORT},
    };

    memset(long_host, 'a', sizeof long_host - 1);
    memcpy(long_host + sizeof long_host - 4, ":80", 3);
    memset(long_path, 'p', sizeof long_path - 1);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        leat_addr a, before;
        memset(&a, 0x5a, sizeof a);
        before = a;
        T_LOG("%s %.40s", all[i].network, all[i].text);
        T_ERR(leat_addr_parse(&a, all[i].network, all[i].text), all[i].err);
        if (all[i].err)
            T_MEMEQ(&a, &before, sizeof a);
    }
}

T_TEST(texts_are_cut_off_where_they_do_not_fit, .procs = {1})
{
    char text[8] = "xxxxxxx";
    leat_addr a, none = {0};

    T_ERR(leat_addr_parse(&a, "tcp", "127.0.0.1:80"), 0);
    T_EQ(leat_addr_format(&a, text, 4), 12);
    T_STREQ(text, "127");
    T_EQ(text[4], 'x');
    T_EQ(leat_addr_format(&a, NULL, 0), 12);
    T_EQ(leat_addr_format(&none, text, sizeof text), 0);
    T_STREQ(text, "");
}

T_TEST(longest_paths, .procs = {1})
{
    char path[109] = "", text[LEAT_ADDR_TEXT];
    leat_addr a, b;

    memset(path, 'p', 107);
    T_ERR(leat_addr_parse(&a, "unix", path), 0);
    T_EQ(leat_addr_format(&a, text, sizeof text), 107);
    T_STREQ(text, path);
    path[0] = '@';
    T_ERR(leat_addr_parse(&b, "unix", path), 0);
    T_FALSE(leat_addr_equal(&a, &b));
    T_EQ(leat_addr_format(&b, text, sizeof text), 107);
    T_STREQ(text, path);
    path[107] = 'p';
    T_ERR(leat_addr_parse(&a, "unix", path), -ENAMETOOLONG);
    T_ERR(leat_addr_port(&b), -EAFNOSUPPORT);
}

/* Any bytes at all: an answer, and nothing outside. */
T_TEST(random_texts_are_read_or_refused, .procs = {1})
{
    const char alphabet[] = "[]:%.-@0123456789abcdefg/\x80\xff";
    const char *networks[] = {"tcp", "tcp4", "udp6", "unix"};

    for (long i = 0; i < t_scale(200000); i++) {
        char text[24], shown[LEAT_ADDR_TEXT];
        leat_addr a, again;
        size_t len = t_rand() % sizeof text;
        for (size_t k = 0; k < len; k++)
            text[k] = alphabet[t_rand() % (sizeof alphabet - 1)];
        text[len] = '\0';
        const char *network = networks[t_rand() % 4];
        if (leat_addr_parse(&a, network, text) < 0)
            continue;
        T_LT(leat_addr_format(&a, shown, sizeof shown), sizeof shown);
        T_ERR(leat_addr_parse(&again, network, shown), 0);
        T_TRUE(leat_addr_equal(&a, &again));
    }
}
