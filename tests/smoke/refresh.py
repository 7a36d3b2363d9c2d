# SPDX-License-Identifier: BSD-3-Clause
"""The life of an allocation, by its own client."""

import struct

from turn_client import LIFETIME, Client, Refused


def lifetime(answer):
    return struct.unpack("!I", answer.get(LIFETIME))[0]


client = Client(timeout=0.5)
relayed = client.allocate()
assert lifetime(client.refresh(900)) == 900
assert lifetime(client.refresh(100000)) == 3600
assert lifetime(client.refresh(1)) == 600, "never below the default"
client.bind(0x4000, "198.18.2.2", 3480)
assert client.returns(client.send_channel, 0x4000)

assert lifetime(client.refresh(0)) == 0
assert not client.returns(client.send_channel, 0x4000, tries=1)
try:
    client.permit("198.18.2.2")
    raise AssertionError("a permission on no allocation")
except Refused as refused:
    assert refused.code == 437, refused.code
again = client.allocate()
assert not client.returns(client.send_channel, 0x4000, tries=1)
client.refresh(0)
