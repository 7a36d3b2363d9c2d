# SPDX-License-Identifier: BSD-3-Clause
"""usage: echo.py HOST PORT [COUNT]: that many datagrams through a channel and back; exit 1 when none returns."""

import sys

from turn_client import FAMILY, IPV6, Client, attribute

host, port = sys.argv[1], int(sys.argv[2])
count = int(sys.argv[3]) if len(sys.argv) > 3 else 12
client = Client(timeout=0.2)
client.allocate(*([attribute(FAMILY, IPV6)] if ":" in host else []))
client.bind(0x4000, host, port)
returned = 0
for index in range(count):
    client.send_channel(0x4000, b"%d" % index)
    returned += client.receive() is not None
client.refresh(0)
print(returned)
sys.exit(returned == 0)
