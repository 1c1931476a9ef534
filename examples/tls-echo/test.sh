#!/bin/sh
# SPDX-License-Identifier: MIT
# test.sh TLS-ECHO: makes a certificate, runs the program with it, and compares what it prints.
set -u

program=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
command -v openssl >/dev/null || { echo 'there is no openssl to make a certificate'; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=echo \
    -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>openssl.log ||
    { cat openssl.log; exit 1; }
"$here/../check" "$here/expected.txt" "$program" cert.pem key.pem || exit 1

if "$program" none.pem key.pem 2>said.txt; then
    echo 'it did without a certificate'
    exit 1
fi
grep -qx 'tls-echo: none.pem: No such file or directory' said.txt || { cat said.txt; exit 1; }
