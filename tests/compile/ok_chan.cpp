/* SPDX-License-Identifier: MIT */
/* Channels in C++: typed by the template or by the names of C. */
#include <leat/chan.h>

#include <type_traits>
#include <utility>

struct job {
    int id;
    char text[100];
};

struct no_default {
    int v;
    explicit no_default(int i) : v(i)
    {
    }
};

enum class colour { red, green };

using job_chan = leat_chan(job);
typedef leat_chan(void (*)(int)) callback_chan;
static_assert(std::is_same_v<leat_int_chan, leat::chan<int>>,
              "one type for C's name and C++'s");
static_assert(std::is_same_v<job_chan, leat::chan<job>>, "every expansion is the same type");
static_assert(sizeof(job_chan) == sizeof(void *) && std::is_pointer_v<job_chan>, "as in C");

static void callback(int)
{
}

/* As a C function would take it. */
extern "C" void give_to_c(leat_int_chan c);

template <typename T> T take(leat::chan<T> c)
{
    T v;
    leat_recv(c, &v);
    return v;
}

void shipped(leat_bool_chan b, leat_int64_chan l, leat_double_chan d, leat_ptr_chan p,
             leat_str_chan t, leat_time_chan m, leat_done_chan u);
void own(job_chan jobs, leat::chan<colour> colours, leat::chan<no_default> strict);
int64_t calls_of(leat_int_chan c);
int limited(leat_ctx *ctx, leat_int_chan c, leat::chan<job> jobs);
int loops(leat_int_chan c, job_chan jobs, leat_done_chan done);

void shipped(leat_bool_chan b, leat_int64_chan l, leat_double_chan d, leat_ptr_chan p,
             leat_str_chan t, leat_time_chan m, leat_done_chan u)
{
    const char *text = "text";
    void *any = nullptr;

    leat_send(b, true);
    leat_send(l, 1);
    leat_send(d, 1);
    leat_send(p, &any);
    leat_send(p, NULL);
    leat_send(p, nullptr);
    leat_send(t, "literal");
    leat_send(t, text);
    leat_send(m, LEAT_SECOND);
    leat_send(u, LEAT_UNIT);
    leat_recv(t, &text);
    leat_recv(u, NULL);
    leat_recv(u, nullptr);
    leat_recv(t, static_cast<void *>(&any));
}

void own(job_chan jobs, leat::chan<colour> colours, leat::chan<no_default> strict)
{
    callback_chan callbacks = leat_chan_make(callback_chan, 1);
    leat::chan<leat::chan<int>> chans = leat_chan_make(leat::chan<leat::chan<int>>, 1);
    job j = {1, "paint"};
    const job fixed = {2, "dry"};
    volatile int seen;

    leat_send(jobs, j);
    leat_send(jobs, fixed);
    leat_send(jobs, job{3, "literal"});
    leat_send(jobs, {4, "braces"});
    leat_send(colours, colour::green);
    leat_send(callbacks, callback);
    leat_send(callbacks, [](int) {});
    leat_send(strict, no_default(3));
    leat_range(s, strict)
        leat_send(strict, s);
    leat_send(chans, leat_chan_make(leat::chan<int>, 1));
    leat_send(chans, nullptr);
    leat_recv(take(chans), &seen);
    give_to_c(take(chans));
    leat_send(colours, take(colours));
}

int64_t calls_of(leat_int_chan c)
{
    bool open, sent = leat_try_send(c, 1);
    int v = 0;

    sent |= leat_recv(c, &v) && leat_try_recv(c, &v) && leat_try_recv(c, NULL);
    sent |= leat_try_recv_ok(c, &v, &open) && leat_try_recv_ok(c, nullptr, nullptr);
    leat::chan<int> made = leat_chan_try_make(leat::chan<int>, leat_cap(c));
    leat_chan_unref(leat_chan_ref(c));
    leat_chan_free(made);
    leat_close(c);
    return leat_len(c) + leat_cap(c) + sent + v;
}

int loops(leat_int_chan c, job_chan jobs, leat_done_chan done)
{
    leat_scoped_chan(job_chan, more, 3);
    leat_scoped_chan(leat::chan<int>, other, 0);
    leat_range(j, jobs)
        leat_send(more, j);
    leat_range(u, done)
        leat_send(done, u);
    leat_range(v, c) {
        leat_range(w, other) {
            if (w == v)
                continue;
            if (w > v)
                break;
            v += w;
        }
        if (v > 3)
            return v;
    }
    leat_send(c, leat_recv(other, nullptr));
    return 0;
}

int limited(leat_ctx *ctx, leat_int_chan c, leat::chan<job> jobs)
{
    leat_scoped_chan(leat_int_chan, all, LEAT_UNBOUNDED);
    job j = {};
    int v;
    int err = leat_send_status(c, 'a') + leat_try_send_status(jobs, j);

    err += leat_send_ctx(ctx, c, 1) + leat_send_ctx(nullptr, jobs, {});
    err += leat_send_until(c, 2, leat_now() + LEAT_SECOND);
    err += leat_send_until(jobs, {}, LEAT_FOREVER);
    err += leat_recv_ctx(ctx, c, &v) + leat_recv_ctx(nullptr, jobs, nullptr);
    err += leat_recv_until(jobs, &j, leat_recv_until(c, &v, 5));
    return err + leat_send_ctx(ctx, all, leat_recv_ctx(ctx, c, &v));
}
