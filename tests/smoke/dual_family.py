# SPDX-License-Identifier: BSD-3-Clause
"""One allocation with a relayed address of each family (RFC 8656, ADDITIONAL-ADDRESS-FAMILY)."""

from turn_client import ADDITIONAL_FAMILY, ALLOCATE, IPV6, TRANSPORT, UDP, XOR_RELAYED, Client, attribute

client = Client()
answer = client.request(ALLOCATE, attribute(TRANSPORT, UDP) + attribute(ADDITIONAL_FAMILY, IPV6))
relayed = [answer.address(XOR_RELAYED, index)[0] for index in range(2)]
assert sorted(relayed) == ["198.18.2.1", "2001:2:0:2::1"], relayed

for number, peer in ((0x4000, "198.18.2.2"), (0x4001, "2001:2:0:2::2")):
    client.bind(number, peer, 3480)
    assert client.returns(client.send_channel, number), peer
client.refresh(0)
