# SPDX-License-Identifier: BSD-3-Clause
"""usage: full_size.py SERVER PEER PORT SIZE...: prints, of each size, "SIZE channel indication" with how many of three datagrams
came back from an echoing peer each way. The echo leaves the peer as large as the client's kernel sends it here: in fragments where
it must."""

import sys

from turn_client import IPV6, FAMILY, Client, attribute

server, host, port, *sizes = sys.argv[1:]
client = Client(server, timeout=2)
client.allocate(*([attribute(FAMILY, IPV6)] if ":" in host else []))
client.permit(host)


def echoed(send, payload):
    returned = 0
    for _ in range(3):
        send(payload)
        got = client.receive()
        returned += got is not None and got[1] == payload
    return returned


def by_channel(payload):
    client.send_channel(0x4000, payload)


def by_indication(payload):
    client.send_indication(host, int(port), payload)


for size in map(int, sizes):
    payload = bytes((size + index) % 251 for index in range(size))
    indications = echoed(by_indication, payload)
    client.bind(0x4000, host, int(port))
    channels = echoed(by_channel, payload)
    print(size, channels, indications)
    client = Client(server, timeout=2)
    client.allocate(*([attribute(FAMILY, IPV6)] if ":" in host else []))
    client.permit(host)
