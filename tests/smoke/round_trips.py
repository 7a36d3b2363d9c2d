#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""usage: round_trips.py COUNT: as many Bindings, 30 a second; prints how many were answered within a second, and the least round trip in ms."""

import os
import socket
import struct
import sys
import time

client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect(("198.18.1.1", 3478))
client.settimeout(1)
sent, times = {}, []


def take(until):
    while time.monotonic() < until:
        client.settimeout(max(0.001, until - time.monotonic()))
        try:
            answer = client.recv(2048)
        except (socket.timeout, ConnectionError):
            continue
        if answer[8:20] in sent:
            times.append(time.monotonic() - sent.pop(answer[8:20]))


for _ in range(int(sys.argv[1])):
    transaction = os.urandom(12)
    sent[transaction] = time.monotonic()
    client.send(struct.pack("!HHI", 1, 0, 0x2112A442) + transaction)
    take(sent[transaction] + 1 / 30)
take(time.monotonic() + 1)
print(len(times), f"{min(times, default=0) * 1000:.1f}")
