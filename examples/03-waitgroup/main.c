/* SPDX-License-Identifier: MIT */
/*
 * 03 wait groups: draw the Mandelbrot set, a goroutine for each row.
 *
 * A wait group counts what is still running. The one who needs the results waits until the
 * count is zero; everything the others wrote before that is then visible to it. This is the
 * tool when goroutines have nothing to say to each other and each fills its own part of a
 * result: no channel, no lock, one wait.
 */
#include <leat.h>
#include <stdio.h>

#define ROWS      25
#define COLUMNS   72
#define MAX_STEPS 600
#define ONE       1000000L /* fixed point: every machine draws the same picture */

/* How long the point stays near the origin: the longer, the darker. */
static char shade(long re, long im)
{
    static const char ramp[] = " .:-=+*%#@";
    long x = 0, y = 0;
    int steps = 0;
    while (x * x / ONE + y * y / ONE < 4 * ONE && steps < MAX_STEPS) {
        long next = x * x / ONE - y * y / ONE + re;
        y = 2 * x * y / ONE + im;
        x = next;
        steps++;
    }
    if (steps == MAX_STEPS)
        return ramp[sizeof(ramp) - 2];
    return ramp[steps < 36 ? steps / 4 : 8];
}

static void draw_row(char *row, long im)
{
    for (int c = 0; c < COLUMNS; c++)
        row[c] = shade(-22 * ONE / 10 + c * (32 * ONE / 10) / COLUMNS, im);
    row[COLUMNS] = '\0';
}

int main(void)
{
    char picture[ROWS][COLUMNS + 1];

    /* A zeroed wait group is ready for use; nothing to create, nothing to destroy. */
    leat_waitgroup rows = {0};

    /*
     * leat_waitgroup_go adds one before the goroutine starts and takes it back when draw_row
     * returns. Adding inside the goroutine would be too late: the wait below could find a
     * count of zero because nobody has come that far.
     */
    for (int r = 0; r < ROWS; r++)
        leat_waitgroup_go(&rows, draw_row, picture[r], (r - ROWS / 2) * ONE / 10);
    leat_waitgroup_wait(&rows);

    for (int r = 0; r < ROWS; r++)
        printf("|%s|\n", picture[r]);
    return 0;
}
