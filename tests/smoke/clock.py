# SPDX-License-Identifier: BSD-3-Clause
"""usage: clock.py SECONDS: puts the dataplane's clock forward (SLUICE_WORKER_CLOCK_SET; the lab runs with --test-clock)."""

import socket
import struct
import sys

from sluice_api import HEADER, request

CLOCK_SET = 0x0305

api = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
api.connect("/run/sluice/dataplane.sock")
api.send(request(CLOCK_SET, struct.pack("=I", int(sys.argv[1]))))
answer = api.recv(32768)
status = HEADER.unpack_from(answer)[3]
sys.exit(answer[HEADER.size :].decode() if status else 0)
