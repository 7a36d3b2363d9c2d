# SPDX-License-Identifier: BSD-3-Clause
"""usage: hand_over_stop.py SOCKET PID: has the dataplane at SOCKET begin to hand over, and stops it, the process PID, before it is done.
Returns once it has ended."""

import os
import signal
import socket
import sys

from sluice_api import HEADER, request

HAND_OVER_BEGIN, MORE = 0x000B, 1
path, pid = sys.argv[1], int(sys.argv[2])
client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
client.settimeout(30)
client.connect(path)
client.send(request(HAND_OVER_BEGIN))
passed, more = [], True
while more:
    reply, descriptors, _, _ = socket.recv_fds(client, 1 << 16, 1)
    _, _, _, status, flags, _ = HEADER.unpack_from(reply)
    assert status == 0, reply[HEADER.size :]
    passed += descriptors
    more = flags & MORE
assert len(passed) > 2, "the gate's program is not among what was passed"
os.kill(pid, signal.SIGTERM)
assert client.recv(1 << 16) == b""
