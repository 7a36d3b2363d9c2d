# SPDX-License-Identifier: BSD-3-Clause
"""usage: media_load.py KEY(base64) MS: a packet of AES_CM_128_HMAC_SHA1_80 from 198.18.1.2:5000 each MS milliseconds, until it is ended"""

import base64
import socket
import struct
import sys
import time

from pylibsrtp import Policy, Session

key, pause = base64.b64decode(sys.argv[1]), int(sys.argv[2]) / 1000
session = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=Policy.SRTP_PROFILE_AES128_CM_SHA1_80))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind(("198.18.1.2", 5000))
index, due = 0, time.monotonic()
while True:
    index += 1
    packet = struct.pack("!BBHII", 0x80, 96, index & 0xFFFF, 90 * index, 1111) + bytes(160)
    sender.sendto(session.protect(packet), ("198.18.1.1", 5000))
    due += pause
    time.sleep(max(0, due - time.monotonic()))
