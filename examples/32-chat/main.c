/* SPDX-License-Identifier: MIT */
/*
 * 32 chat: a server where everybody hears what anybody says.
 *
 * Straight-line code, a goroutine for whatever goes on by itself:
 *
 *     accepting      takes connections, and starts for each of them
 *     reading        a guest's lines become events of the room,
 *     writing        and what the room says to the guest goes out at the guest's own pace
 *     the room       owns the list of guests: no lock, since nobody else touches it
 *
 * A guest who does not read must not hold up the others: the room puts a line into the guest's
 * box if it has room, and else shows the guest out. Closing a connection is how: its reader and its
 * writer are woken by that, whatever they wait for.
 *
 *     ./32-chat                  a scene with three guests, over real sockets
 *     ./32-chat :7000            a server; come in by `nc localhost 7000`, and say your name
 */
#include <leat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 200, NAME = 20, BOX = 16, GUESTS = 100 };

struct line {
    char text[LINE + NAME + 8];
};

typedef leat_chan(struct line) line_chan;

struct guest {
    leat_io *conn;
    char name[NAME];
    line_chan box;
};

struct event {
    enum { COMES, SAYS, GOES } what;
    struct guest *who;
    char text[LINE];
};

typedef leat_chan(struct event) event_chan;

/* --- lines from a connection --- */

struct lines {
    leat_io *conn;
    char buf[LINE];
    size_t have;
};

/* The next line without its end, at most LINE - 1 bytes of it. False: there are no more. */
static bool next_line(struct lines *l, char line[LINE])
{
    char *end;

    while (!(end = memchr(l->buf, '\n', l->have)) && l->have < sizeof(l->buf)) {
        int64_t n = leat_read(l->conn, l->buf + l->have, sizeof(l->buf) - l->have);
        if (n <= 0)
            return false;
        l->have += (size_t)n;
    }
    size_t len = end ? (size_t)(end - l->buf) : sizeof(l->buf) - 1;
    size_t used = end ? len + 1 : len;
    memcpy(line, l->buf, len);
    line[len > 0 && line[len - 1] == '\r' ? len - 1 : len] = '\0';
    l->have -= used;
    memmove(l->buf, l->buf + used, l->have);
    return true;
}

/* --- the room --- */

struct room {
    struct guest *guests[GUESTS];
    int n;
};

static void tell(struct guest *g, const struct line *line)
{
    if (!leat_try_send(g->box, *line))
        leat_io_close(g->conn); /* too slow; the reader will say that this one goes */
}

static void tell_others(struct room *r, const struct guest *but, const char *what,
                        const char *text)
{
    struct line line;

    snprintf(line.text, sizeof(line.text), "%s%s%s\n", but->name, what, text);
    for (int i = 0; i < r->n; i++)
        if (r->guests[i] != but)
            tell(r->guests[i], &line);
}

static void let_in(struct room *r, struct guest *g)
{
    if (r->n == GUESTS) {
        leat_io_close(g->conn);
        return;
    }
    struct line welcome;
    snprintf(welcome.text, sizeof(welcome.text), "welcome, %d others are here\n", r->n);
    tell(g, &welcome);
    tell_others(r, g, " comes in", "");
    r->guests[r->n++] = g;
}

static void let_out(struct room *r, const struct guest *g)
{
    for (int i = 0; i < r->n; i++)
        if (r->guests[i] == g) {
            r->guests[i] = r->guests[--r->n];
            tell_others(r, g, " goes", "");
            return;
        }
}

static void keep_room(event_chan events)
{
    struct room room = {.n = 0};

    leat_range(e, events) {
        if (e.what == COMES)
            let_in(&room, e.who);
        else if (e.what == SAYS)
            tell_others(&room, e.who, ": ", e.text);
        else {
            let_out(&room, e.who);
            leat_close(e.who->box); /* nobody but the room has written into it */
        }
    }
}

/* --- a guest --- */

static void write_to_guest(struct guest *g)
{
    leat_range(line, g->box)
        if (leat_write(g->conn, line.text, strlen(line.text)) < 0)
            leat_io_close(g->conn);
    leat_chan_free(g->box);
    leat_io_free(g->conn);
    free(g);
}

static void read_from_guest(leat_waitgroup *all, leat_io *conn, event_chan events)
{
    struct lines lines = {.conn = conn};
    struct event e = {.what = COMES};

    if (!next_line(&lines, e.text) || e.text[0] == '\0') {
        leat_io_free(conn);
        leat_waitgroup_done(all);
        return;
    }
    struct guest *g = calloc(1, sizeof(*g));
    if (!g)
        leat_panic("no memory for a guest");
    g->conn = conn;
    snprintf(g->name, sizeof(g->name), "%.*s", NAME - 1, e.text);
    g->box = leat_chan_make(line_chan, BOX);
    e.who = g;
    leat_go(write_to_guest, g);
    leat_send(events, e);
    e.what = SAYS;
    while (next_line(&lines, e.text))
        leat_send(events, e);
    e.what = GOES; /* the last that is heard of it: the room ends its box, and so its writer */
    leat_send(events, e);
    leat_waitgroup_done(all);
}

static void accept_all(leat_listener *l, event_chan events)
{
    leat_waitgroup guests = {0};
    leat_io *conn;

    while (leat_accept(l, &conn) == 0) {
        leat_net_set(conn, LEAT_NET_WRITE_BUFFER, 8 << 10); /* a chat is not worth more */
        leat_waitgroup_add(&guests, 1);
        leat_go(read_from_guest, &guests, conn, events);
    }
    leat_waitgroup_wait(&guests); /* closed: who is in may stay as long as they like */
    leat_close(events);
}

/* The whole server; it ends when the listener has been closed and the last guest has gone. */
static void serve(leat_listener *l)
{
    leat_scoped_chan(event_chan, events, 0);

    leat_waitgroup room = {0};
    leat_waitgroup_go(&room, keep_room, events);
    accept_all(l, events);
    leat_waitgroup_wait(&room);
}

/* --- the scene --- */

struct client {
    const char *name;
    struct lines lines;
};

static void says(struct client *c, const char *text)
{
    char line[LINE];

    snprintf(line, sizeof(line), "%s\n", text);
    leat_write(c->lines.conn, line, strlen(line));
}

static void hears(struct client *c)
{
    char line[LINE];

    printf("%-5s hears: %s\n", c->name, next_line(&c->lines, line) ? line : "nothing more");
}

static struct client comes(const char *name, const char *address)
{
    struct client c = {.name = name};

    if (leat_dial(&c.lines.conn, "tcp", address) != 0)
        leat_panic("%s cannot come in", name);
    says(&c, name);
    hears(&c);
    return c;
}

static void goes(struct client *c)
{
    leat_io_free(c->lines.conn);
}

static void scene(const char *address)
{
    struct client ada = comes("ada", address), ben = comes("ben", address);
    hears(&ada);
    struct client cleo = comes("cleo", address);
    hears(&ada);
    hears(&ben);

    says(&ada, "does anybody know how a leat works?");
    hears(&ben);
    hears(&cleo);
    says(&ben, "it brings the water, and the mill does the work");
    hears(&ada);
    hears(&cleo);
    goes(&ben);
    hears(&ada);
    hears(&cleo);

    /* One who sleeps holds up nobody. */
    struct client otto = comes("otto", address);
    hears(&ada);
    hears(&cleo);
    char line[LINE];
    do {
        says(&cleo,
             "wake up, otto, wake up, wake up, wake up, wake up, wake up, wake up, wake up");
        next_line(&ada.lines, line);
    } while (line[0] == 'c');
    printf("ada   hears: %s\n", line);
    goes(&otto);
    goes(&ada);
    goes(&cleo);
}

static int listen_at(leat_listener **l, const char *address)
{
    int err = leat_listen(l, "tcp", address);

    if (err)
        fprintf(stderr, "%s: %s\n", address, leat_strerror(err));
    return err;
}

int main(int argc, char **argv)
{
    leat_listener *l;
    leat_addr at;
    char address[LEAT_ADDR_TEXT];

    if (listen_at(&l, argc > 1 ? argv[1] : "127.0.0.1:0") != 0)
        return 1;
    if (argc > 1) {
        serve(l);
        return 0;
    }
    leat_waitgroup server = {0};
    leat_waitgroup_go(&server, serve, l);
    leat_listener_addr(l, &at);
    leat_addr_format(&at, address, sizeof(address));
    scene(address);
    leat_listener_close(l);
    leat_waitgroup_wait(&server);
    leat_listener_free(l);
    printf("the room is empty\n");
    return 0;
}
