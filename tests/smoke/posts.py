# SPDX-License-Identifier: BSD-3-Clause
"""usage: posts.py PORT FILE: an HTTP server on loopback that adds each body that is posted to FILE, a line each, and answers 204."""

import http.server
import sys


class Posts(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[2], "ab") as file:
            file.write(body.strip() + b"\n")
        self.send_response(204)
        self.end_headers()

    def log_message(self, format, *args):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Posts).serve_forever()
