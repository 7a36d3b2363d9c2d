# SPDX-License-Identifier: BSD-3-Clause
"""usage: rebind.py INSIDE PORT OUTSIDE SERVER: a NAT for UDP. What comes to INSIDE:PORT goes on to SERVER:PORT as from OUTSIDE, a port for
each client, and the other way round. An address on its input is another OUTSIDE, with other ports, for all of them from then on."""

import select
import socket
import sys

inside, port, outside, server = sys.argv[1:5]
port = int(port)
listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind((inside, port))
clients = {}  # address -> socket toward the server


def way_out():
    way = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    way.bind((outside, 0))
    way.connect((server, port))
    return way


print("ready", flush=True)
while True:
    ways = {way: client for client, way in clients.items()}
    for ready in select.select([listener, sys.stdin, *ways], [], [])[0]:
        if ready is sys.stdin:
            outside = sys.stdin.readline().strip()
            if not outside:
                sys.exit()
            for client, way in clients.items():
                clients[client] = way_out()
                way.close()
            print("moved", flush=True)
            break  # the sockets are others now
        if ready is listener:
            packet, client = listener.recvfrom(65536)
            if client not in clients:
                clients[client] = way_out()
            ready = clients[client]
            send = ready.send
        else:
            packet = ready.recv(65536)
            client = ways[ready]
            send = lambda datagram: listener.sendto(datagram, client)
        try:
            send(packet)
        except OSError:
            pass  # nobody listens there now
