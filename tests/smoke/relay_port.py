# SPDX-License-Identifier: BSD-3-Clause
"""usage: relay_port.py A-B[,C-D...]: eight allocations, all of whose ports lie in the ranges; exit 1 otherwise."""

import sys

from turn_client import Client

ranges = [tuple(map(int, part.split("-"))) for part in sys.argv[1].split(",")]
clients = [Client() for _ in range(8)]
ports = [client.allocate()[1] for client in clients]
for client in clients:
    client.refresh(0)
print(*ports)
sys.exit(not all(any(first <= port <= last for first, last in ranges) for port in ports))
