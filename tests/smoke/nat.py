# SPDX-License-Identifier: BSD-3-Clause
"""usage: nat.py INSIDE OUTSIDE IN-IFACE IN-MAC OUT-IFACE OUT-MAC: a 1:1 NAT. IPv4 from INSIDE that comes in on IN-IFACE
leaves on OUT-IFACE to OUT-MAC as from OUTSIDE, and the other way round. Prints "ready"."""

import select
import socket
import struct
import sys
from ipaddress import ip_address

inside, outside = (ip_address(word).packed for word in sys.argv[1:3])
sides = {}
for iface, mac in (sys.argv[3:5], sys.argv[5:7]):
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    raw.bind((iface, 0x0800))
    sides[raw] = bytes.fromhex(mac.replace(":", ""))
within, without = sides


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def translate(packet, at, address):
    """The packet with another address at this offset, and both checksums made again."""
    packet = bytearray(packet[: struct.unpack("!H", packet[2:4])[0]])
    packet[at : at + 4] = address
    packet[10:12] = b"\0\0"
    packet[10:12] = struct.pack("!H", checksum(packet[:20]))
    udp = packet[20:]
    udp[6:8] = b"\0\0"
    pseudo = packet[12:20] + struct.pack("!HH", 17, len(udp))
    udp[6:8] = struct.pack("!H", checksum(pseudo + udp + bytes(len(udp) % 2)) or 0xFFFF)
    return packet[:20] + udp


print("ready", flush=True)
while True:
    for side in select.select([within, without], [], [])[0]:
        frame, (_, _, kind, _, _) = side.recvfrom(65536)
        packet = frame[14:]
        if kind == socket.PACKET_OUTGOING or packet[0] != 0x45 or packet[9] != 17:
            continue
        if side is within and packet[12:16] == inside:
            other, packet = without, translate(packet, 12, outside)
        elif side is without and packet[16:20] == outside:
            other, packet = within, translate(packet, 16, inside)
        else:
            continue
        other.send(sides[other] + frame[6:12] + frame[12:14] + packet)
