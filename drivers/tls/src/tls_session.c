/* SPDX-License-Identifier: MIT */
/*
 * tls_session.c - sessions that a client goes on with.
 *
 * PICTURE   config.sessions -> newest -> ... -> oldest, each with the name of its server
 *
 * A session is taken out when it is used: who can read two connections should not see that they
 * are one client's, which is why TLS 1.3 gives several and wants each used once. Those of TLS
 * 1.2 are put back after the handshake. There are some for each server, so that connections
 * which begin at once can all go on, but not so many that one server displaces the others.
 *
 * A session was verified under the rules of its config, and is only used under the same.
 *
 * REJECTED  OpenSSL's own cache: a server's, keyed by what the server chose. A table: a config
 *   has few sessions, and a handshake costs more than a walk along them.
 *
 * PROOF  tls_verify_test.c.
 */
#include "tls_config.h"

#include <stdlib.h>
#include <string.h>

enum { PER_SERVER = 4 };

static void session_free(struct tls_session *s)
{
    SSL_SESSION_free(s->session);
    free(s);
}

/* Unlinks what is more than there should be, the oldest of a server first, else of all. */
static struct tls_session *unlink_surplus(leat_tls_config *config, const char *server)
{
    struct tls_session **oldest = NULL, **last = NULL, *gone;
    int all = 0, same = 0;

    for (struct tls_session **at = &config->sessions; *at; at = &(*at)->next) {
        last = at;
        all++;
        if (strcmp((*at)->server, server) == 0) {
            oldest = at;
            same++;
        }
    }
    if (same <= PER_SERVER)
        oldest = all > config->max_sessions ? last : NULL;
    if (!oldest)
        return NULL;
    gone = *oldest;
    *oldest = gone->next;
    return gone;
}

void tls__session_put(leat_tls_config *config, const char *server, SSL_SESSION *session)
{
    size_t len = strlen(server) + 1;
    struct tls_session *s = malloc(sizeof(*s) + len), *gone;

    if (!s) {
        SSL_SESSION_free(session);
        return;
    }
    s->session = session;
    memcpy(s->server, server, len);
    leat_mutex_lock(&config->session_lock);
    s->next = config->sessions;
    config->sessions = s;
    gone = unlink_surplus(config, server);
    leat_mutex_unlock(&config->session_lock);
    if (gone)
        session_free(gone);
}

SSL_SESSION *tls__session_take(leat_tls_config *config, const char *server)
{
    SSL_SESSION *session = NULL;
    struct tls_session *found = NULL;

    leat_mutex_lock(&config->session_lock);
    for (struct tls_session **at = &config->sessions; *at; at = &(*at)->next) {
        if (strcmp((*at)->server, server) == 0) {
            found = *at;
            *at = found->next;
            break;
        }
    }
    leat_mutex_unlock(&config->session_lock);
    if (found) {
        session = found->session;
        free(found);
    }
    return session;
}

void tls__session_drop_all(leat_tls_config *config)
{
    while (config->sessions) {
        struct tls_session *s = config->sessions;

        config->sessions = s->next;
        session_free(s);
    }
}
