# SPDX-License-Identifier: BSD-3-Clause
"""More connections than there is room for, each sending a header a byte a second: all are closed, and others
are then answered. usage: http_slow.py ADDRESS PORT"""
import select
import socket
import sys
import time

CONNECTIONS = 140
PATIENCE = 100  # s: the test holds the time

address = (sys.argv[1], int(sys.argv[2]))
idle = [socket.create_connection(address) for _ in range(CONNECTIONS)]
for connection in idle:
    connection.setblocking(False)
started = time.monotonic()
closed = 0
while closed < CONNECTIONS - 20 and time.monotonic() - started < PATIENCE:
    for connection in list(idle):
        try:
            if connection.send(b"G" if time.monotonic() - started < 1 else b"E") == 0:
                idle.remove(connection)
        except BlockingIOError:
            pass
        except OSError:
            closed += 1
            idle.remove(connection)
    select.select([], [], [], 0.5)
# The last few waited in the backlog and have been accepted in their place.
sys.exit(0 if closed >= CONNECTIONS - 20 else f"only {closed} of {CONNECTIONS} were closed")
