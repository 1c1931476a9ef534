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

#define TEXT_OF(...)                  TEXT_OF_(__VA_ARGS__)
#define TEXT_OF_(major, minor, patch) #major "." #minor "." #patch

const char *leat_version(void)
{
    return TEXT_OF(LEAT_VERSION_MAJOR, LEAT_VERSION_MINOR, LEAT_VERSION_PATCH);
}
