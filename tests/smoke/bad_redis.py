# SPDX-License-Identifier: BSD-3-Clause
"""usage: bad_redis.py hang|slow|garbage|noauth: listens on port 6379 of every address and misbehaves until it is ended."""

import socket
import sys
import threading
import time

MODE = sys.argv[1]


def serve(peer):
    try:
        while data := peer.recv(65536):
            if MODE == "slow":
                time.sleep(3)
                peer.sendall(b"+OK\r\n" * max(1, data.count(b"*")))
            elif MODE == "garbage":
                peer.sendall(b"*99999999\r\n$-7\r\n\x00\xff" + data[::-1])
            elif MODE == "noauth":
                peer.sendall(b"-NOAUTH Authentication required.\r\n" * max(1, data.count(b"*")))
    except OSError:
        pass
    finally:
        peer.close()


listener = socket.create_server(("0.0.0.0", 6379))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
