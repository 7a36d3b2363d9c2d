# SPDX-License-Identifier: BSD-3-Clause
"""usage: vlan_binding.py IFACE VLAN ADDRESS SERVER: one Binding request with that tag, from a host that has ADDRESS there and no VLAN
interface. Asks by ARP who SERVER is, answers who asks for ADDRESS, and prints the source, the tag and the type of the answer."""

import os
import socket
import struct
import sys
import time

IFACE, VLAN = sys.argv[1], int(sys.argv[2])
OURS, SERVER = socket.inet_aton(sys.argv[3]), socket.inet_aton(sys.argv[4])
PORT, PATIENCE_S = 40404, 30
SOL_PACKET, PACKET_AUXDATA, TP_STATUS_VLAN_VALID = 263, 8, 1 << 4
ETH_P_ALL, ETH_P_IP, ETH_P_ARP, ETH_P_8021Q = 3, 0x0800, 0x0806, 0x8100

wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
wire.bind((IFACE, 0))
wire.settimeout(1)
mac = wire.getsockname()[4]


def send(to, kind, payload):
    wire.send(to + mac + struct.pack("!HHH", ETH_P_8021Q, VLAN, kind) + payload)


def arp(operation, to, ip):
    send(to, ETH_P_ARP, struct.pack("!HHBBH", 1, ETH_P_IP, 6, 4, operation) + mac + OURS + (to if operation == 2 else bytes(6)) + ip)


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    return ~(total + (total >> 16)) & 0xFFFF


def binding(to):
    stun = struct.pack("!HHI", 1, 0, 0x2112A442) + os.urandom(12)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(stun), 0, 0, 64, 17, 0, OURS, SERVER)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    send(to, ETH_P_IP, ip + struct.pack("!HHHH", PORT, 3478, 8 + len(stun), 0) + stun)


def receive():
    """The next frame from elsewhere: its source, its tag (the kernel keeps it apart, or it is in the frame), its type and its payload."""
    frame, aux, _, where = wire.recvmsg(2048, 64)
    if where[2] == socket.PACKET_OUTGOING:
        return None
    kind, at, tag = int.from_bytes(frame[12:14], "big"), 14, None
    for _, _, data in aux:
        status, _, _, _, _, tci = struct.unpack("IIIHHH", data[:18])
        tag = tci & 0xFFF if status & TP_STATUS_VLAN_VALID else None
    if kind == ETH_P_8021Q:
        tag, kind, at = int.from_bytes(frame[14:16], "big") & 0xFFF, int.from_bytes(frame[16:18], "big"), 18
    return frame[6:12], tag, kind, frame[at:]


def main():
    asked, end = 0, time.monotonic() + PATIENCE_S
    server_mac = None
    while time.monotonic() < end:
        if time.monotonic() - asked > 1:
            asked = time.monotonic()
            if server_mac:
                binding(server_mac)
            else:
                arp(1, b"\xff" * 6, SERVER)
        try:
            got = receive()
        except socket.timeout:
            continue
        if not got or got[1] != VLAN:
            continue
        source, tag, kind, data = got
        if kind == ETH_P_ARP and data[6:8] == b"\0\1" and data[24:28] == OURS:
            arp(2, source, data[14:18])
        elif kind == ETH_P_ARP and data[6:8] == b"\0\2" and data[14:18] == SERVER and not server_mac:
            server_mac, asked = source, 0
        elif kind == ETH_P_IP and data[9] == 17 and data[12:16] == SERVER and int.from_bytes(data[22:24], "big") == PORT:
            print(socket.inet_ntoa(data[12:16]), tag, "0x%04x" % int.from_bytes(data[28:30], "big"))
            return 0
    print("no answer", "but to ARP" if server_mac else "")
    return 1


sys.exit(main())
