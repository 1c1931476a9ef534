/* SPDX-License-Identifier: MIT */
/* Channels of every kind of element, and every call of theirs. */
#include <leat/chan.h>
#include <leat/time.h>

struct job {
    int id;
    char text[100];
};

enum colour { RED, GREEN };

typedef leat_chan(struct job) job_chan;
typedef leat_chan(enum colour) colour_chan;
typedef leat_chan(void (*)(int)) callback_chan;
typedef leat_chan(leat_int_chan) chan_chan;
typedef leat_chan(const struct job *) job_ptr_chan;
typedef leat_chan(unsigned char) byte_chan;

static int calls;

static leat_int_chan next(leat_int_chan c)
{
    calls++;
    return c;
}

static void callback(int i)
{
    calls += i;
}

void shipped(leat_bool_chan b, leat_size_chan s, leat_int64_chan l, leat_double_chan d,
             leat_ptr_chan p, leat_str_chan t, leat_time_chan m, leat_done_chan u);
void own(job_chan jobs, colour_chan colours, chan_chan chans, job_ptr_chan ptrs, byte_chan b);
int64_t calls_of(leat_int_chan c);
int limited(leat_ctx *ctx, leat_int_chan c, job_chan jobs);
int loops(leat_int_chan c, job_chan jobs);

void shipped(leat_bool_chan b, leat_size_chan s, leat_int64_chan l, leat_double_chan d,
             leat_ptr_chan p, leat_str_chan t, leat_time_chan m, leat_done_chan u)
{
    const char *text = "text";
    const void *any = text;

    leat_send(b, true);
    leat_send(b, 3 > 2);
    leat_send(s, sizeof(any));
    leat_send(l, 1);
    leat_send(d, 1);
    leat_send(p, &calls);
    leat_send(p, NULL);
    leat_send(t, "literal");
    leat_send(t, text);
    leat_send(m, LEAT_SECOND);
    leat_send(u, LEAT_UNIT);
    leat_recv(t, &text);
    leat_recv(u, NULL);
    leat_recv(t, (void *)&any);
}

void own(job_chan jobs, colour_chan colours, chan_chan chans, job_ptr_chan ptrs, byte_chan b)
{
    callback_chan callbacks = leat_chan_make(callback_chan, 1);
    struct job j = {1, "paint"};
    const struct job fixed = {2, "dry"};
    volatile struct job seen;
    enum colour colour;
    leat_int_chan inner;

    leat_send(jobs, j);
    leat_send(jobs, fixed);
    leat_send(jobs, (struct job){3, "literal"});
    leat_send(colours, GREEN);
    leat_send(colours, 1);
    leat_send(chans, leat_chan_make(leat_int_chan, 1));
    leat_send(chans, NULL);
    leat_send(ptrs, &j);
    leat_send(ptrs, &fixed);
    leat_send(callbacks, callback);
    leat_send(callbacks, &callback);
    leat_send(b, 'b');
    leat_recv(jobs, &j);
    leat_recv(jobs, &seen);
    leat_recv(colours, &colour);
    if (leat_recv(chans, &inner))
        leat_send(inner, leat_recv(jobs, NULL));
    leat_chan_free(callbacks);
}

int64_t calls_of(leat_int_chan c)
{
    bool open, sent = leat_try_send(c, calls++);
    int v, *p = &v;

    leat_send(next(c), calls++);
    sent |= leat_recv(next(c), p++);
    sent |= leat_try_recv(c, &v) && leat_try_recv(c, NULL);
    sent |= leat_try_recv_ok(c, &v, &open) && leat_try_recv_ok(c, NULL, NULL);
    leat_int_chan made = leat_chan_try_make(leat_int_chan, leat_cap(next(c)));
    leat_int_chan again = leat_chan_ref(next(c));
    leat_chan_unref(again);
    leat_chan_free(made);
    leat_close(next(c));
    return leat_len(next(c)) + leat_cap(c) + sent;
}

int loops(leat_int_chan c, job_chan jobs)
{
    leat_scoped_chan(job_chan, more, 3);
    leat_scoped_chan(leat_int_chan, other, 0);
    leat_range(job, jobs)
        leat_send(more, job);
    leat_range(v, next(c)) {
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
    leat_send(c, leat_recv(other, NULL));
    leat_send(c, leat_try_send(other, (leat_send(c, 1), 2)));
    return 0;
}

int limited(leat_ctx *ctx, leat_int_chan c, job_chan jobs)
{
    leat_scoped_chan(leat_int_chan, all, LEAT_UNBOUNDED);
    struct job j = {0};
    int v, *p = &v;
    int err = leat_send_status(next(c), calls++) + leat_try_send_status(jobs, j);

    err += leat_send_ctx(ctx, next(c), calls++) + leat_send_ctx(NULL, jobs, (struct job){0});
    err += leat_send_until(c, calls++, leat_now() + LEAT_SECOND);
    err += leat_send_until(jobs, ((struct job){0}), LEAT_FOREVER);
    err += leat_recv_ctx(ctx, next(c), p++) + leat_recv_ctx(NULL, jobs, NULL);
    err += leat_recv_until(jobs, &j, leat_recv_until(c, &v, 5));
    return err + leat_send_ctx(ctx, all, leat_recv_ctx(ctx, c, &v));
}
