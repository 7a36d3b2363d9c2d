# SPDX-License-Identifier: BSD-3-Clause
"""usage: windowed.py COUNT [HOST]: COUNT datagrams by four clients' channels to the echoing peer, a window at a time;
prints how many came back. With HOST they go there, where nobody answers, and a Binding shows when the window was taken."""

import sys

from turn_client import BINDING, REQUEST, Client, message

WINDOW = 32
count, host = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
clients = [Client(timeout=5) for _ in range(4)]
for client in clients:
    client.allocate()
    client.bind(0x4000, host or "198.18.2.2", 3480)
returned = 0
for start in range(0, count, WINDOW):
    client = clients[start // WINDOW % len(clients)]
    size = min(WINDOW, count - start)
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
