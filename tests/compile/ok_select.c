/* SPDX-License-Identifier: MIT */
/* Select in every form and place, and inside of itself. */
#include <leat/select.h>

struct job {
    int id;
    char text[100];
};

typedef leat_chan(struct job) job_chan;

int forms(leat_int_chan c, job_chan jobs, leat_str_chan names, leat_done_chan done);
int nested(leat_int_chan c, leat_int_chan d);
int arrays(leat_int_chan c);
int in_loop(leat_int_chan c);

int forms(leat_int_chan c, job_chan jobs, leat_str_chan names, leat_done_chan done)
{
    struct job j = {0, ""};
    volatile int seen;
    bool ok = true;
    int v = 1;

    switch (leat_select(leat_case_recv(c, &v), leat_case_recv(c, &seen),
                        leat_case_recv(jobs, &j), leat_case_recv_ok(c, &v, &ok),
                        leat_case_recv(done, NULL), leat_case_send(c, v++),
                        leat_case_send(jobs, j),
                        leat_case_send(jobs, (struct job){1, "literal"}),
                        leat_case_send(names, "name"), leat_case_send(done, LEAT_UNIT),
                        leat_case_timeout(2 * LEAT_SECOND))) {
    case 0:
        return v;
    case 1:
        break;
    default:
        return leat_select(leat_case_recv(c, NULL), leat_case_default);
    }
    if (leat_select_ordered(leat_case_recv(c, &v), leat_case_send(c, 1)) == 1)
        leat_select_none();
    return leat_select(leat_case_timeout(0));
}

int nested(leat_int_chan c, leat_int_chan d)
{
    int v = 0;

    switch (leat_select(leat_case_recv(c, &v), leat_case_default)) {
    case 0:
        switch (leat_select(leat_case_recv(d, &v), leat_case_send(c, v))) {
        case 0:
            return 1;
        default:
            return 2;
        }
    default:
        break;
    }
    leat_select(leat_case_send(c, leat_select(leat_case_recv(d, &v))));
    leat_select(leat_case_send(c, leat_recv(d, &v)));
    leat_select(leat_case_send(c, leat_try_send(d, leat_select(leat_case_recv(c, &v)))));
    leat_send(c, leat_select(leat_case_recv(d, &v)));
    return v;
}

int arrays(leat_int_chan c)
{
    int v;
    leat_case cases[] = {leat_case_recv(c, &v), leat_case_send(c, 2), leat_case_default};

    cases[0].kind = LEAT_CASE_END;
    return leat_select_n(cases, 3) + leat_select_ordered_n(cases + 1, 2);
}

int in_loop(leat_int_chan c)
{
    for (int i = 0, v; i < 3; i++) {
        switch (leat_select(leat_case_recv(c, &v), leat_case_timeout(LEAT_MILLISECOND))) {
        case 0:
            continue;
        case 1:
            goto out;
        }
    }
out:
    return 0;
}
