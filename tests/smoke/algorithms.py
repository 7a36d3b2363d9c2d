# SPDX-License-Identifier: BSD-3-Clause
"""What RFC 8489 has over RFC 5389, by a client that knows of it: says what it got, and goes on when it is given a line.
usage: algorithms.py PEER PORT: an echoing peer"""

import sys

from turn_client import Client
from turn_client_8489 import ALGORITHMS, OFFER, Client8489, verified

peer, port = sys.argv[1], int(sys.argv[2])


def say(line):
    print(line, flush=True)
    sys.stdin.readline()


def call(client):
    """Whether what is sent through a relay comes back, each answer signed with SHA-256."""
    answers = []
    exchange = client.exchange
    client.exchange = lambda *arguments, **named: answers.append(exchange(*arguments, **named)) or answers[-1]
    client.allocate()
    client.permit(peer)
    client.bind(0x4001, peer, port)
    echoed = client.returns(client.send_channel, 0x4001)
    client.refresh(0)
    return echoed and all(verified(answer, client.key()) for answer in answers)


plain = Client8489()
say(f"nothing said: {len(plain.challenge(extra=b'').raw)} bytes")
client = Client8489()
answer = client.challenge()
say(f"asked: {len(answer.raw)} bytes, {client.nonce[:13].decode()}, {answer.get(ALGORITHMS) == OFFER}")
say(f"relayed: {call(client)}")
hashed = Client8489(hashed=True)
hashed.challenge()
say(f"by a hash: {call(hashed)}")
stripped = Client8489()
stripped.challenge()
stripped.nonce = stripped.nonce[13:]
say(f"without its cookie: {stripped.exchange(stripped.build(3, bytes.fromhex('0019000411000000'))).code}")
always = Client8489()
say(f"always: {len(always.challenge(extra=b'').raw)} bytes, {call(always)}")
old = Client()
old.allocate()
old.refresh(0)
say("RFC 5389's client: allocated")
