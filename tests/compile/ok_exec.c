/* SPDX-License-Identifier: MIT */
/* Every name of leat/exec.h. */
#include <leat/exec.h>

int commands(leat_ctx *ctx, leat_io *io);

int commands(leat_ctx *ctx, leat_io *io)
{
    leat_cmd c = {.argv = LEAT_ARGV("cat", "-n"), .ctx = ctx, .in = io, .out_fd = LEAT_FD(1)};
    char path[64], *text;
    size_t n;
    int err = leat_look_path(path, sizeof(path), "cat");

    err += leat_cmd_in_pipe(&c, &io) + leat_cmd_out_pipe(&c, &io) + leat_cmd_err_pipe(&c, &io);
    err += leat_cmd_start(&c) + leat_cmd_signal(&c, 15) + leat_cmd_wait(&c) + leat_cmd_run(&c);
    return err + leat_cmd_output(&c, &text, &n) + leat_cmd_combined(&c, &text, NULL) + c.code;
}
