# SPDX-License-Identifier: BSD-3-Clause
"""usage: guess.py COUNT: that many wrong passwords for the user demo; prints how many were answered."""

import os
import sys

from turn_client import ALLOCATE, NONCE, REALM, TRANSPORT, UDP, Client, Message, attribute

client = Client(password="wrong")
answered = 0


def answers_take(timeout):
    global answered
    client.socket.settimeout(timeout)
    try:
        while True:
            answered += Message(client.socket.recv(2048)).code == 401
    except (BlockingIOError, TimeoutError):
        pass


challenge = client.exchange(client.build(ALLOCATE, attribute(TRANSPORT, UDP)))
client.realm, client.nonce = challenge.get(REALM), challenge.get(NONCE)
for _ in range(int(sys.argv[1])):
    client.password = os.urandom(8).hex()
    client.socket.send(client.build(ALLOCATE, attribute(TRANSPORT, UDP)))
    answers_take(0)
answers_take(3)
print(answered)
