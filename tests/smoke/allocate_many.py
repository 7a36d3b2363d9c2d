# SPDX-License-Identifier: BSD-3-Clause
"""usage: allocate_many.py COUNT SECONDS: clients that start within so many seconds; prints how many allocated,
the longest wait, and how often the most persistent sent a request. Retransmits as RFC 8489, 6.2.1 says (RTO 500 ms)."""

import selectors
import sys
import time

from turn_client import ALLOCATE, ERROR, NONCE, REALM, REFRESH, LIFETIME, SUCCESS, TRANSPORT, UDP, Client, Message, attribute


class Allocating(Client):
    def __init__(self, begin):
        super().__init__()
        self.socket.setblocking(False)
        self.begin, self.due, self.rto = begin, begin, 0.5
        self.waited = None
        self.most_sends = 0
        self.taken = False
        self.request_new()

    def another_port(self, now):
        """What RFC 8656, 7.4 says of 437: somebody had this port before, and his allocation is still there."""
        self.socket.close()
        super().__init__()
        self.socket.setblocking(False)
        self.due, self.taken = now, False
        self.request_new()

    def request_new(self):
        self.packet = self.build(ALLOCATE, attribute(TRANSPORT, UDP))
        self.rto = 0.5
        self.sends = 0

    def send(self, now):
        self.socket.send(self.packet)
        self.sends += 1
        self.most_sends = max(self.most_sends, self.sends)
        self.due = now + self.rto
        self.rto *= 2

    def read(self, now):
        answer = Message(self.socket.recv(2048))
        if answer.tid != self.packet[8:20]:
            return
        if answer.cls == SUCCESS:
            self.waited = now - self.begin
        elif answer.cls == ERROR and answer.code in (401, 438):
            self.realm, self.nonce = answer.get(REALM), answer.get(NONCE)
            self.request_new()
            self.send(now)
        elif answer.code == 437:
            self.taken = True


def main(count, seconds):
    start = time.monotonic() + 0.1
    clients = [Allocating(start + seconds * index / count) for index in range(count)]
    selector = selectors.DefaultSelector()
    for client in clients:
        selector.register(client.socket, selectors.EVENT_READ, client)
    end = start + seconds + 60
    while time.monotonic() < end and any(client.waited is None for client in clients):
        # First what has come: an answer that this process is late to read is not lost.
        for key, _ in selector.select(0.005):
            key.data.read(time.monotonic())
            if key.data.taken:
                selector.unregister(key.fileobj)
                key.data.another_port(time.monotonic())
                selector.register(key.data.socket, selectors.EVENT_READ, key.data)
        now = time.monotonic()
        for client in clients:
            if client.waited is None and client.due <= now:
                client.send(now)
    done = [client for client in clients if client.waited is not None]
    print(len(done), round(max(client.waited for client in done), 2) if done else "-", max(client.most_sends for client in clients))
    for client in done:
        client.socket.send(client.build(REFRESH, attribute(LIFETIME, bytes(4))))


main(int(sys.argv[1]), float(sys.argv[2]))
