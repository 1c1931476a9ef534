/* SPDX-License-Identifier: MIT */
/* tls_made.h - certificates made when a test runs, and pairs of connections over a socketpair. */
#ifndef TLS_MADE_H
#define TLS_MADE_H

#include <leat.h>
#include <leat/tls.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "t.h"

enum { MADE_PEM = 8192, MADE_TEXT = 400 };

/* A certificate and its key, as PEM. */
struct made {
    char cert[MADE_PEM], key[MADE_PEM];
};

struct made_spec {
    const char *cn;            /* the common name */
    const char *names;         /* as "DNS:a.example,IP:127.0.0.1"; NULL: none */
    const struct made *issuer; /* NULL: it signs itself */
    bool authority;            /* it may sign others */
    int from, to;              /* days from today; 0, 0: from yesterday until tomorrow */
};

struct made made_cert(struct made_spec spec);
/* Its key once more, under a password. */
void made_encrypted(const struct made *m, char key[MADE_PEM]);
/* An authority, and a certificate of it for localhost, 127.0.0.1 and ::1. */
struct made made_authority(void);
struct made made_localhost(const struct made *authority);

/* A server's config with that certificate; a client's that trusts that authority. */
leat_tls_config *made_server(const struct made *cert);
leat_tls_config *made_client(const struct made *authority);

/* Two streams that are connected. */
void made_pair(leat_io **a, leat_io **b);

/* What came out of a handshake; the streams are NULL where there was an error. */
struct duo {
    leat_io *client, *server;
    int client_err, server_err;
    char client_text[MADE_TEXT], server_text[MADE_TEXT];
};

/* Both sides over a socketpair; the configs are given back. */
void duo_shake(struct duo *d, leat_tls_config *client, leat_tls_config *server,
               const char *name);
/* The same for localhost; it must succeed. */
void duo_make(struct duo *d);
void duo_free(struct duo *d);

#endif
