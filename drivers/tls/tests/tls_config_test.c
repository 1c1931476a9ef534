/* SPDX-License-Identifier: MIT */
/* tls_config_test.c - configurations: what they take, what they refuse, and with which words. */
#include "tls_made.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder with files of its own, gone at the end. */
struct folder {
    char path[64];
    char file[128];
};

static void folder_make(struct folder *f)
{
    snprintf(f->path, sizeof(f->path), "/tmp/leat-tls-XXXXXX");
    T_TRUE(mkdtemp(f->path));
}

static const char *folder_file(struct folder *f, const char *name)
{
    snprintf(f->file, sizeof(f->file), "%s/%s", f->path, name);
    return f->file;
}

static void folder_put(struct folder *f, const char *name, const char *text)
{
    FILE *file = fopen(folder_file(f, name), "w");

    T_TRUE(file);
    fputs(text, file);
    T_EQ(fclose(file), 0);
}

static void folder_remove(struct folder *f)
{
    static const char *const names[] = {"cert", "key", "other", "keys"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        unlink(folder_file(f, names[i]));
    T_EQ(rmdir(f->path), 0);
}

static void says(struct folder *f, const char *name, const char *words)
{
    char text[300];

    snprintf(text, sizeof(text), "%s/%s: %s", f->path, name, words);
    T_STRHAS(leat_tls_error(NULL), text);
}

static int load(struct folder *f, leat_tls_config *config, const char *cert, const char *key)
{
    char cert_file[128], key_file[128];

    snprintf(cert_file, sizeof(cert_file), "%s/%s", f->path, cert);
    if (key)
        snprintf(key_file, sizeof(key_file), "%s/%s", f->path, key);
    return leat_tls_config_cert(config, cert_file, key ? key_file : NULL);
}

T_TEST(bad_files_are_named)
{
    struct folder f;
    struct made one = made_authority(), two = made_authority();
    leat_tls_config *config = leat_tls_config_make();
    char broken[MADE_PEM];

    folder_make(&f);
    folder_put(&f, "cert", one.cert);
    T_ERR(load(&f, config, "none", "key"), -ENOENT);
    says(&f, "none", "No such file or directory");
    T_ERR(load(&f, config, "cert", "none"), -ENOENT);
    says(&f, "none", "No such file or directory");
    T_ERR(load(&f, config, "cert", NULL), -EINVAL);
    says(&f, "cert", "there is no private key in it (in PEM form)");
    folder_put(&f, "key", two.key);
    T_ERR(load(&f, config, "key", "key"), -EINVAL);
    says(&f, "key", "there is no certificate in it (in PEM form)");
    T_ERR(load(&f, config, "cert", "key"), -EINVAL);
    says(&f, "key", "this private key does not belong to the certificate in ");
    memcpy(broken, one.cert, sizeof(broken));
    memcpy(broken + 100, "!!!!", 4);
    folder_put(&f, "other", broken);
    T_ERR(load(&f, config, "other", "key"), -EINVAL);
    says(&f, "other", "a certificate in it cannot be read: ");
    T_ERR(leat_tls_config_ca(config, folder_file(&f, "other")), -EINVAL);
    says(&f, "other", "a certificate in it cannot be read: ");
    T_ERR(leat_tls_config_ca(config, folder_file(&f, "key")), -EINVAL);
    T_ERR(leat_tls_config_ca(config, folder_file(&f, "none")), -ENOENT);
    T_ERR(leat_tls_config_ca(config, f.path), -EISDIR);
    made_encrypted(&one, broken);
    folder_put(&f, "other", broken);
    T_ERR(load(&f, config, "cert", "other"), -EINVAL);
    says(&f, "other", "the private key in it is encrypted");
    folder_put(&f, "key", one.key);
    T_ERR(load(&f, config, "cert", "key"), 0);
    folder_put(&f, "other", "");
    T_ERR(load(&f, config, "other", NULL), -EINVAL);
    folder_remove(&f);
    leat_tls_config_free(config);
}

T_TEST(a_certificate_and_its_key_may_share_a_file)
{
    struct folder f;
    struct made authority = made_authority(), cert = made_localhost(&authority);
    char both[2 * MADE_PEM];
    leat_tls_config *server = leat_tls_config_make(), *client = leat_tls_config_make();
    struct duo d;

    folder_make(&f);
    snprintf(both, sizeof(both), "%s%s", cert.key, cert.cert);
    folder_put(&f, "cert", both);
    T_ERR(load(&f, server, "cert", NULL), 0);
    folder_put(&f, "other", authority.cert);
    T_ERR(leat_tls_config_ca(client, folder_file(&f, "other")), 0);
    folder_remove(&f); /* they are read already */
    duo_shake(&d, client, server, "localhost");
    T_ERR(d.client_err, 0);
    duo_free(&d);
}

T_TEST(what_makes_no_sense_is_refused)
{
    leat_tls_config *config = leat_tls_config_make();
    const char *empty[] = {"h2", ""};
    char long_name[300] = "";
    const char *too_long[] = {long_name};
    leat_io *a, *b, *conn;
    struct made authority = made_authority(), cert = made_localhost(&authority);

    memset(long_name, 'x', 256);
    T_ERR(leat_tls_config_alpn(config, empty, 2), -EINVAL);
    T_ERR(leat_tls_config_alpn(config, too_long, 1), -EINVAL);
    T_ERR(leat_tls_config_versions(config, 0x0302, LEAT_TLS_1_3), -EINVAL);
    T_ERR(leat_tls_config_versions(config, LEAT_TLS_1_3, LEAT_TLS_1_2), -EINVAL);
    T_ERR(leat_tls_config_client_certs(config, 7), -EINVAL);
    T_ERR(leat_tls_config_sessions(config, -1), -EINVAL);
    T_ERR(leat_tls_config_keylog(config, "/no/such/folder/keys"), -ENOENT);
    made_pair(&a, &b);
    T_ERR(leat_tls_server(&conn, a, config, NULL), -EINVAL);
    T_STRHAS(leat_tls_error(NULL), "leat_tls_config_cert");
    leat_tls_config_free(config);
    config = made_server(&cert);
    T_ERR(leat_tls_config_client_certs(config, LEAT_TLS_CLIENT_CERT_REQUIRED), 0);
    T_ERR(leat_tls_server(&conn, a, config, NULL), -EINVAL);
    T_STRHAS(leat_tls_error(NULL), "leat_tls_config_ca");
    leat_tls_config_free(config);
    leat_tls_info info;
    T_ERR(leat_tls_state(a, &info), -EINVAL);
    T_TRUE(!leat_tls_below(a));
    T_STRHAS(leat_tls_error(a), "no TLS connection");
    leat_io_free(a);
    leat_io_free(b);
    leat_tls_config_free(leat_tls_config_ref(NULL));
}

T_TEST(a_config_in_use_stays_as_it_is)
{
    struct made authority = made_authority(), cert = made_localhost(&authority);
    leat_tls_config *client = made_client(&authority);
    const char *h2[] = {"h2"};
    struct duo d;

    duo_shake(&d, leat_tls_config_ref(client), made_server(&cert), "localhost");
    T_ERR(d.client_err, 0);
    T_ERR(leat_tls_config_insecure_skip_verify(client), -EBUSY);
    T_STRHAS(leat_tls_error(NULL), "in use");
    T_ERR(leat_tls_config_alpn(client, h2, 1), -EBUSY);
    T_ERR(leat_tls_config_sessions(client, 1), -EBUSY);
    T_ERR(leat_tls_config_versions(client, LEAT_TLS_1_3, LEAT_TLS_1_3), -EBUSY);
    T_ERR(leat_tls_config_ca_pem(client, authority.cert, strlen(authority.cert)), -EBUSY);
    T_ERR(leat_tls_config_keylog(client, "/dev/null"), -EBUSY);
    T_ERR(leat_tls_config_cert_pem(client, cert.cert, strlen(cert.cert), cert.key,
                                   strlen(cert.key)),
          -EBUSY);
    leat_tls_config_free(client);
    duo_free(&d);
}

T_TEST(keys_are_written_down)
{
    struct folder f;
    struct made authority = made_authority(), cert = made_localhost(&authority);
    leat_tls_config *client = made_client(&authority);
    struct duo d;
    char text[4000] = "";
    struct stat st;

    folder_make(&f);
    T_ERR(leat_tls_config_keylog(client, folder_file(&f, "keys")), 0);
    duo_shake(&d, client, made_server(&cert), "localhost");
    T_ERR(d.client_err, 0);
    duo_free(&d);
    T_EQ(stat(f.file, &st), 0);
    T_EQ(st.st_mode & 0777, 0600);
    FILE *file = fopen(f.file, "r");
    T_TRUE(fread(text, 1, sizeof(text) - 1, file) > 0);
    fclose(file);
    T_STRHAS(text, "CLIENT_TRAFFIC_SECRET_0 ");
    T_STRHAS(text, "SERVER_TRAFFIC_SECRET_0 ");
    folder_remove(&f);
}

static void fail_alone(leat_waitgroup *wg, leat_tls_config *config, int i)
{
    char name[64], want[100];

    for (int n = 0; n < 20; n++) {
        snprintf(name, sizeof(name), "/no/such/%d", i);
        snprintf(want, sizeof(want), "%s: No such file or directory", name);
        T_ERR(leat_tls_config_ca(config, name), -ENOENT);
        leat_yield();
        T_STREQ(leat_tls_error(NULL), want);
    }
    leat_waitgroup_done(wg);
}

T_TEST(each_goroutine_has_its_own_text)
{
    leat_tls_config *config = leat_tls_config_make();
    leat_waitgroup wg = {0};

    T_STREQ(leat_tls_error(NULL), "");
    leat_waitgroup_add(&wg, 50);
    for (int i = 0; i < 50; i++)
        leat_go(fail_alone, &wg, config, i);
    leat_waitgroup_wait(&wg);
    T_STREQ(leat_tls_error(NULL), "");
    leat_tls_config_free(config);
}
