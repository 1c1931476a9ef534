/* SPDX-License-Identifier: MIT */
/* Every way to start a goroutine, with every kind of argument that fits. */
#include <leat/go.h>

#include <stdio.h>

struct point {
    double x, y;
};

static void none(void)
{
}

static void one(int a)
{
    (void)a;
}

static int two(const char *name, double d)
{
    return name[0] + (int)d;
}

static void mixed(struct point p, bool b, unsigned char c, float f, const void *v)
{
    (void)p, (void)b, (void)c, (void)f, (void)v;
}

static void forget(void *arg)
{
    (void)arg;
}

static void reset(int *i)
{
    *i = 0;
}

typedef void (*callback)(int);

static callback chosen(int i)
{
    return i ? one : NULL;
}

void start(int i, char *name, struct point *p);
int look(void);
int scoped(int *i);

void start(int i, char *name, struct point *p)
{
    static const leat_site here = {"file.c", "function", 1};
    callback fn = one;
    short s = 3;

    leat_go(none);
    leat_go(&none);
    leat_go(one, i++);
    leat_go(fn, s);
    leat_go(chosen(1), 'c');
    leat_go(two, "text", 1);
    leat_go(two, name, 1.5f);
    leat_go(mixed, *p, i, i, 1, p);
    leat_go(mixed, ((struct point){1, 2}), 1, 2, 3.0, NULL);
    leat_go(printf, "%d %g\n", i, p->x);
    leat_go(leat_yield);
    leat_go(forget, name);
    if (i)
        leat_go(none);
    else
        leat_go(one, (leat_go(none), 1));
    leat_go_named("worker", one, i++);
    leat_go_with(&(leat_go_opts){.name = "deep"}, none);
    leat_go_with((&(leat_go_opts){.name = "deep", .stack_size = 1 << 20}), one, 1);
    leat_go_at(&here, two, "text", 2.0);
    if (leat_go_try(one, i) < 0 || leat_go_try(none) < 0)
        leat_panic("no memory for %d goroutines", i);
}

int look(void)
{
    leat_yield();
    leat_lock_thread();
    leat_pin();
    leat_unpin();
    leat_unlock_thread();
    leat_dump();
    if (leat_name()[0] == '\0')
        leat_exit();
    return leat_num_goroutine() + leat_num_cpu() + leat_procs(0) + (int)leat_id();
}

int scoped(int *i)
{
    leat_defer(reset, i);
    leat_defer(forget, i);
    for (int n = 0; n < 2; n++) {
        leat_defer(reset, i + n);
        leat_defer(forget, "text");
        if (n)
            continue;
        leat_defer(&forget, NULL);
    }
    leat_blocking(none);
    leat_blocking(one, (*i)++);
    return leat_blocking(two, "text", leat_blocking(two, "inner", 1));
}
