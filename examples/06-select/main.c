/* SPDX-License-Identifier: MIT */
/*
 * 06 select: take whatever comes first, without waiting too long and without waiting at all.
 *
 * leat_select waits until one of its cases can happen, does that one, and returns its number.
 * If several can, it picks one of them at random, so that none is starved.
 */
#include <leat.h>
#include <stdio.h>

static void meter(int from, int to, leat_int_chan readings)
{
    for (int value = from; value <= to; value++)
        leat_send(readings, value);
    leat_close(readings);
}

/*
 * Two senders, and no telling which is quicker. A closed channel is always ready, so once one
 * has ended its variable becomes NULL: a NULL channel never is, and its case falls silent.
 */
static void add_up_meters(leat_int_chan power, leat_int_chan water)
{
    int reading, watts = 0, litres = 0;
    bool open;

    leat_go(meter, 201, 300, power);
    leat_go(meter, 1, 50, water);
    while (power || water) {
        switch (leat_select(leat_case_recv_ok(power, &reading, &open),
                            leat_case_recv_ok(water, &reading, &open))) {
        case 0:
            watts += reading; /* zero when closed */
            if (!open)
                power = NULL;
            break;
        case 1:
            litres += reading;
            if (!open)
                water = NULL;
            break;
        }
    }
    printf("%d W and %d l in all\n", watts, litres);
}

/* leat_case_timeout ends the wait, leat_case_default is taken when nothing is ready now. */
static void ask_patiently(leat_str_chan answers)
{
    const char *answer;

    switch (leat_select(leat_case_recv(answers, &answer), leat_case_default)) {
    case 0:
        printf("at once: %s\n", answer);
        return;
    case 1:
        puts("no answer yet, something else can be done meanwhile");
        break;
    }
    switch (leat_select(leat_case_recv(answers, &answer),
                        leat_case_timeout(5 * LEAT_MILLISECOND))) {
    case 0:
        printf("in time: %s\n", answer);
        break;
    case 1:
        puts("no answer within 5 ms");
        break;
    }
}

int main(void)
{
    leat_scoped_chan(leat_int_chan, power, 0); /* freed when this block ends */
    leat_scoped_chan(leat_int_chan, water, 0);
    leat_scoped_chan(leat_str_chan, answers, 1);

    add_up_meters(power, water);
    ask_patiently(answers);
    leat_send(answers, "forty-two");
    ask_patiently(answers);
    return 0;
}
