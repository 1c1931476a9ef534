/* SPDX-License-Identifier: MIT */
/* Sockets in C++: the same functions; a listener in a smart pointer. */
#include <leat/net.h>
#include <memory>
#include <string>

namespace
{
struct listener_free {
    void operator()(leat_listener *l) const
    {
        leat_listener_free(l);
    }
};
using listener = std::unique_ptr<leat_listener, listener_free>;
} // namespace

int serve_one(const char *address, std::string &name);

int serve_one(const char *address, std::string &name)
{
    leat_listener *made = nullptr;
    leat_io *conn = nullptr;
    leat_addr peer = {};
    char text[LEAT_ADDR_TEXT];

    int err = leat_listen(&made, "tcp", address);
    if (err < 0)
        return err;
    listener l(made);
    err = leat_accept_until(l.get(), &conn, leat_now() + LEAT_SECOND);
    if (err < 0)
        return err;
    err = leat_peer_addr(conn, &peer);
    name.assign(text, leat_addr_format(&peer, text, sizeof(text)));
    leat_net_set(conn, LEAT_NET_LINGER, 0);
    leat_io_free(conn);
    return err;
}
