# SPDX-License-Identifier: BSD-3-Clause
"""usage: windowed.py COUNT [HOST | forget PATH]: COUNT datagrams by four clients' channels to the echoing peer, a window at
a time; prints how many came back. With HOST they go there, where nobody answers, and a Binding shows when the window was
taken. With `forget` the server's host forgets the peer's MAC before each window (forget.py at PATH)."""

import socket
import sys
import time

from turn_client import BINDING, REQUEST, Client, message

WINDOW = 32
RENEWED_S = 120  # permissions live for 300 s, allocations for 600
PEER = "198.18.2.2"
count, words = int(sys.argv[1]), sys.argv[2:]
host = words[0] if len(words) == 1 else None
forgetful = None
if len(words) == 2:
    forgetful = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    forgetful.bind(words[1] + ".client")
    forgetful.connect(words[1])
clients = [Client(timeout=5) for _ in range(4)]
for client in clients:
    client.allocate()
    client.bind(0x4000, host or PEER, 3480)
returned, renewed = 0, time.monotonic()
for start in range(0, count, WINDOW):
    if time.monotonic() - renewed > RENEWED_S:
        for client in clients:
            client.refresh(600)
            client.bind(0x4000, host or PEER, 3480)
        renewed = time.monotonic()
    client = clients[start // WINDOW % len(clients)]
    size = min(WINDOW, count - start)
    if forgetful:
        forgetful.send(PEER.encode())
        forgetful.recv(64)
    for index in range(size):
        client.send_channel(0x4000, b"%d" % (start + index))
    if host:
        client.exchange(message(BINDING, REQUEST))
        continue
    for _ in range(size):
        if client.receive() is None:
            break
        returned += 1
print(returned)
