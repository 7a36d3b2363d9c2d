# SPDX-License-Identifier: BSD-3-Clause
"""usage: forget.py PATH INTERFACE: answers each datagram with an IPv4 address on the Unix socket PATH once the kernel
has forgotten that neighbour."""

import socket
import struct
import sys

RTM_DELNEIGH, NLM_F_REQUEST, NLM_F_ACK, NDA_DST = 29, 1, 4, 1
path, interface = sys.argv[1:]
index = socket.if_nametoindex(interface)
kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
kernel.bind((0, 0))
asked = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
asked.bind(path)


def forget(address):
    body = struct.pack("=BxxxiHBB", socket.AF_INET, index, 0, 0, 0) + struct.pack("=HH", 8, NDA_DST) + address
    kernel.send(struct.pack("=IHHII", 16 + len(body), RTM_DELNEIGH, NLM_F_REQUEST | NLM_F_ACK, 1, 0) + body)
    kernel.recv(4096)  # that it is done, or that it knows none


while True:
    address, client = asked.recvfrom(64)
    forget(socket.inet_aton(address.decode()))
    asked.sendto(b"forgotten", client)
