# SPDX-License-Identifier: BSD-3-Clause
"""ClientHellos of DTLS without a cookie, each of another client, from one address. No answer is longer than what it answers.
usage: hello_flood.py SERVER PORT COUNT"""

import os
import socket
import sys

SERVER, PORT, COUNT = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def hello():
    body = b"\xfe\xfd" + os.urandom(32) + b"\0\0" + b"\0\x02\xc0\x2b" + b"\x01\0"
    message = b"\x01" + len(body).to_bytes(3, "big") + b"\0\0" + bytes(3) + len(body).to_bytes(3, "big") + body
    return b"\x16\xfe\xff" + bytes(8) + len(message).to_bytes(2, "big") + message


client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect((SERVER, PORT))
client.settimeout(1)
sent = answered = 0
for _ in range(COUNT):
    sent += client.send(hello())
try:
    while True:
        answer = client.recv(2048)
        assert answer[13] == 3 and len(answer) <= len(hello()), answer
        answered += len(answer)
except TimeoutError:
    pass
print(sent, "bytes sent", answered, "answered")
assert 0 < answered < sent / 10, (sent, answered)
