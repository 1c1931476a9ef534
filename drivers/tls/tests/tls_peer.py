#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tls_peer server VERSION CERT KEY | client VERSION PORT CA - Python's ssl, as the other side.

VERSION is 1.2 or 1.3. The server prints its port, serves one connection, gives back what it reads
and says what was agreed on. The client sends and checks blocks, and says the same.
"""
import socket
import ssl
import sys


def limit(context, version):
    version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["there/2", "there/1"])
    return context


def say(conn):
    print("agreed", conn.version(), conn.selected_alpn_protocol(), flush=True)


def server(version, cert, key):
    context = limit(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), version)
    context.load_cert_chain(cert, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print("port", listener.getsockname()[1], "", flush=True)
        plain, _ = listener.accept()
        with context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False) as conn:
            while data := conn.recv(20000):
                conn.sendall(data)
            say(conn)
            conn.unwrap()


def client(version, port, authority):
    context = limit(ssl.create_default_context(cafile=authority), version)
    plain = socket.create_connection(("127.0.0.1", int(port)))
    with context.wrap_socket(plain, server_hostname="localhost",
                             suppress_ragged_eofs=False) as conn:
        for i in range(50):
            block = bytes((i + j) % 256 for j in range(10000 + i))
            conn.sendall(block)
            got = b""
            while len(got) < len(block):
                got += conn.recv(len(block) - len(got))
            assert got == block
        say(conn)
        conn.unwrap()


{"server": server, "client": client}[sys.argv[1]](*sys.argv[2:])
