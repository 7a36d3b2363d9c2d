# SPDX-License-Identifier: BSD-3-Clause
"""usage: guess.py COUNT: that many wrong passwords for the user demo; prints how many were answered."""

import os
import sys

from turn_client import ALLOCATE, TRANSPORT, UDP, Client, Message, attribute

client = Client(password="wrong", timeout=0.5)
answered = 0
client.socket.send(client.build(ALLOCATE, attribute(TRANSPORT, UDP)))
challenge = Message(client.socket.recv(2048))
client.realm, client.nonce = challenge.get(0x0014), challenge.get(0x0015)
for _ in range(int(sys.argv[1])):
    client.password = os.urandom(8).hex()
    client.socket.send(client.build(ALLOCATE, attribute(TRANSPORT, UDP)))
    try:
        answered += Message(client.socket.recv(2048)).code == 401
    except TimeoutError:
        break
print(answered)
