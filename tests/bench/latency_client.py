# SPDX-License-Identifier: BSD-3-Clause
"""usage: latency_client.py turn|plain COUNT: COUNT round trips to the echoing peer, one each 2 ms, through the TURN server
at port 3478 or the relay at 4000; prints "MEDIAN P99 LOST", in microseconds."""

import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "smoke"))
from turn_client import Client  # noqa: E402

kind, count = sys.argv[1], int(sys.argv[2])
if kind == "turn":
    client = Client(timeout=1)
    client.allocate()
    client.bind(0x4000, "198.18.2.2", 3480)
    sock, head = client.socket, b"\x40\x00\x00\xa0"
else:
    sock, head = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), b""
    sock.settimeout(1)
    sock.connect(("198.18.1.1", 4000))
trips, lost = [], 0
for index in range(count + 20):
    time.sleep(0.002)
    start = time.perf_counter_ns()
    sock.send(head + b"%160d" % index)
    try:
        while int(sock.recv(2048)[len(head) :]) != index:
            pass
    except TimeoutError:
        lost += 1
        continue
    if index >= 20:
        trips.append((time.perf_counter_ns() - start) // 1000)
trips.sort()
print(trips[len(trips) // 2], trips[len(trips) * 99 // 100], lost)
