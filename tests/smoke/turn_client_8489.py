# SPDX-License-Identifier: BSD-3-Clause
"""A client that knows what RFC 8489 has over RFC 5389: an algorithm is chosen, SHA-256 signs, and a hash stands for the name."""

import hashlib
import hmac
import os

from turn_client import ALLOCATE, NONCE, REALM, REQUEST, TRANSPORT, UDP, USERNAME, Client, attribute, message, with_length

SHA256, ALGORITHM, USERHASH, ALGORITHMS = 0x001C, 0x001D, 0x001E, 0x8002
WITH_SHA256 = b"\0\2\0\0"
OFFER = WITH_SHA256 + b"\0\1\0\0"


def signed(data, key):
    """With MESSAGE-INTEGRITY-SHA256."""
    return with_length(data, 36) + attribute(SHA256, hmac.new(key, with_length(data, 36), hashlib.sha256).digest())


def verified(answer, key):
    """Whether it is the answer's last attribute, and right."""
    kind, mac = answer.attributes[-1]
    data = answer.raw[:-36]
    return kind == SHA256 and hmac.compare_digest(mac, hmac.new(key, with_length(data, 36), hashlib.sha256).digest())


class Client8489(Client):
    """hashed: its name is sent as a hash, where the server says that it finds it."""

    def __init__(self, *arguments, hashed=False, **named):
        super().__init__(*arguments, **named)
        self.hashed, self.offer = hashed, OFFER

    def challenge(self, extra=None):
        """A first request; it says that its client knows of algorithms unless it is told to say nothing."""
        extra = attribute(ALGORITHMS, OFFER) if extra is None else extra
        answer = self.exchange(message(ALLOCATE, REQUEST, attribute(TRANSPORT, UDP) + extra))
        self.realm, self.nonce, self.offer = answer.get(REALM), answer.get(NONCE), answer.get(ALGORITHMS)
        return answer

    def credentials(self):
        name = self.username.encode()
        who = attribute(USERHASH, hashlib.sha256(name + b":" + self.realm).digest()) if self.hashed else attribute(USERNAME, name)
        return (
            who
            + attribute(REALM, self.realm)
            + attribute(NONCE, self.nonce)
            + attribute(ALGORITHM, WITH_SHA256)
            + attribute(ALGORITHMS, self.offer)
        )

    def key(self):
        return hashlib.sha256(b":".join([self.username.encode(), self.realm, self.password.encode()])).digest()

    def build(self, method, attributes=b"", tid=None):
        tid = tid or os.urandom(12)
        if self.nonce is None:
            self.challenge()
        attributes = attributes(tid) if callable(attributes) else attributes
        return signed(message(method, REQUEST, attributes + self.credentials(), tid), self.key())
