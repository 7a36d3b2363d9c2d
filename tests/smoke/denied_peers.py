# SPDX-License-Identifier: BSD-3-Clause
"""Each denied peer is refused a permission and a channel with 403, and a Send indication to it goes nowhere."""

from turn_client import FAMILY, IPV6, Client, Refused, attribute

OWN4, OWN6 = "198.18.1.1", "2001:2:0:1::1"  # where the server listens
DENIED4 = [
    "0.0.0.0", "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "169.254.169.254", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", OWN4,
]
INNER = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0"]  # embedded in IPv6 addresses below
DENIED6 = ["::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "ff0e::1", OWN6]


def embeddings(address):
    a, b, c, d = (int(part) for part in address.split("."))
    high, low = f"{a << 8 | b:x}", f"{c << 8 | d:x}"
    return [
        f"::ffff:{high}:{low}",  # mapped
        f"::{high}:{low}",  # compatible
        f"2002:{high}:{low}::1",  # 6to4
        f"64:ff9b::{high}:{low}",  # NAT64
        f"64:ff9b:1::{high}:{low}",  # NAT64, local use
        f"2001:0:{high}:{low}::1",  # Teredo, as the server
        f"2001::{(a << 8 | b) ^ 0xffff:x}:{(c << 8 | d) ^ 0xffff:x}",  # Teredo, as the client
    ]


def code_of(call, *args):
    try:
        call(*args)
        return 0
    except Refused as refused:
        return refused.code


def check(client, peers):
    wrong = []
    for peer in peers:
        codes = code_of(client.permit, peer), code_of(client.bind, 0x4000, peer, 3480)
        if codes != (403, 403):
            wrong.append((peer, codes))
    return wrong


four, six = Client(), Client()
four.allocate()
six.allocate(attribute(FAMILY, IPV6))
wrong = check(four, DENIED4) + check(six, DENIED6 + [e for inner in INNER for e in embeddings(inner)])
# one denied peer among good ones spoils the whole request
mixed = code_of(four.permit, "198.18.2.2", "127.0.0.1")
for client, peer, expected in (
    (four, "198.18.2.2", 0),
    (four, "9.9.9.9", 0),
    (four, "198.18.2.1", 0),  # a relayed address of this host
    (six, "2001:2:0:2::2", 0),
    (six, "2620:fe::fe", 0),
    (four, "2001:2:0:2::2", 443),
    (six, "198.18.2.2", 443),
):
    code = code_of(client.permit, peer)
    if code != expected:
        wrong.append((peer, code, "expected", expected))
for client in (four, six):
    client.refresh(0)
assert mixed == 403, mixed
assert not wrong, "\n".join(map(str, wrong))
