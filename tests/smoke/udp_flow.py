#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""usage: udp_flow.py ADDRESS PORT KBPS SIZE SECONDS: datagrams whose Ethernet frames have SIZE bytes, at KBPS in all."""

import socket
import sys
import time

address, port, kbps, size, seconds = sys.argv[1], *map(int, sys.argv[2:])
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
payload = bytes(size - 42)
begun = time.monotonic()
for number in range(int(seconds * kbps * 1000 / 8 / size)):
    wait = begun + number * size * 8 / kbps / 1000 - time.monotonic()
    if wait > 0:
        time.sleep(wait)
    sender.sendto(payload, (address, port))
