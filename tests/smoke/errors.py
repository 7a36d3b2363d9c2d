# SPDX-License-Identifier: BSD-3-Clause
"""Wrong requests and the codes that RFC 8489 and RFC 8656 give them."""

import os

from turn_client import (
    ALLOCATE, BINDING, CREATE_PERMISSION, EVEN_PORT, FAMILY, FINGERPRINT, NONCE, REALM, REFRESH, REQUEST,
    RESERVATION, TRANSPORT, UDP, UNKNOWN, XOR_MAPPED, XOR_PEER, XOR_RELAYED, Client, Refused,
    attribute, message, with_fingerprint, xor_address,
)


def code_of(client, method, attributes=b""):
    try:
        client.request(method, attributes)
        return 0
    except Refused as refused:
        return refused.code


def expect(what, got, wanted):
    assert got == wanted, f"{what}: {got}, wanted {wanted}"


witness = Client()
witness.allocate()
witness.bind(0x4000, "198.18.2.2", 3480)
fresh = Client()

answer = fresh.exchange(message(BINDING, REQUEST))
expect("Binding", answer.address(XOR_MAPPED), fresh.socket.getsockname()[:2])
answer = fresh.exchange(with_fingerprint(message(BINDING, REQUEST)))
assert answer.get(FINGERPRINT), "FINGERPRINT is answered in kind"
answer = fresh.exchange(message(BINDING, REQUEST, attribute(0x7777, b"")))
expect("unknown attribute", (answer.code, answer.get(UNKNOWN)[:2]), (420, b"\x77\x77"))

answer = fresh.exchange(message(ALLOCATE, REQUEST, attribute(TRANSPORT, UDP)))
expect("no credentials", (answer.code, len(answer.raw)), (401, 52 + 4))
fresh.realm, fresh.nonce = answer.get(REALM), answer.get(NONCE)
expect("no transport", code_of(fresh, ALLOCATE), 400)
expect("TCP", code_of(fresh, ALLOCATE, attribute(TRANSPORT, b"\6\0\0\0")), 442)
expect("family 7", code_of(fresh, ALLOCATE, attribute(TRANSPORT, UDP) + attribute(FAMILY, b"\7\0\0\0")), 440)
token = attribute(RESERVATION, os.urandom(8))
expect("a token of nobody", code_of(fresh, ALLOCATE, attribute(TRANSPORT, UDP) + token), 508)
even = attribute(EVEN_PORT, b"\x80")
expect("both", code_of(fresh, ALLOCATE, attribute(TRANSPORT, UDP) + token + even), 400)
expect("Refresh of nothing", code_of(fresh, REFRESH), 437)
expect("CreatePermission on nothing", code_of(fresh, CREATE_PERMISSION), 437)

fresh.allocate()
expect("a second allocation", code_of(fresh, ALLOCATE, attribute(TRANSPORT, UDP)), 437)
fresh.password, good = "wrong", fresh.password
expect("a wrong password", code_of(fresh, REFRESH), 401)
fresh.password, fresh.username = good, "other"
expect("another user", code_of(fresh, REFRESH) in (401, 441), True)
fresh.username = "demo"
fresh.nonce, nonce = witness.nonce, fresh.nonce
expect("a nonce of another client is none", fresh.exchange(fresh.build(REFRESH)).code, 438)
fresh.nonce = nonce
expect("no peer", code_of(fresh, CREATE_PERMISSION), 400)
expect("another family", code_of(fresh, CREATE_PERMISSION, lambda t: attribute(XOR_PEER, xor_address("2001:2:0:2::2", 0, t))), 443)
for number in (0, 0x3FFF, 0x8000, 0xFFFF):
    try:
        fresh.bind(number, "198.18.2.2", 3480)
        raise AssertionError(f"channel {number:#x}")
    except Refused as refused:
        expect(f"channel {number:#x}", refused.code, 400)
fresh.bind(0x4001, "198.18.2.2", 3480)
for number, port in ((0x4001, 3481), (0x4002, 3480)):
    try:
        fresh.bind(number, "198.18.2.2", port)
        raise AssertionError("a channel or a peer bound twice")
    except Refused as refused:
        expect("bound twice", refused.code, 400)

# the same request again gets the same answer and makes nothing twice
third = Client()
third.nonce, third.realm = None, None
first = third.exchange(third.build(ALLOCATE, attribute(TRANSPORT, UDP)))
third.realm, third.nonce = first.get(REALM), first.get(NONCE)
request = third.build(ALLOCATE, attribute(TRANSPORT, UDP))
expect("retransmission", third.exchange(request).address(XOR_RELAYED), third.exchange(request).address(XOR_RELAYED))

# an even port and the next one
fourth, fifth = Client(), Client()
answer = fourth.request(ALLOCATE, attribute(TRANSPORT, UDP) + even)
host, port = answer.address(XOR_RELAYED)
expect("even", port % 2, 0)
expect("the next", fifth.allocate(attribute(RESERVATION, answer.get(RESERVATION))), (host, port + 1))

expect("the witness", witness.returns(witness.send_channel, 0x4000), True)
for client in (witness, fresh, third, fourth, fifth):
    client.refresh(0)
