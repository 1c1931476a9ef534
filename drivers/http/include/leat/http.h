/* SPDX-License-Identifier: MIT */
/*
 * leat/http.h - all of libleat-http: servers, and what is said to them.
 *
 *     static void hello(leat_http_request *req, leat_http_response *res, void *arg)
 *     {
 *         leat_http_reply(res, 200, "text/plain", "hello\n", 6);
 *     }
 *
 *     leat_http_server *server;
 *     if (leat_http_server_make(&server, hello, NULL, NULL) == 0)
 *         leat_http_listen_and_serve(server, "tcp", "127.0.0.1:8080");
 *
 * Include <leat.h> and this, link libleat-http.
 */
#ifndef LEAT_HTTP_H
#define LEAT_HTTP_H

#include <leat/http/client.h>
#include <leat/http/files.h>
#include <leat/http/middleware.h>
#include <leat/http/mux.h>
#include <leat/http/request.h>
#include <leat/http/response.h>
#include <leat/http/server.h>

#endif
