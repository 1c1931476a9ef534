/* SPDX-License-Identifier: MIT */
/* strerror.c - texts of results, version. */
#include <leat/base.h>

#include <string.h>

/* strerrordesc_np is constant text; strerror writes a buffer shared by all threads. */
const char *leat_strerror(int err)
{
    extern const char *strerrordesc_np(int);
    const char *text;

    if (err >= 0)
        return "success";
    switch (-err) {
    case ECANCELED:
        return "canceled";
    case ETIMEDOUT:
        return "deadline exceeded";
    case EPIPE:
        return "closed";
    default:
        text = strerrordesc_np(-err);
        return text ? text : "unknown error";
    }
}

const char *leat_version(void)
{
    return "0.1.0";
}
