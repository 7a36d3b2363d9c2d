# SPDX-License-Identifier: BSD-3-Clause
"""usage: allocate_crowd.py COUNT ADDRESS...: as many allocations, from 60,000 ports of each address; prints how many there are.

The frames are written and read on the interface itself: no host has so many sockets. The addresses are this host's, so that
it answers ARP for them.
"""

import os
import socket
import struct
import subprocess
import sys
import time

from turn_client import ALLOCATE, ERROR, NONCE, REALM, REQUEST, SUCCESS, TRANSPORT, UDP, Client, Message, attribute, message

IFACE, SERVER, PORT = "eth0", "198.18.1.1", 3478
SO_RCVBUFFORCE = 33  # asm-generic/socket.h
PORTS, FIRST_PORT = 60000, 2000
WINDOW = 400  # requests on their way: no queue overflows
RETRANSMIT_S = 0.5


def server_mac():
    """The laboratory makes neighbours known."""
    words = subprocess.run(["ip", "neigh", "show", SERVER], capture_output=True, text=True, check=True).stdout.split()
    return bytes.fromhex(words[words.index("lladdr") + 1].replace(":", ""))


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


class Crowd:
    def __init__(self, count, addresses):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.socket.bind((IFACE, 0))
        self.ethernet = server_mac() + self.socket.getsockname()[4] + b"\x08\x00"
        self.server = socket.inet_aton(SERVER)
        self.todo = [(socket.inet_aton(a), FIRST_PORT + n) for a in addresses for n in range(PORTS)][:count][::-1]
        self.waiting = {}  # client -> [when sent, request]
        self.done = 0
        self.signer = Client()  # only its keys and attributes

    def send(self, client, request):
        udp = struct.pack("!HHHH", client[1], PORT, 8 + len(request), 0) + request
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + client[0] + self.server
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        self.waiting[client] = [time.monotonic(), request]
        self.socket.send(self.ethernet + ip + udp)

    def answer(self, frame):
        if frame[26:30] != self.server or frame[23] != 17 or frame[34:36] != struct.pack("!H", PORT):
            return
        client = frame[30:34], struct.unpack("!H", frame[36:38])[0]
        reply = Message(frame[42 : 34 + struct.unpack("!H", frame[38:40])[0]])
        asked = self.waiting.get(client)
        if asked is None or asked[1][8:20] != reply.tid:
            return
        if reply.cls == SUCCESS:
            del self.waiting[client]
            self.done += 1
        elif reply.cls == ERROR and reply.code in (401, 438):
            self.signer.realm, self.signer.nonce = reply.get(REALM), reply.get(NONCE)
            self.send(client, self.signer.build(ALLOCATE, attribute(TRANSPORT, UDP)))
        else:
            sys.exit(f"{socket.inet_ntoa(client[0])}:{client[1]}: error {reply.code}")

    def run(self, seconds):
        end = time.monotonic() + seconds
        while (self.todo or self.waiting) and time.monotonic() < end:
            while self.todo and len(self.waiting) < WINDOW:
                self.send(self.todo.pop(), message(ALLOCATE, REQUEST, attribute(TRANSPORT, UDP), os.urandom(12)))
            self.socket.settimeout(0.05)
            try:
                for _ in range(WINDOW):
                    self.answer(self.socket.recv(2048))
            except TimeoutError:
                now = time.monotonic()
                for client, (sent, request) in list(self.waiting.items()):
                    if now - sent > RETRANSMIT_S:
                        self.send(client, request)
        return self.done


print(Crowd(int(sys.argv[1]), sys.argv[2:]).run(100))
