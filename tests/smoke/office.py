# SPDX-License-Identifier: BSD-3-Clause
"""usage: office.py COUNT ROUNDS: people behind one address: COUNT allocations, then in each of ROUNDS seconds a Binding of each of them;
prints how many allocations there are, how many of the Bindings were answered, and how many of as many by strangers in one second."""

import selectors
import sys
import time

from turn_client import BINDING, REQUEST, Client, message

count, rounds = map(int, sys.argv[1:])
people = []
for _ in range(count):
    client = Client(timeout=1)
    if client.allocate():
        people.append(client)


def binding_round(clients):
    """Each sends one; how many have an answer within a second."""
    answered, selector = 0, selectors.DefaultSelector()
    begun = time.monotonic()
    for index, client in enumerate(clients):
        selector.register(client.socket, selectors.EVENT_READ)
        client.socket.send(message(BINDING, REQUEST))
        if index % 20 == 19:
            time.sleep(0.005)
    while time.monotonic() < begun + 1:
        for key, _ in selector.select(max(0, begun + 1 - time.monotonic())):
            answered += key.fileobj.recv(2048)[:2] == b"\x01\x01"
    return answered


kept = sum(binding_round(people) for _ in range(rounds))
print(len(people), kept, binding_round([Client(timeout=1) for _ in range(count)]))
