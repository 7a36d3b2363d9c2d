# SPDX-License-Identifier: BSD-3-Clause
"""usage: sizes.py HOST PORT SIZE...: a datagram of each size through a channel to an echoing peer; prints the sizes that
came back unchanged."""

import sys

from turn_client import Client

host, port, *sizes = sys.argv[1:]
client = Client(timeout=2)
client.allocate()
client.bind(0x4000, host, int(port))
returned = []
for size in map(int, sizes):
    payload = bytes((size + index) % 251 for index in range(size))
    for _ in range(5):  # one may be late, or lost while the neighbours are found
        client.send_channel(0x4000, payload)
        got = client.receive()
        while got is not None and got[1] != payload:
            got = client.receive()
        if got is not None:
            returned.append(str(size))
            break
print(*returned)
