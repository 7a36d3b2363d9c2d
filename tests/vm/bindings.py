# SPDX-License-Identifier: BSD-3-Clause
"""usage: bindings.py ADDRESS COUNT: Binding requests, each from a port of its own, so that every queue gets some; prints ANSWERED REFUSED SILENT."""

import os
import socket
import struct
import sys

address, count = sys.argv[1], int(sys.argv[2])
answered = refused = silent = 0
for _ in range(count):
    client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    client.connect((address, 3478))
    client.settimeout(3)
    try:
        client.send(struct.pack("!HHI", 1, 0, 0x2112A442) + os.urandom(12))
        client.recv(1500)
        answered += 1
    except ConnectionRefusedError:
        refused += 1
    except socket.timeout:
        silent += 1
print(answered, refused, silent)
