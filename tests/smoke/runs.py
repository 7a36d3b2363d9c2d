# SPDX-License-Identifier: BSD-3-Clause
"""usage: runs.py PID WINDOWS: so many times 32 datagrams by one client's channel to the echoing peer, in four lengths, while the
process PID stands still: it finds them all at once. Prints how many came back as they were sent, in their order."""

import os
import signal
import sys

from turn_client import Client

LENGTHS = [1000] * 16 + [500] * 8 + [300] + [900] * 7
pid, windows = int(sys.argv[1]), int(sys.argv[2])
client = Client(timeout=10)
client.allocate()
client.bind(0x4000, "198.18.2.2", 3480)
returned = 0
for window in range(windows):
    sent = [bytes((window + index + at) % 251 for at in range(length)) for index, length in enumerate(LENGTHS)]
    os.kill(pid, signal.SIGSTOP)
    try:
        for payload in sent:
            client.send_channel(0x4000, payload)
    finally:
        os.kill(pid, signal.SIGCONT)
    for payload in sent:
        got = client.receive()
        if got is None or got[1] != payload:
            break
        returned += 1
print(returned)
