# SPDX-License-Identifier: BSD-3-Clause
"""A call whose client changes its network (RFC 8016): prints a line after each step, and goes on when it is given one.
usage: mobility.py PEER PORT ADDRESS: an echoing peer, and the client's address in the other network"""

import socket
import struct
import sys

from turn_client import ALLOCATE, LIFETIME, MOBILITY_TICKET, REFRESH, TRANSPORT, UDP, Client, Refused, attribute

CHANNEL = 0x4001
peer, port, elsewhere = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def say(line):
    print(line, flush=True)
    sys.stdin.readline()


def allocate(client):
    """The ticket, or the code."""
    try:
        answer = client.request(ALLOCATE, attribute(TRANSPORT, UDP) + attribute(MOBILITY_TICKET, b""))
        return answer.get(MOBILITY_TICKET)
    except Refused as refused:
        return refused.code


class Roaming(Client):
    """By another address, with the nonce of the one before, as a client does that knows no better."""

    def __init__(self, before):
        super().__init__()
        self.realm, self.nonce = before.realm, before.nonce

    def open(self):
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.settimeout(self.timeout)
        opened.bind((elsewhere, 0))
        opened.connect(self.server)
        return opened

    def move(self, ticket):
        """The next ticket, or the code."""
        seconds = attribute(LIFETIME, struct.pack("!I", 600))
        try:
            return self.request(REFRESH, seconds + attribute(MOBILITY_TICKET, ticket)).get(MOBILITY_TICKET)
        except Refused as refused:
            return refused.code


wlan = Client()
say(f"while it is off: {allocate(wlan)}")
first = allocate(wlan)
wlan.bind(CHANNEL, peer, port)
say("allocated" if wlan.returns(wlan.send_channel, CHANNEL) else "nothing comes back")
phone = Roaming(wlan)
second = phone.move(first)
say("both" if second not in (first, None) and wlan.returns(wlan.send_channel, CHANNEL) else f"not so: {second}")
say("moved" if phone.returns(phone.send_channel, CHANNEL) else "nothing comes back by the new address")
say("still there" if phone.returns(phone.send_channel, CHANNEL, tries=30) else "nothing comes back after that")
other = Roaming(phone)
say(f"the ticket before: {other.move(first)}")
third = other.move(second)
say("again" if third not in (second, None) and other.returns(other.send_channel, CHANNEL) else f"not so: {third}")
other.refresh(0)
print("deleted", flush=True)
