/* SPDX-License-Identifier: MIT */
/* Values and labels of goroutines, in C++. */
#include <leat/go.h>
#include <leat/local.h>

static const leat_local plain = {};
static const leat_local inherited = {true,
                                     [](void *value) { delete static_cast<int *>(value); }};

const char *locals(const char *name);

const char *locals(const char *name)
{
    const char *const labels[] = {"user", name, nullptr};
    leat_go_opts opts = {};

    opts.labels = labels;
    leat_local_set(&plain, nullptr);
    leat_local_set(&inherited, new int(3));
    leat_label_set("user", name);
    leat_go_with(opts, [] {});
    return leat_local_get(&inherited) ? leat_label_get("user") : "";
}
