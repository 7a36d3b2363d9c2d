# SPDX-License-Identifier: BSD-3-Clause
"""usage: garbage.py udp | frames IFACE | socket PATH: noise, the same in every run."""

import random
import socket
import struct
import sys

from sluice_api import HEADER, VERSION
from turn_client import ALLOCATE, BINDING, REQUEST, TRANSPORT, UDP, Client, attribute, message

noise = random.Random(1)


def mangled(data):
    data = bytearray(data)
    for _ in range(noise.randint(1, 4)):
        data[noise.randrange(len(data))] = noise.randrange(256)
    return bytes(data[: noise.randint(1, len(data))])


def udp():
    client = Client()
    relayed = client.allocate()
    good = [message(BINDING, REQUEST), client.build(ALLOCATE, attribute(TRANSPORT, UDP)), b"\x40\x00\x00\x04abcd"]
    good += [message(BINDING, REQUEST, attribute(0x8022, b"x" * 40)), b"\x80" + bytes(20), b"\x16\xfe\xfd" + bytes(30)]
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for index in range(3000):
        data = mangled(noise.choice(good)) if index % 3 else noise.randbytes(noise.randint(0, 1400))
        other.sendto(data, ("198.18.1.1", 3478))
        if index % 8 == 0:
            client.socket.send(mangled(good[2]))
    # attributes that claim more than there is
    for length in (1, 4, 0xFFFF):
        lie = struct.pack("!HH", 6, length)
        other.sendto(message(BINDING, REQUEST, lie), ("198.18.1.1", 3478))
    client.refresh(0)
    assert relayed


def frames(iface):
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind((iface, 0))
    own = open(f"/sys/class/net/{iface}/address").read().strip()
    head = b"\xff" * 6 + bytes.fromhex(own.replace(":", ""))
    for index in range(2000):
        kind = noise.choice((b"\x08\x00", b"\x86\xdd", b"\x81\x00", noise.randbytes(2)))
        body = bytearray(noise.randbytes(noise.randint(1, 200)))
        if index % 2:  # past the first check of the version
            body[0] = 0x45 if kind == b"\x08\x00" else 0x60
        raw.send(head + kind + bytes(body))


def api(path):
    for index in range(300):
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        peer.connect(path)
        head = HEADER.pack(VERSION, noise.choice((0x101, 0x201, 0x204, 0x206, 0x20f, 0x301)), index, 0, 0, index | 1)
        try:
            peer.send(noise.randbytes(noise.randint(1, 400)) if index % 2 else head + noise.randbytes(index | 1))  # no struct has an odd size
        except OSError:
            pass
        peer.close()


{"udp": udp, "frames": frames, "socket": api}[sys.argv[1]](*sys.argv[2:])
