/* SPDX-License-Identifier: MIT */
/*
 * date.c - dates of HTTP (RFC 9110 5.6.7), made and read without the C library's locale and locks.
 *
 * The calendar is counted in eras of 400 years that begin in March, so that the leap day is the
 * last of its year and months have a closed form.
 *
 * PROOF date_test.c
 */
#include "message.h"

#include <stdio.h>
#include <string.h>

enum { DAY = 86400, ERA_DAYS = 146097, EPOCH_DAYS = 719468 };
#define LAST_SECOND INT64_C(253402300799) /* of the year 9999 */

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static void date_digits(char *out, int64_t n, int count)
{
    while (count-- > 0) {
        out[count] = (char)('0' + n % 10);
        n /= 10;
    }
}

void http__date_format(char out[32], int64_t seconds)
{
    int64_t day = seconds / DAY, second = seconds % DAY;
    int64_t shifted = day + EPOCH_DAYS;
    int64_t era = shifted / ERA_DAYS, of_era = shifted % ERA_DAYS;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* 0 is March */

    year += era * 400 + (month >= 10);
    memcpy(out, "Thu, 01 Jan 1970 00:00:00 GMT", 30);
    memcpy(out, days[(day + 4) % 7], 3);
    date_digits(out + 5, of_year - (153 * month + 2) / 5 + 1, 2);
    memcpy(out + 8, months[(month + 2) % 12], 3);
    date_digits(out + 12, year, 4);
    date_digits(out + 17, second / 3600, 2);
    date_digits(out + 20, second / 60 % 60, 2);
    date_digits(out + 23, second % 60, 2);
}

static int month_number(const char *name)
{
    for (int i = 0; i < 12; i++) {
        if (memcmp(months[i], name, 3) == 0)
            return i + 1;
    }
    return 0;
}

struct moment {
    int year, month, day, hour, minute, second;
};

static int days_of(const struct moment *m)
{
    bool leap = m->year % 4 == 0 && (m->year % 100 != 0 || m->year % 400 == 0);

    if (m->month == 2)
        return leap ? 29 : 28;
    return m->month == 4 || m->month == 6 || m->month == 9 || m->month == 11 ? 30 : 31;
}

static int64_t seconds_of(const struct moment *m)
{
    int64_t year = m->year - (m->month <= 2), era = year / 400, of_era = year % 400;
    int64_t of_year = (153 * (m->month + (m->month > 2 ? -3 : 9)) + 2) / 5 + m->day - 1;
    int64_t day = era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year;

    if (m->year < 1970 || m->month < 1 || m->day < 1 || m->day > days_of(m) ||
        (unsigned)m->hour > 23 || (unsigned)m->minute > 59 || (unsigned)m->second > 60)
        return -1;
    int64_t seconds = (day - EPOCH_DAYS) * DAY + m->hour * 3600 + m->minute * 60 + m->second;
    return seconds <= LAST_SECOND ? seconds : -1; /* a leap second may lead beyond it */
}

int64_t http__date_parse(const char *text)
{
    struct moment m = {0};
    char month[4] = "";
    int end = 0;

    if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &m.day, month,
               &m.year, &m.hour, &m.minute, &m.second, &end) == 6 &&
        end > 0 && !text[end]) {
        m.month = month_number(month);
        return seconds_of(&m);
    }
    if (sscanf(text, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &m.day, month,
               &m.year, &m.hour, &m.minute, &m.second, &end) == 6 &&
        end > 0 && !text[end]) {
        m.month = month_number(month);
        m.year += m.year < 70 ? 2000 : 1900;
        return seconds_of(&m);
    }
    if (sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month, &m.day, &m.hour,
               &m.minute, &m.second, &m.year, &end) == 6 &&
        end > 0 && !text[end]) {
        m.month = month_number(month);
        return seconds_of(&m);
    }
    return -1;
}
