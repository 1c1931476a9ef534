/* SPDX-License-Identifier: MIT */
/* date_test.c - dates as the C library counts them, and in the three forms of the RFC. */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>

#include "message.h"
#include "t.h"

T_TEST(dates_are_those_of_the_calendar)
{
    for (int64_t t = 0; t < (int64_t)1 << 33; t += 86400 * 3 + 12347) {
        char ours[32], theirs[32];
        struct tm tm;
        time_t seconds = t;
        http__date_format(ours, t);
        gmtime_r(&seconds, &tm);
        strftime(theirs, sizeof theirs, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        T_STREQ(ours, theirs);
        T_EQ(http__date_parse(ours), t);
    }
}

T_TEST(old_forms_are_understood)
{
    T_EQ(http__date_parse("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
    T_EQ(http__date_parse("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
    T_EQ(http__date_parse("Sun Nov  6 08:49:37 1994"), 784111777);
    T_EQ(http__date_parse("Thu, 29 Feb 2024 00:00:00 GMT"), 1709164800);
    T_EQ(http__date_parse("Sat, 31 Dec 2016 23:59:60 GMT"), 1483228800); /* a leap second */
}

T_TEST(what_is_no_date_is_refused)
{
    static const char *const bad[] = {"",
                                      "now",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "0",
                                      "Sun, 06 Nov 1994 08:49:37 GMT+1",
                                      "Sun, 06 Foo 1994 08:49:37 GMT",
                                      "Sun, 00 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 25:49:37 GMT",
                                      "Sun, 06 Nov 1994 -1:49:37 GMT",
                                      "Sun, 06 Nov 1894 08:49:37 GMT",
                                      "Mon, 29 Feb 2100 00:00:00 GMT",
                                      "Wed, 31 Apr 2024 00:00:00 GMT",
                                      "Fri, 31 Dec 9999 23:59:60 GMT"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        T_EQ(http__date_parse(bad[i]), -1);
}
