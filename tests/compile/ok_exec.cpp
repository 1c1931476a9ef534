/* SPDX-License-Identifier: MIT */
/* Every name of leat/exec.h, from C++. */
#include <leat/exec.h>

int commands(leat_ctx *ctx, leat_io *io);

int commands(leat_ctx *ctx, leat_io *io)
{
    static const char *const argv[] = {"cat", "-n", nullptr};
    leat_cmd c = {};
    char path[64], *text;
    std::size_t n;
    int err = leat_look_path(path, sizeof(path), "cat");

    c.argv = argv;
    c.ctx = ctx;
    c.in = io;
    c.out_fd = LEAT_FD(1);
    err += leat_cmd_in_pipe(&c, &io) + leat_cmd_out_pipe(&c, &io) + leat_cmd_err_pipe(&c, &io);
    err += leat_cmd_start(&c) + leat_cmd_signal(&c, 15) + leat_cmd_wait(&c) + leat_cmd_run(&c);
    return err + leat_cmd_output(&c, &text, &n) + leat_cmd_combined(&c, &text, nullptr) +
           c.code;
}
