/* SPDX-License-Identifier: MIT */
/* Select in every form, in C++. */
#include <leat/select.h>

struct job {
    int id;
    char text[100];
};

int forms(leat::chan<int> c, leat::chan<job> jobs, leat_str_chan names, leat_done_chan done);
int nested(leat::chan<int> c, leat::chan<int> d);
int arrays(leat::chan<int> c);

int forms(leat::chan<int> c, leat::chan<job> jobs, leat_str_chan names, leat_done_chan done)
{
    job j = {0, ""};
    volatile int seen;
    bool ok = true;
    int v = 1;

    switch (leat_select(leat_case_recv(c, &v), leat_case_recv(c, &seen),
                        leat_case_recv(jobs, &j), leat_case_recv_ok(c, &v, &ok),
                        leat_case_recv(done, NULL), leat_case_send(c, v++),
                        leat_case_send(jobs, j), leat_case_send(jobs, {1, "braces"}),
                        leat_case_send(names, "name"), leat_case_send(done, LEAT_UNIT),
                        leat_case_timeout(2 * LEAT_SECOND))) {
    case 0:
        return v;
    case 1:
        break;
    default:
        return leat_select(leat_case_recv(c, nullptr), leat_case_default);
    }
    if (leat_select_ordered(leat_case_recv(c, &v), leat_case_send(c, 1)) == 1)
        leat_select_none();
    return leat_select(leat_case_timeout(0));
}

int nested(leat::chan<int> c, leat::chan<int> d)
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
    leat_send(c, leat_select(leat_case_recv(d, &v)));
    return v;
}

int arrays(leat::chan<int> c)
{
    int v;
    leat_case cases[] = {leat_case_recv(c, &v), leat_case_timeout(1), leat_case_default};

    cases[0].kind = LEAT_CASE_END;
    return leat_select_n(cases, 3) + leat_select_ordered_n(cases + 1, 2);
}
