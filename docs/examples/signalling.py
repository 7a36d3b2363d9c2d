#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A signalling service of one's own: its clients know neither WHIP nor sluice's tokens.

usage: signalling.py SLUICE TOKEN PORT          (http://198.18.1.1:8080 lab 9000; TOKEN is of scope admin)

A client POSTs /rooms/ROOM/publish or /rooms/ROOM/watch with {"sdp": OFFER} and gets {"id": ..., "sdp": ANSWER}.
It leaves by DELETE /rooms/ROOM/ID. GET /rooms/ROOM shows who is there, as sluice sees them.
"""
import json
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLUICE, TOKEN, PORT = sys.argv[1].rstrip("/"), sys.argv[2], int(sys.argv[3])


def ask(method, url, kind=None, body=None):
    """Status, headers and body of what sluice answers."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    if kind:
        headers["Content-Type"] = kind
    request = urllib.request.Request(url, method=method, headers=headers, data=body.encode() if body is not None else None)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


class Rooms(BaseHTTPRequestHandler):
    places = {}  # id -> the session's resource

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def path_parts(self):
        return self.path.strip("/").split("/")

    def do_POST(self):
        _, room, role = self.path_parts()
        offer = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["sdp"]
        protocol = "whip" if role == "publish" else "whep"
        status, headers, body = ask("POST", f"{SLUICE}/{protocol}/{room}", "application/sdp", offer)
        if status != 201:
            self.answer(status, {"error": json.loads(body).get("detail", body)})
            return
        place = headers["Location"]
        session = place.rsplit("/", 1)[1]
        self.places[session] = place
        self.answer(201, {"id": session, "sdp": body})

    def do_DELETE(self):
        place = self.places.pop(self.path_parts()[2], None)
        self.answer(ask("DELETE", place)[0] if place else 404, {})

    def do_GET(self):
        room = self.path_parts()[1]
        _, _, body = ask("POST", f"{SLUICE}/v1/session/show", "application/json", "{}")
        self.answer(200, [row for row in json.loads(body) if row["stream"] == room])

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", PORT), Rooms).serve_forever()
