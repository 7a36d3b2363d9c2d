# SPDX-License-Identifier: BSD-3-Clause
"""usage: short_lives.py COUNT HOST PORT: COUNT allocations of 0.1 s, ten at a time, each with a channel to the echo there and a few bytes
through it. Prints "COUNT BYTES-TO-PEER BYTES-TO-CLIENT"."""

import sys
import time

from turn_client import Client

count, host, port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
to_peer = to_client = 0
for begin in range(0, count, 10):
    clients = [Client(timeout=1) for _ in range(min(10, count - begin))]
    for client in clients:
        client.allocate()
    born = time.monotonic()
    for at, client in enumerate(clients):
        client.bind(0x4000, host, port)
        payload = b"x" * (20 + (begin + at) % 400)
        client.send_channel(0x4000, payload)
        to_peer += len(payload)
        answer = client.receive()
        assert answer == (0x4000, payload), answer
        to_client += len(payload)
    time.sleep(max(0, born + 0.1 - time.monotonic()))
    for client in clients:
        client.refresh(0)
        client.socket.close()
print(count, to_peer, to_client)
