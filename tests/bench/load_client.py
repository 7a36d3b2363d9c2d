# SPDX-License-Identifier: BSD-3-Clause
"""usage: load_client.py SERVER-PID TURN-LOAD FLOWS PORT SIZE RATE SECONDS [sleep [BURST]]: that many allocations with a channel to the peer's PORT,
and turn-load on their sockets; prints what turn-load prints, and the server's CPU ticks
in that time."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "smoke"))
from turn_client import Client  # noqa: E402

server, program, flows, port, *load = sys.argv[1:]


def cpu_ticks():
    """utime and stime of the server (proc(5))."""
    fields = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


clients = [Client() for _ in range(int(flows))]
for client in clients:
    client.allocate()
    client.bind(0x4000, "198.18.2.2", int(port))
sockets = [client.socket.fileno() for client in clients]
command = [program, "send", ",".join(map(str, sockets)), "0x4000", *load]
before = cpu_ticks()
sent = subprocess.run(command, pass_fds=sockets, check=True, stdout=subprocess.PIPE, text=True)
print(sent.stdout.strip(), cpu_ticks() - before)
for client in clients:
    client.socket.send(client.build(4, b"\x00\x0d\x00\x04" + bytes(4)))  # Refresh 0; the answer is not awaited
