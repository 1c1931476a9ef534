/* SPDX-License-Identifier: MIT */
/* Values and labels of goroutines. */
#include <leat/go.h>
#include <leat/local.h>

static void forget(void *value)
{
    (void)value;
}

static const leat_local plain, inherited = {.inherited = true, .drop = forget};
static leat_local zero = {0};

const char *locals(void *value, const char *name);
void labelled(int n);

const char *locals(void *value, const char *name)
{
    const char *const labels[] = {"user", name, NULL};

    leat_local_set(&plain, value);
    leat_local_set(&inherited, leat_local_get(&plain));
    leat_local_set(&zero, NULL);
    leat_label_set("user", name);
    leat_label_set("user", NULL);
    leat_go_with((&(leat_go_opts){.labels = labels}), labelled, 1);
    leat_go_with((&(leat_go_opts){.labels = (const char *[]){"a", "b", NULL}}), labelled, 2);
    return leat_label_get("user");
}
