/* SPDX-License-Identifier: MIT */
/* tls_verify_test.c - who is trusted, who is not, and what the two agree on. */
#include "tls_made.h"

/* One byte each way, so that what comes after the handshake has been read too. */
static void talk(struct duo *d)
{
    char c = 'x';

    T_EQ(leat_write(d->server, &c, 1), 1);
    T_EQ(leat_read(d->client, &c, 1), 1);
    T_EQ(leat_write(d->client, &c, 1), 1);
    T_EQ(leat_read(d->server, &c, 1), 1);
}

static void good(leat_tls_config *client, leat_tls_config *server, const char *name)
{
    struct duo d;

    duo_shake(&d, client, server, name);
    T_STREQ(d.client_text, "");
    T_STREQ(d.server_text, "");
    T_ERR(d.client_err, 0);
    T_ERR(d.server_err, 0);
    talk(&d);
    duo_free(&d);
}

/* The client refuses the server, and tells why; the server is told by an alert. */
static void refused(leat_tls_config *client, leat_tls_config *server, const char *name, int err,
                    const char *text)
{
    struct duo d;

    duo_shake(&d, client, server, name);
    T_STRHAS(d.client_text, text);
    T_ERR(d.client_err, err);
    T_TRUE(!d.client);
    T_ERR(d.server_err, -EACCES);
    T_STRHAS(d.server_text, "the peer has given up, with the alert");
    duo_free(&d);
}

T_TEST(a_certificate_is_checked_for_its_names)
{
    struct made authority = made_authority();
    struct made cert = made_cert(
        (struct made_spec){.cn = "common.example",
                           .names = "DNS:a.example,DNS:*.b.example,IP:127.0.0.1,IP:::1",
                           .issuer = &authority});
    static const char *const right[] = {"a.example", "A.Example.", "x.b.example",
                                        "127.0.0.1", "::1",        "[::1]"};
    static const char *const wrong[] = {"b.example", "x.y.b.example", "common.example",
                                        "127.0.0.2", "::2",           "aa.example"};

    for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
        good(made_client(&authority), made_server(&cert), right[i]);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        char text[200];
        snprintf(text, sizeof(text),
                 "certificate of \"common.example\": it is for a.example, *.b.example, "
                 "127.0.0.1, 0:0:0:0:0:0:0:1, not for \"%s\"",
                 wrong[i]);
        refused(made_client(&authority), made_server(&cert), wrong[i], -EKEYREJECTED, text);
    }
}

T_TEST(a_certificate_without_names_is_for_nobody)
{
    struct made authority = made_authority();
    struct made cert = made_cert((struct made_spec){.cn = "localhost", .issuer = &authority});

    refused(made_client(&authority), made_server(&cert), "localhost", -EKEYREJECTED,
            "it is for no name at all, not for \"localhost\"");
}

T_TEST(a_certificate_is_checked_for_its_time)
{
    struct made authority = made_authority();
    struct made_spec spec = {.cn = "s", .names = "DNS:localhost", .issuer = &authority};

    spec.from = -9;
    spec.to = -2;
    struct made old = made_cert(spec);
    refused(made_client(&authority), made_server(&old), "localhost", -EKEYEXPIRED,
            "certificate of \"s\": it has expired, on ");
    spec.from = 2;
    spec.to = 9;
    struct made early = made_cert(spec);
    refused(made_client(&authority), made_server(&early), "localhost", -EKEYREJECTED,
            "certificate of \"s\": it is not valid before ");
}

T_TEST(a_certificate_is_checked_for_who_signed_it)
{
    struct made authority = made_authority(), other = made_authority();
    struct made cert = made_localhost(&authority);
    struct made_spec spec = {.cn = "self", .names = "DNS:localhost"};
    struct made self = made_cert(spec);

    refused(made_client(&other), made_server(&cert), "localhost", -EKEYREJECTED, "certificate");
    refused(
        leat_tls_config_make(), made_server(&cert), "localhost", -EKEYREJECTED,
        "certificate of \"server\": it is signed by an unknown authority, \"Test Authority\"");
    refused(made_client(&authority), made_server(&self), "localhost", -EKEYREJECTED,
            "certificate of \"self\": it is signed by itself, and is not among those we trust");
    good(made_client(&self), made_server(&self), "localhost");
    good(made_client(&cert), made_server(&cert), "localhost"); /* trusted itself */
    spec.issuer = &cert;                                       /* which is no authority */
    struct made below = made_cert(spec);
    refused(made_client(&cert), made_server(&below), "localhost", -EKEYREJECTED, "certificate");
}

T_TEST(certificates_between_come_along)
{
    struct made authority = made_authority();
    struct made between = made_cert(
        (struct made_spec){.cn = "Between", .issuer = &authority, .authority = true});
    struct made cert = made_localhost(&between);

    refused(made_client(&authority), made_server(&cert), "localhost", -EKEYREJECTED,
            "it is signed by an unknown authority, \"Between\"");
    strcat(cert.cert, between.cert);
    good(made_client(&authority), made_server(&cert), "localhost");
}

T_TEST(not_to_check_takes_a_call_that_says_so)
{
    struct made self = made_cert((struct made_spec){.cn = "self"});
    leat_tls_config *client = leat_tls_config_make();
    leat_io *a, *b, *conn;
    struct duo d;
    leat_tls_info info;

    made_pair(&a, &b);
    T_ERR(leat_tls_client(&conn, a, client, NULL, NULL), -EINVAL);
    T_STRHAS(leat_tls_error(NULL), "no name to check");
    T_ERR(leat_tls_client(&conn, a, client, "", NULL), -EINVAL);
    T_ERR(leat_tls_client(&conn, a, client, "a b", NULL), -EINVAL);
    T_STREQ(leat_tls_error(NULL), "no server has the name \"a b\"");
    T_ERR(leat_tls_client(&conn, a, client, "host:443", NULL), -EINVAL);
    leat_tls_config_free(client);
    leat_io_free(a);
    leat_io_free(b);
    client = leat_tls_config_make();
    T_ERR(leat_tls_config_insecure_skip_verify(client), 0);
    duo_shake(&d, client, made_server(&self), NULL);
    T_ERR(d.client_err, 0);
    T_ERR(leat_tls_state(d.client, &info), 0);
    T_FALSE(info.verified);
    T_STREQ(info.subject, "CN=self");
    T_STREQ(info.names, "");
    talk(&d);
    T_STREQ(leat_tls_error(d.client), "");
    duo_free(&d);
}

static leat_tls_config *asking(const struct made *cert, const struct made *authority, int how)
{
    leat_tls_config *server = made_server(cert);

    T_ERR(leat_tls_config_ca_pem(server, authority->cert, strlen(authority->cert)), 0);
    T_ERR(leat_tls_config_client_certs(server, how), 0);
    return server;
}

static leat_tls_config *showing(const struct made *authority, const struct made *cert)
{
    leat_tls_config *client = made_client(authority);

    if (cert)
        T_ERR(leat_tls_config_cert_pem(client, cert->cert, strlen(cert->cert), cert->key,
                                       strlen(cert->key)),
              0);
    return client;
}

/* In TLS 1.3 the client is done before the server has looked at its certificate. */
static void client_refused(struct duo *d, int client_err, int server_err, const char *text)
{
    char c;

    T_ERR(d->server_err, server_err);
    T_STRHAS(d->server_text, text);
    if (!d->client_err) {
        T_ERR(leat_read(d->client, &c, 1), client_err);
        T_STRHAS(leat_tls_error(d->client), "the peer has given up, with the alert");
        T_ERR(leat_write(d->client, "x", 1), client_err);
    } else {
        T_ERR(d->client_err, client_err);
    }
    duo_free(d);
}

static void clients_show_certificates(int version)
{
    struct made authority = made_authority(), cert = made_localhost(&authority);
    struct made ann = made_cert((struct made_spec){.cn = "ann", .issuer = &authority});
    struct made eve = made_cert((struct made_spec){.cn = "eve"});
    static const int hows[] = {LEAT_TLS_CLIENT_CERT_REQUIRED, LEAT_TLS_CLIENT_CERT_IF_GIVEN};

    for (int i = 0; i < 2; i++) {
        leat_tls_config *client = showing(&authority, &ann);
        struct duo d;
        leat_tls_info info;
        T_ERR(leat_tls_config_versions(client, version, version), 0);
        duo_shake(&d, client, asking(&cert, &authority, hows[i]), "localhost");
        T_ERR(d.server_err, 0);
        T_ERR(leat_tls_state(d.server, &info), 0);
        T_TRUE(info.verified);
        T_STREQ(info.subject, "CN=ann");
        talk(&d);
        duo_free(&d);
        client = showing(&authority, &eve);
        T_ERR(leat_tls_config_versions(client, version, version), 0);
        duo_shake(&d, client, asking(&cert, &authority, hows[i]), "localhost");
        client_refused(&d, -EACCES, -EKEYREJECTED,
                       "certificate of \"eve\": it is signed by itself");
        client = showing(&authority, NULL);
        T_ERR(leat_tls_config_versions(client, version, version), 0);
        duo_shake(&d, client, asking(&cert, &authority, hows[i]), "localhost");
        if (hows[i] == LEAT_TLS_CLIENT_CERT_REQUIRED) {
            /* the alert for this is new in 1.3 */
            client_refused(&d, version == LEAT_TLS_1_3 ? -EACCES : -EPROTO, -EPROTO,
                           "peer did not return a certificate");
            continue;
        }
        T_ERR(d.server_err, 0);
        T_ERR(leat_tls_state(d.server, &info), 0);
        T_FALSE(info.verified);
        T_STREQ(info.subject, "");
        T_TRUE(!info.cert);
        duo_free(&d);
    }
}

T_TEST(clients_show_certificates_in_1_3)
{
    clients_show_certificates(LEAT_TLS_1_3);
}

T_TEST(clients_show_certificates_in_1_2)
{
    clients_show_certificates(LEAT_TLS_1_2);
}

static leat_tls_config *with_alpn(leat_tls_config *config, const char *one, const char *two)
{
    const char *protocols[] = {one, two};

    if (one)
        T_ERR(leat_tls_config_alpn(config, protocols, two ? 2 : 1), 0);
    return config;
}

static void alpn(const char *client1, const char *client2, const char *server1,
                 const char *server2, const char *chosen)
{
    struct made authority = made_authority(), cert = made_localhost(&authority);
    leat_tls_config *client = with_alpn(made_client(&authority), client1, client2);
    leat_tls_config *server = with_alpn(made_server(&cert), server1, server2);
    struct duo d;
    leat_tls_info c, s;

    duo_shake(&d, client, server, "localhost");
    if (!chosen) {
        T_ERR(d.client_err, -EPROTONOSUPPORT);
        T_ERR(d.server_err, -EPROTONOSUPPORT);
        T_STRHAS(d.client_text, "no application protocol");
        return;
    }
    T_ERR(d.client_err, 0);
    T_ERR(leat_tls_state(d.client, &c), 0);
    T_ERR(leat_tls_state(d.server, &s), 0);
    T_STREQ(c.alpn, chosen);
    T_STREQ(s.alpn, chosen);
    duo_free(&d);
}

T_TEST(protocols_are_agreed_on)
{
    alpn("h2", "http/1.1", "http/1.1", "h2", "http/1.1");
    alpn("http/1.1", NULL, "h2", "http/1.1", "http/1.1");
    alpn("h2", NULL, NULL, NULL, "");
    alpn(NULL, NULL, "h2", NULL, "");
    alpn("h2", NULL, "http/1.1", NULL, NULL);
}

T_TEST(a_server_shows_the_certificate_for_the_name)
{
    struct made authority = made_authority();
    struct made_spec spec = {.cn = "first", .names = "DNS:first.example", .issuer = &authority};
    struct made first = made_cert(spec);
    spec.cn = "second";
    spec.names = "DNS:second.example,DNS:*.wild.example";
    struct made second = made_cert(spec);
    static const char *const names[][2] = {{"first.example", "CN=first"},
                                           {"second.example", "CN=second"},
                                           {"a.wild.example", "CN=second"}};

    for (size_t i = 0; i < 3; i++) {
        leat_tls_config *server = showing(&authority, &first);
        struct duo d;
        leat_tls_info c, s;
        T_ERR(leat_tls_config_cert_pem(server, second.cert, strlen(second.cert), second.key,
                                       strlen(second.key)),
              0);
        duo_shake(&d, made_client(&authority), server, names[i][0]);
        T_ERR(d.client_err, 0);
        T_ERR(leat_tls_state(d.client, &c), 0);
        T_ERR(leat_tls_state(d.server, &s), 0);
        T_STREQ(c.subject, names[i][1]);
        T_STREQ(s.server_name, names[i][0]);
        T_TRUE(s.server);
        T_FALSE(c.server);
        T_GT(c.cert_len, 100);
        duo_free(&d);
    }
}

T_TEST(versions_are_agreed_on)
{
    struct made authority = made_authority(), cert = made_localhost(&authority);

    for (int c = LEAT_TLS_1_2; c <= LEAT_TLS_1_3; c++) {
        for (int s = LEAT_TLS_1_2; s <= LEAT_TLS_1_3; s++) {
            leat_tls_config *client = made_client(&authority), *server = made_server(&cert);
            struct duo d;
            leat_tls_info info;
            T_ERR(leat_tls_config_versions(client, c, c), 0);
            T_ERR(leat_tls_config_versions(server, s, s), 0);
            duo_shake(&d, client, server, "localhost");
            if (c == s) {
                T_ERR(d.client_err, 0);
                T_ERR(leat_tls_state(d.client, &info), 0);
                T_EQ(info.version, c);
                T_STRHAS(info.cipher, c == LEAT_TLS_1_3 ? "TLS_" : "ECDHE");
            } else {
                T_ERR(d.client_err, -EPROTONOSUPPORT);
                T_ERR(d.server_err, -EPROTONOSUPPORT);
            }
            duo_free(&d);
        }
    }
}

/* Connects once more; was it the session of an earlier time? */
static bool again(leat_tls_config *client, leat_tls_config *server, const char *name)
{
    struct duo d;
    leat_tls_info c, s;

    duo_shake(&d, leat_tls_config_ref(client), leat_tls_config_ref(server), name);
    T_STREQ(d.client_text, "");
    T_ERR(d.client_err, 0);
    T_ERR(leat_tls_state(d.client, &c), 0);
    T_ERR(leat_tls_state(d.server, &s), 0);
    T_EQ(c.resumed, s.resumed);
    T_TRUE(c.verified);
    T_STREQ(c.subject, "CN=server");
    talk(&d);
    duo_free(&d);
    return c.resumed;
}

static void sessions_go_on(int version)
{
    struct made authority = made_authority(), cert = made_localhost(&authority);
    leat_tls_config *client = made_client(&authority), *server = made_server(&cert);

    T_ERR(leat_tls_config_versions(client, version, version), 0);
    T_FALSE(again(client, server, "localhost"));
    for (int i = 0; i < 5; i++)
        T_TRUE(again(client, server, "localhost"));
    T_FALSE(again(client, server, "127.0.0.1"));
    T_TRUE(again(client, server, "127.0.0.1"));
    leat_tls_config_free(client);
    leat_tls_config_free(server);
}

T_TEST(sessions_go_on_in_1_3)
{
    sessions_go_on(LEAT_TLS_1_3);
}

T_TEST(sessions_go_on_in_1_2)
{
    sessions_go_on(LEAT_TLS_1_2);
}

T_TEST(sessions_can_be_switched_off_and_are_limited)
{
    struct made authority = made_authority(), cert = made_localhost(&authority);

    for (int off = 0; off < 2; off++) {
        leat_tls_config *client = made_client(&authority), *server = made_server(&cert);
        T_ERR(leat_tls_config_sessions(off ? client : server, 0), 0);
        T_FALSE(again(client, server, "localhost"));
        T_FALSE(again(client, server, "localhost"));
        leat_tls_config_free(client);
        leat_tls_config_free(server);
    }
    leat_tls_config *client = made_client(&authority), *server = made_server(&cert);
    T_ERR(leat_tls_config_sessions(client, 1), 0);
    T_FALSE(again(client, server, "localhost"));
    T_FALSE(again(client, server, "127.0.0.1")); /* the other one has to go */
    T_FALSE(again(client, server, "localhost"));
    T_TRUE(again(client, server, "localhost"));
    leat_tls_config_free(client);
    leat_tls_config_free(server);
}
