# SPDX-License-Identifier: BSD-3-Clause
"""usage: steady.py COUNT HOST PORT: COUNT clients with a channel each, echoed until stdin ends. Prints "ready", at the
end "SENT LOST"."""

import select
import sys

from turn_client import Client

count, host, port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
clients = [Client(timeout=5) for _ in range(count)]
sent = lost = 0
for client in clients:
    client.allocate()
    client.bind(0x4000, host, port)
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.01)[0]:
    for client in clients:
        client.send_channel(0x4000, b"%d" % sent)
        sent += 1
    for client in clients:
        lost += client.receive() is None
print(sent, lost, flush=True)
