# SPDX-License-Identifier: BSD-3-Clause
"""usage: srtp_send.py KEY(base64) SSRC COUNT [FIRST]: AES_CM_128_HMAC_SHA1_80 from 198.18.1.2:5000; prints each payload's SHA-256."""

import base64
import hashlib
import os
import socket
import struct
import sys
import time

from pylibsrtp import Policy, Session

key, ssrc, count = base64.b64decode(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
first = int(sys.argv[4]) if len(sys.argv) > 4 else 1000
session = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=Policy.SRTP_PROFILE_AES128_CM_SHA1_80))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind(("198.18.1.2", 5000))
for index in range(count):
    payload = os.urandom(20 + index * 7 % 1000)
    packet = struct.pack("!BBHII", 0x80, 96, first + index, 90 * index, ssrc) + payload
    sender.sendto(session.protect(packet), ("198.18.1.1", 5000))
    print(hashlib.sha256(payload).hexdigest())
    time.sleep(0.002)
