# SPDX-License-Identifier: BSD-3-Clause
"""usage: idle_clients.py COUNT PID: COUNT clients connect to 198.18.1.1:5349 by TLS, allocate nothing and say nothing; prints what each
costs the process PID of memory, in KiB: the growth of Pss and of what is swapped out, over COUNT. The clients' own sockets are the kernel's."""

import resource
import socket
import ssl
import sys
import time

count, pid = int(sys.argv[1]), sys.argv[2]
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, count + 100))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE


def memory():
    fields = dict(line.split(":") for line in open(f"/proc/{pid}/smaps_rollup") if ":" in line and " kB" in line)
    return sum(int(fields[name].split()[0]) for name in ("Pss_Anon", "SwapPss"))


def connect():
    for _ in range(20):
        try:
            return context.wrap_socket(socket.create_connection(("198.18.1.1", 5349), 20))
        except OSError:  # more handshakes a second than one address may begin
            time.sleep(0.2)
    sys.exit("refused: --max-connections, LimitNOFILE, turn stream source")


warm = [connect() for _ in range(50)]
before, clients = memory(), []
while len(clients) < count:
    clients.append(connect())
time.sleep(2)
after = memory()
alive = 0
for client in clients:
    client.setblocking(False)
    try:
        client.recv(1)
    except ssl.SSLWantReadError:
        alive += 1
print(f"{count} idle clients by {clients[0].version()}, {alive} of them still connected: {(after - before) / count:.1f} KiB each")
