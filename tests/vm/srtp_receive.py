# SPDX-License-Identifier: BSD-3-Clause
"""usage: srtp_receive.py ADDRESS PORT KEY(base64) COUNT: AES_CM_128_HMAC_SHA1_80; prints each payload's SHA-256, ends after COUNT or 20 s."""

import base64
import hashlib
import socket
import sys
import time

from pylibsrtp import Error, Policy, Session

key, count = base64.b64decode(sys.argv[3]), int(sys.argv[4])
session = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=Policy.SRTP_PROFILE_AES128_CM_SHA1_80))
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind((sys.argv[1], int(sys.argv[2])))
end = time.monotonic() + 20
while count > 0 and time.monotonic() < end:
    receiver.settimeout(max(0.01, end - time.monotonic()))
    try:
        packet = receiver.recv(2048)
        if 64 <= packet[1] & 0x7F <= 95:  # RTCP (RFC 5761, 4)
            continue
        print(hashlib.sha256(session.unprotect(packet)[12:]).hexdigest(), flush=True)
        count -= 1
    except socket.timeout:
        break
    except Error as error:
        print(error, flush=True)
