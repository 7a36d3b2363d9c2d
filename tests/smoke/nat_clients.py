# SPDX-License-Identifier: BSD-3-Clause
"""usage: nat_clients.py SERVER PEER PORT: a client that knows the server's public address alone relays to an echoing peer
and back, and to another client of the same server. Prints "peer N of N, clients N of N, relayed ADDRESS"."""

import sys

from turn_client import Client, Refused

server, peer, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
ROUNDS = 20
first, second = Client(server, timeout=5), Client(server, timeout=5)
relayed = first.allocate(), second.allocate()

first.permit(peer)
echoed = 0
for index in range(ROUNDS):
    first.send_indication(peer, port, b"%d" % index)
    echoed += first.receive() == ((peer, port), b"%d" % index)

first.bind(0x4001, *relayed[1])
second.permit(relayed[0][0])
crossed = 0
for index in range(ROUNDS):
    first.send_channel(0x4001, b"%d" % index)
    there = second.receive() == (relayed[0], b"%d" % index)
    second.send_indication(*relayed[0], b"back %d" % index)
    crossed += there and first.receive() == (0x4001, b"back %d" % index)

try:
    first.permit("198.18.1.1")
    refused = 0
except Refused as answer:
    refused = answer.code
for client in first, second:
    client.refresh(0)
print(f"peer {echoed} of {ROUNDS}, clients {crossed} of {ROUNDS}, relayed {relayed[0][0]} {relayed[1][0]}, {refused}")
