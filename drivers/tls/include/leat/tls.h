/* SPDX-License-Identifier: MIT */
/*
 * leat/tls.h - TLS over any stream; a TLS connection is a stream itself. Link -lleat-tls.
 *
 *     leat_tls_config *config = leat_tls_config_make();        // once, for all connections
 *     leat_io *conn;
 *
 *     if (leat_tls_client(&conn, socket, config, "example.org", NULL) < 0) {
 *         fprintf(stderr, "%s\n", leat_tls_error(NULL));
 *         leat_io_free(socket);                                // it is still ours
 *     } else {
 *         leat_write(conn, "hello", 5);
 *         leat_io_free(conn);                                  // with the socket below
 *     }
 *
 * A server has a certificate: leat_tls_config_cert(config, "cert.pem", "key.pem"), then
 * leat_tls_server for each connection that it accepts, in the goroutine that serves it.
 *
 * TLS 1.2 and 1.3, by OpenSSL 3. A client checks the server's certificate and its name unless
 * leat_tls_config_insecure_skip_verify was called. One goroutine may read while another writes;
 * leat_io_shutdown(conn, LEAT_WRITE) ends one way, and the peer reads an end. A stream that ends
 * without such an end was cut off, perhaps by somebody in between: a read of it is -ENODATA.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* before the C half of any header */
#endif
#ifndef LEAT_TLS_H
#define LEAT_TLS_H

#include <leat/base.h>
#include <leat/io/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Certificates, authorities and choices, shared by any number of connections. */
typedef struct leat_tls_config leat_tls_config;

/** Versions of TLS. Older ones are broken, and not spoken. */
enum { LEAT_TLS_1_2 = 0x0303, LEAT_TLS_1_3 = 0x0304 };

/** What a server asks of its clients' certificates; see leat_tls_config_client_certs. */
enum {
    LEAT_TLS_NO_CLIENT_CERT,       /* it does not ask */
    LEAT_TLS_CLIENT_CERT_IF_GIVEN, /* a client may have none; one that it has must be good */
    LEAT_TLS_CLIENT_CERT_REQUIRED,
};

/** What two peers have agreed on; the texts belong to the connection and live as long. */
typedef struct leat_tls_info {
    int version;             /* LEAT_TLS_1_2 or LEAT_TLS_1_3 */
    bool server;             /* this side is the server */
    bool resumed;            /* an earlier session went on, without certificates */
    bool verified;           /* the peer has a certificate, and it was found good */
    const char *cipher;      /* "TLS_AES_256_GCM_SHA384" */
    const char *alpn;        /* the protocol chosen; "": none */
    const char *server_name; /* what the client asked for; "": nothing, or an address */
    const char *subject;     /* of the peer's certificate, as "CN=ann,O=Example"; "": none */
    const char *names;       /* the host names and addresses in it, as "a.example, 127.0.0.1" */
    const void *cert;        /* the certificate as DER; NULL: none */
    size_t cert_len;
} leat_tls_info;

/**
 * Make a configuration: a client's that trusts the system's authorities.
 *
 * Change it before it is used first; from then on a change is refused (-EBUSY), as connections
 * read it without a lock. Share one among all connections: it keeps what is costly to load, and
 * the sessions that later connections go on with.
 *
 * Go         &tls.Config{}
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller's: leat_tls_config_free. Connections keep it alive by themselves.
 * Ordering   none.
 * Param      none
 * Returns    a configuration; NULL: no memory.
 * Fatal      never.
 * See        leat_tls_client, leat_tls_server
 * Since      0.3
 */
LEAT_API leat_tls_config *leat_tls_config_make(void);

/**
 * Share a configuration: it stays until as many references have been given back.
 *
 * Go         none: Go has a garbage collector.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the new reference is the caller's.
 * Ordering   none.
 * Param      config  a configuration, or NULL.
 * Returns    config.
 * Fatal      never.
 * See        leat_tls_config_free
 * Since      0.3
 */
LEAT_API leat_tls_config *leat_tls_config_ref(leat_tls_config *config);

/**
 * Give a reference to a configuration back; the last one frees it.
 *
 * Go         none: Go has a garbage collector.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes the reference.
 * Ordering   what precedes any free happens before the memory is freed.
 * Param      config  a configuration, or NULL.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_tls_config_make, leat_tls_config_ref
 * Since      0.3
 */
LEAT_API void leat_tls_config_free(leat_tls_config *config);

/**
 * Add a certificate and its key, out of files.
 *
 * A server may have several: a client gets those that are for the name it asks for, and the first
 * one if none is. A client shows its first one to servers that ask.
 *
 * Go         tls.LoadX509KeyPair(cert, key), appended to config.Certificates
 * Blocks     for the time it takes to read the files.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the files are read now, and not again.
 * Ordering   none.
 * Param      config  a configuration that is not in use yet.
 * Param      cert    a file of PEM: the certificate, then those between it and an authority.
 * Param      key     a file of PEM with its private key, not encrypted; NULL: it is in cert.
 * Returns    0; why a file cannot be read, as -ENOENT; -EINVAL: what is in it is no such thing, or
 *            the two do not belong together; -EBUSY: the configuration is in use; -ENOMEM.
 *            leat_tls_error(NULL) names the file.
 * Fatal      never.
 * See        leat_tls_config_cert_pem, leat_tls_error
 * Since      0.3
 */
LEAT_API int leat_tls_config_cert(leat_tls_config *config, const char *cert, const char *key);

/**
 * Add a certificate and its key, out of memory.
 *
 * Go         tls.X509KeyPair(cert, key), appended to config.Certificates
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the memory for the call.
 * Ordering   none.
 * Param      config  a configuration that is not in use yet.
 * Param      cert    PEM: the certificate, then those between it and an authority.
 * Param      cert_len its length.
 * Param      key     PEM with its private key; NULL: it is in cert.
 * Param      key_len its length.
 * Returns    as leat_tls_config_cert.
 * Fatal      never.
 * See        leat_tls_config_cert
 * Since      0.3
 */
LEAT_API int leat_tls_config_cert_pem(leat_tls_config *config, const void *cert,
                                      size_t cert_len, const void *key, size_t key_len);

/**
 * Trust authorities, out of a file, instead of the system's; each call adds some.
 *
 * A client trusts the servers whose certificates they have signed, or that are in the file
 * themselves; a server that asks for certificates trusts its clients by them.
 *
 * Go         config.RootCAs, config.ClientCAs
 * Blocks     for the time it takes to read the file.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the file is read now, and not again.
 * Ordering   none.
 * Param      config  a configuration that is not in use yet.
 * Param      file    a file of PEM: one certificate or more.
 * Returns    as leat_tls_config_cert.
 * Fatal      never.
 * See        leat_tls_config_ca_pem, leat_tls_config_client_certs
 * Since      0.3
 */
LEAT_API int leat_tls_config_ca(leat_tls_config *config, const char *file);

/**
 * Trust authorities, out of memory, instead of the system's; each call adds some.
 *
 * Go         pool.AppendCertsFromPEM(pem)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the memory for the call.
 * Ordering   none.
 * Param      config  a configuration that is not in use yet.
 * Param      pem     PEM: one certificate or more.
 * Param      len     its length.
 * Returns    as leat_tls_config_cert.
 * Fatal      never.
 * See        leat_tls_config_ca
 * Since      0.3
 */
LEAT_API int leat_tls_config_ca_pem(leat_tls_config *config, const void *pem, size_t len);

/**
 * Say whether a server asks its clients for certificates.
 *
 * They must be signed by the authorities of leat_tls_config_ca: the system's, which sign for
 * everybody, are not taken for this, and a server that asks without authorities is refused.
 *
 * Go         config.ClientAuth
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      config  a configuration that is not in use yet.
 * Param      how     LEAT_TLS_NO_CLIENT_CERT, LEAT_TLS_CLIENT_CERT_IF_GIVEN or
 *            LEAT_TLS_CLIENT_CERT_REQUIRED.
 * Returns    0; -EINVAL: none of these; -EBUSY: the configuration is in use.
 * Fatal      never.
 * See        leat_tls_config_ca, leat_tls_state
 * Since      0.3
 */
LEAT_API int leat_tls_config_client_certs(leat_tls_config *config, int how);

/**
 * Say which protocols may be spoken above TLS (ALPN).
 *
 * The server's order decides. Where both sides have a list and nothing is in both, there is no
 * connection; where one has none, there is one without a protocol.
 *
 * Go         config.NextProtos
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the names are copied.
 * Ordering   none.
 * Param      config  a configuration that is not in use yet.
 * Param      protocols names such as "h2" and "http/1.1", the dearest first.
 * Param      n       how many; 0 takes the list back.
 * Returns    0; -EINVAL: an empty name, or one of more than 255 bytes, or too many; -EBUSY: the
 *            configuration is in use; -ENOMEM.
 * Fatal      never.
 * See        leat_tls_state
 * Since      0.3
 */
LEAT_API int leat_tls_config_alpn(leat_tls_config *config, const char *const *protocols, int n);

/**
 * Say which versions of TLS may be spoken: LEAT_TLS_1_2 to LEAT_TLS_1_3 unless this is called.
 *
 * Go         config.MinVersion, config.MaxVersion
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      config  a configuration that is not in use yet.
 * Param      min     the oldest.
 * Param      max     the newest.
 * Returns    0; -EINVAL: no versions, or in the wrong order; -EBUSY: the configuration is in use.
 * Fatal      never.
 * See        leat_tls_config_make
 * Since      0.3
 */
LEAT_API int leat_tls_config_versions(leat_tls_config *config, int min, int max);

/**
 * Let clients talk to servers that cannot prove who they are.
 *
 * Anybody between the two may read and change everything. For tests, and for programs that check
 * the certificate of leat_tls_state by themselves before they say anything.
 *
 * Go         config.InsecureSkipVerify = true
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      config  a configuration that is not in use yet.
 * Returns    0; -EBUSY: the configuration is in use.
 * Fatal      never.
 * See        leat_tls_config_ca, leat_tls_state
 * Since      0.3
 */
LEAT_API int leat_tls_config_insecure_skip_verify(leat_tls_config *config);

/**
 * Say how many sessions a client keeps, to go on with in later connections to the same name.
 *
 * It is 64 unless this is called. With 0, clients begin anew each time, and servers give no
 * tickets.
 *
 * Go         config.ClientSessionCache = tls.NewLRUClientSessionCache(n)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      config  a configuration that is not in use yet.
 * Param      n       how many.
 * Returns    0; -EINVAL: negative; -EBUSY: the configuration is in use.
 * Fatal      never.
 * See        leat_tls_state
 * Since      0.3
 */
LEAT_API int leat_tls_config_sessions(leat_tls_config *config, int n);

/**
 * Write the keys of all connections to a file, for Wireshark and the like to read along.
 *
 * Who has the file can read what was said. The format is that of SSLKEYLOGFILE.
 *
 * Go         config.KeyLogWriter
 * Blocks     for the time it takes to open the file.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the file is open as long as the configuration is there.
 * Ordering   none.
 * Param      config  a configuration that is not in use yet.
 * Param      file    its name; what is in it stays, and a new one is for its owner only.
 * Returns    0; why it cannot be opened; -EBUSY: the configuration is in use.
 * Fatal      never.
 * See        leat_tls_config_make
 * Since      0.3
 */
LEAT_API int leat_tls_config_keylog(leat_tls_config *config, const char *file);

/**
 * Speak TLS as a client, over a stream that is connected.
 *
 * It returns when the peers have agreed and the server's certificate has been found good: signed
 * by an authority, in time, and for that name.
 *
 * Go         tls.Client(conn, config), then conn.HandshakeContext(ctx)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the limit, by a deadline of the stream, or when that is closed.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *conn is the caller's: leat_io_free. It takes the reference to the stream below, which
 *            it closes; after an error the stream is still the caller's, and of no use.
 * Ordering   none.
 * Param      conn    where the connection goes; untouched after an error.
 * Param      below   a stream: a socket, or whatever reads and writes.
 * Param      config  a configuration; it is fixed from now on.
 * Param      server_name whose certificate the server must have: a host name without a port, or
 *            an address. NULL: only if leat_tls_config_insecure_skip_verify was called.
 * Param      limit   when to give up; NULL: never.
 * Returns    0; -EKEYEXPIRED, -EKEYREVOKED, -EKEYREJECTED: the certificate is too old, taken back,
 *            or not to be trusted or for another name; -EACCES: the server refuses ours;
 *            -EPROTONOSUPPORT: no version or protocol in common; -EPROTO: what came is not TLS,
 *            or the server gave up; -ENODATA: the stream ended; -EINVAL: no name, or none that
 *            can be; -ENOMEM; or as the stream's reads and writes. leat_tls_error(NULL) has the
 *            words.
 * Fatal      never.
 * See        leat_tls_server, leat_tls_error, leat_tls_state
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_tls_client(leat_io **conn, leat_io *below,
                                            leat_tls_config *config, const char *server_name,
                                            const leat_limit *limit);

/**
 * Speak TLS as a server, over a stream that a client has connected.
 *
 * Call it with a limit, and in the connection's own goroutine: a client may say nothing for ever.
 *
 * Go         tls.Server(conn, config), then conn.HandshakeContext(ctx)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the limit, by a deadline of the stream, or when that is closed.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_tls_client.
 * Ordering   none.
 * Param      conn    where the connection goes; untouched after an error.
 * Param      below   a stream.
 * Param      config  a configuration with a certificate; it is fixed from now on.
 * Param      limit   when to give up; NULL: never.
 * Returns    as leat_tls_client; -EINVAL: there is no certificate, or there are no authorities to
 *            check those of clients by.
 * Fatal      never.
 * See        leat_tls_client, leat_tls_config_cert, leat_tls_config_client_certs
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_tls_server(leat_io **conn, leat_io *below,
                                            leat_tls_config *config, const leat_limit *limit);

/**
 * Say what the peers have agreed on, and who the other one is.
 *
 * Go         conn.ConnectionState()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the texts belong to the connection, and live as long as its memory.
 * Ordering   none.
 * Param      conn    a TLS connection.
 * Param      info    where it goes.
 * Returns    0; -EINVAL: a stream of another kind; -ENOMEM.
 * Fatal      never.
 * See        leat_tls_client, leat_tls_server
 * Since      0.3
 */
LEAT_API int leat_tls_state(leat_io *conn, leat_tls_info *info);

/**
 * Find the stream below a TLS connection, for its addresses and options.
 *
 * Do not read, write or close it: the bytes in it are the peer's and this side's secrets.
 *
 * Go         conn.NetConn()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the stream stays the connection's.
 * Ordering   none.
 * Param      conn    a TLS connection.
 * Returns    the stream; NULL: conn is of another kind.
 * Fatal      never.
 * See        leat_io_fd
 * Since      0.3
 */
LEAT_API leat_io *leat_tls_below(leat_io *conn);

/**
 * Say in words why TLS failed.
 *
 *     certificate of "example.org": it has expired, on Nov 27 10:00:00 2026 GMT
 *
 * Go         err.Error()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the text of a connection lives as long as it does; that of NULL until the calling
 *            goroutine's next call of leat_tls that fails.
 * Ordering   none.
 * Param      conn    a connection: what ended it, or cut its reads off; NULL: why this goroutine's
 *            last leat_tls_client, leat_tls_server or leat_tls_config call that failed did.
 * Returns    the text; "": nothing has failed.
 * Fatal      never.
 * See        leat_tls_client, leat_strerror
 * Since      0.3
 */
LEAT_API const char *leat_tls_error(leat_io *conn);

#ifdef __cplusplus
}
#endif

#endif
