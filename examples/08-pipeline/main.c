/* SPDX-License-Identifier: MIT */
/*
 * 08 pipeline: from a thermometer's raw lines to a smoothed curve, one stage a goroutine.
 *
 *     lines --> parse --> to_celsius --> smooth --> main prints
 *
 * Every stage reads one channel and writes the next; it knows neither who comes before nor who
 * comes after, and all of them work at the same time on different values. Order is kept, since
 * each stage is one goroutine. When a stage's input ends it closes its output, and so the end
 * travels down the line.
 */
#include <leat.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const raw[] = {
    "68.0", "68.9", "70.7", "?",    "71.6", "73.4", "error", "75.2",
    "77.0", "78.8", "77.9", "76.1", "",     "73.4", "71.6",  "69.8",
};

static void lines(leat_str_chan out)
{
    for (size_t i = 0; i < sizeof(raw) / sizeof(raw[0]); i++)
        leat_send(out, raw[i]);
    leat_close(out);
}

/* A stage may drop values: what the sensor could not measure ends here. */
static void parse(leat_str_chan in, leat_double_chan out)
{
    leat_range(line, in) {
        char *end;
        double value = strtod(line, &end);
        if (end != line && *end == '\0')
            leat_send(out, value);
    }
    leat_close(out);
}

static void to_celsius(leat_double_chan in, leat_double_chan out)
{
    leat_range(fahrenheit, in)
        leat_send(out, (fahrenheit - 32) * 5 / 9);
    leat_close(out);
}

/* A stage may remember: its state is a local variable, and nobody else can reach it. */
static void smooth(leat_double_chan in, leat_double_chan out)
{
    double last = 0;
    bool first = true;
    leat_range(value, in) {
        last = first ? value : (last + value) / 2;
        first = false;
        leat_send(out, last);
    }
    leat_close(out);
}

int main(void)
{
    /* A small buffer lets a stage work ahead a little; without any the result is the same. */
    leat_str_chan text = leat_chan_make(leat_str_chan, 4);
    leat_double_chan fahrenheit = leat_chan_make(leat_double_chan, 4);
    leat_double_chan celsius = leat_chan_make(leat_double_chan, 4);
    leat_double_chan curve = leat_chan_make(leat_double_chan, 4);

    leat_go(lines, text);
    leat_go(parse, text, fahrenheit);
    leat_go(to_celsius, fahrenheit, celsius);
    leat_go(smooth, celsius, curve);

    static const char bar[] = "********************************************************";
    leat_range(value, curve)
        printf("%5.2f %.*s\n", value, (int)(value * 2), bar);

    /* curve is closed, so smooth has seen the end, so have the stages before it. */
    leat_chan_free(text);
    leat_chan_free(fahrenheit);
    leat_chan_free(celsius);
    leat_chan_free(curve);
    return 0;
}
