#!/bin/sh
# SPDX-License-Identifier: MIT
# test.sh PROGRAM: crawls a site that Python serves, and is given what it must refuse.
set -u
program=$1
command -v python3 >/dev/null || { echo 'needs python3'; exit 77; }
dir=$(mktemp -d) || exit 1
server=''
finish()
{
    [ -z "$server" ] || kill "$server" 2>/dev/null
    wait
    rm -rf "$dir"
}
trap finish EXIT

fail()
{
    echo "$*"
    cat "$dir/said" "$dir/wrong"
    exit 1
}

# ends STATUS ARGUMENT...: what is said is in files.
ends()
{
    wanted=$1
    shift
    "$program" "$@" >"$dir/said" 2>"$dir/wrong"
    got=$?
    [ "$got" -eq "$wanted" ] || fail "$*: the status is $got, not $wanted"
}

# refuses WORDS ARGUMENT...
refuses()
{
    words=$1
    shift
    ends 2 "$@"
    grep -qF -- "$words" "$dir/wrong" || fail "$*: it does not say: $words"
}

# A hundred pages that lead to each other, files of a directory; a redirect, one in a circle, and
# a page that does not come.
mkdir -p "$dir/www/sub"
python3 -c 'import sys
for i in range(100):
    links = "".join("<a href=\"page%d.html\">%d</a>\n" % (j, j) for j in range(0, 100, 7))
    with open("%s/page%d.html" % (sys.argv[1], i), "w") as page:
        print(links, "<A HREF=\"page%d.html\">next</A>" % ((i + 1) % 100), file=page)' \
    "$dir/www"
cat >"$dir/www/index.html" <<'END'
<a href="page0.html">pages</a> <a href='sub/'>sub</a> <a href="/moved">moved</a>
<a href="/nothing.html">nothing</a> <img src="/two words.png">
END
echo '<a href="../page1.html">up</a> <a href="more.html#here">more</a>' >"$dir/www/sub/index.html"
mkfifo "$dir/port"
cat >"$dir/server.py" <<'END'
import http.server, os, sys, threading
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *args):
        pass
    def do_GET(self):
        if self.path == "/never":
            threading.Event().wait()
        if self.path in ("/moved", "/circle"):
            self.send_response(302)
            self.send_header("Location", "/sub/" if self.path == "/moved" else "/circle")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_GET()
os.chdir(sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[2], "w") as out:
    print(server.server_port, file=out)
server.serve_forever()
END
python3 "$dir/server.py" "$dir/www" "$dir/port" &
server=$!
read -r port <"$dir/port"
site=http://127.0.0.1:$port

ends 1 "$site"
[ "$(tail -n 1 "$dir/said")" = '106 pages, 4 broken links, 0 pages too deep' ] || fail 'the sum'
[ "$(grep -c '^ok  /page[0-9]*.html$' "$dir/said")" -eq 100 ] || fail 'pages are missing'
grep -qx '      broken: /nothing.html, Not Found' "$dir/said" || fail 'a broken link'
grep -qx '      broken: /two words.png, Invalid argument' "$dir/said" || fail 'a bad link'
grep -qx '      broken: /sub/more.html, Not Found' "$dir/said" || fail 'a link on a page below'
ends 0 -d 0 "$site/page3.html#here"
[ "$(tail -n 1 "$dir/said")" = '1 pages, 0 broken links, 16 pages too deep' ] || fail 'no click'
ends 0 -d 1 -n 1 "$site/page3.html"
[ "$(tail -n 1 "$dir/said")" = '17 pages, 0 broken links, 16 pages too deep' ] || fail 'one click'
ends 1 "$site/circle"
grep -qx 'BAD /circle' "$dir/said" || fail 'a redirect in a circle'

refuses 'no time is left' -t 1 "$site/never"
refuses 'one URL is needed' -n 1
refuses 'https://127.0.0.1/: that is no URL' https://127.0.0.1/
refuses 'page.html: that is no URL' page.html
refuses '-n 0: that is no number' -n 0 "$site"
refuses '-x: there is no such option' -x "$site"
kill "$server"
wait "$server" 2>/dev/null
server=''
refuses "$site/: Connection refused" "$site/"
