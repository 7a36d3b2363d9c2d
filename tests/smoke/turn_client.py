# SPDX-License-Identifier: BSD-3-Clause
"""A STUN and TURN client for tests: it says exactly what it is told to, also what no sane client would."""

import hashlib
import hmac
import os
import socket
import struct
import sys
import zlib
from ipaddress import ip_address

COOKIE = 0x2112A442
BINDING, ALLOCATE, REFRESH, SEND, DATA, CREATE_PERMISSION, CHANNEL_BIND = 1, 3, 4, 6, 7, 8, 9
REQUEST, INDICATION, SUCCESS, ERROR = 0, 1, 2, 3

USERNAME, INTEGRITY, ERROR_CODE, UNKNOWN = 0x0006, 0x0008, 0x0009, 0x000A
CHANNEL_NUMBER, LIFETIME, XOR_PEER, DATA_ATTR = 0x000C, 0x000D, 0x0012, 0x0013
REALM, NONCE, XOR_RELAYED, FAMILY, EVEN_PORT, TRANSPORT = 0x0014, 0x0015, 0x0016, 0x0017, 0x0018, 0x0019
DONT_FRAGMENT, XOR_MAPPED, RESERVATION, ADDITIONAL_FAMILY = 0x001A, 0x0020, 0x0022, 0x8000
FINGERPRINT, MOBILITY_TICKET = 0x8028, 0x8030
UDP = struct.pack("!Bxxx", 17)
IPV6 = struct.pack("!Bxxx", 2)


class Refused(Exception):
    def __init__(self, answer):
        super().__init__(f"error {answer.code}")
        self.code = answer.code


def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def message_type(method, cls):
    return (method & 0xF) | (method & 0x70) << 1 | (method & 0xF80) << 2 | (cls & 1) << 4 | (cls & 2) << 7


def message(method, cls, attributes=b"", tid=None):
    header = struct.pack("!HHI", message_type(method, cls), len(attributes), COOKIE)
    return header + (tid or os.urandom(12)) + attributes


def with_length(data, extra):
    return data[:2] + struct.pack("!H", len(data) - 20 + extra) + data[4:]


def with_integrity(data, key):
    mac = hmac.new(key, with_length(data, 24), hashlib.sha1).digest()
    return with_length(data, 24) + attribute(INTEGRITY, mac)


def with_fingerprint(data):
    data = with_length(data, 8)
    return data + attribute(FINGERPRINT, struct.pack("!I", zlib.crc32(data) ^ 0x5354554E))


def xor_mask(tid):
    return struct.pack("!I", COOKIE) + tid


def xor_address(host, port, tid):
    raw = ip_address(host).packed
    coded = bytes(a ^ b for a, b in zip(raw, xor_mask(tid)))
    return struct.pack("!BBH", 0, 1 if len(raw) == 4 else 2, port ^ (COOKIE >> 16)) + coded


def xor_address_read(value, tid):
    _, _, port = struct.unpack("!BBH", value[:4])
    raw = bytes(a ^ b for a, b in zip(value[4:], xor_mask(tid)))
    return str(ip_address(raw)), port ^ (COOKIE >> 16)


class Message:
    """What a server sent: method, cls, tid, attributes as [(kind, value)]."""

    def __init__(self, data):
        kind, length, cookie = struct.unpack("!HHI", data[:8])
        assert cookie == COOKIE and length == len(data) - 20 and kind < 0x4000, data.hex()
        self.raw, self.tid = data, data[8:20]
        self.cls = (kind >> 4 & 1) | (kind >> 7 & 2)
        self.method = (kind & 0xF) | (kind >> 1 & 0x70) | (kind >> 2 & 0xF80)
        self.attributes = []
        at = 20
        while at < len(data):
            kind, length = struct.unpack("!HH", data[at : at + 4])
            self.attributes.append((kind, data[at + 4 : at + 4 + length]))
            at += 4 + length + (-length % 4)

    def get(self, kind):
        return next((value for k, value in self.attributes if k == kind), None)

    def address(self, kind, index=0):
        values = [value for k, value in self.attributes if k == kind]
        return xor_address_read(values[index], self.tid)

    @property
    def code(self):
        value = self.get(ERROR_CODE)
        return value[2] * 100 + value[3] if value else 0


class Client:
    """One client socket. username and password: long-term credentials, or None to send none."""

    def __init__(self, server="198.18.1.1", port=3478, username="demo", password="demo", timeout=1.0):
        self.server, self.timeout = (server, port), timeout
        self.allocated = False
        self.socket = self.own = self.open()
        self.username, self.password = username, password
        self.realm = self.nonce = None
        self.data = []  # what came while an answer was awaited

    def open(self):
        family = socket.AF_INET6 if ":" in self.server[0] else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_DGRAM)
        opened.settimeout(self.timeout)
        opened.connect(self.server)
        return opened

    def credentials(self):
        parts = (USERNAME, self.username.encode()), (REALM, self.realm), (NONCE, self.nonce)
        return b"".join(attribute(kind, value) for kind, value in parts)

    def key(self):
        return hashlib.md5(b":".join([self.username.encode(), self.realm, self.password.encode()])).digest()

    def build(self, method, attributes=b"", tid=None):
        """attributes: bytes, or a function that makes them for a transaction id (addresses are coded with it)."""
        tid = tid or os.urandom(12)
        attributes = attributes(tid) if callable(attributes) else attributes
        if self.nonce is None:
            return message(method, REQUEST, attributes, tid)
        return with_integrity(message(method, REQUEST, attributes + self.credentials(), tid), self.key())

    def exchange(self, data, tries=4):
        """Sends, retransmits, and returns the Message that answers; None when nothing does."""
        for _ in range(tries):
            self.socket.send(data)
            try:
                while True:
                    got = self.socket.recv(65536)
                    if got[0] < 4 and got[8:20] == data[8:20]:
                        return Message(got)
                    self.data.append(got)
            except (TimeoutError, ConnectionRefusedError):
                continue
        return None

    def request(self, method, attributes=b""):
        """A request with whatever credentials the server asks for; raises Refused."""
        while True:
            answer = self.exchange(self.build(method, attributes))
            assert answer is not None, "no answer"
            if answer.cls == SUCCESS:
                return answer
            asks = answer.code == 438 or (answer.code == 401 and self.nonce is None)
            if not asks or self.username is None:
                raise Refused(answer)
            self.realm, self.nonce = answer.get(REALM), answer.get(NONCE)

    def allocate(self, *extra):
        """From another port where an earlier client has left an allocation at this one (RFC 8656, 7.4)."""
        wanted = attribute(TRANSPORT, UDP) + b"".join(extra)
        try:
            answer = self.request(ALLOCATE, wanted)
        except Refused as refused:
            if refused.code != 437 or self.allocated or self.socket is not self.own:
                raise
            print("437: an earlier client has left an allocation at this port", file=sys.stderr)
            taken = self.socket  # closed once there is another, or that has the same port
            self.socket = self.own = self.open()
            taken.close()
            self.nonce = None
            answer = self.request(ALLOCATE, wanted)
        self.allocated = True
        return answer.address(XOR_RELAYED)

    def refresh(self, seconds):
        return self.request(REFRESH, attribute(LIFETIME, struct.pack("!I", seconds)))

    def permit(self, *hosts):
        def peers(tid):
            return b"".join(attribute(XOR_PEER, xor_address(host, 0, tid)) for host in hosts)

        return self.request(CREATE_PERMISSION, peers)

    def bind(self, number, host, port):
        def peer(tid):
            coded = attribute(XOR_PEER, xor_address(host, port, tid))
            return attribute(CHANNEL_NUMBER, struct.pack("!Hxx", number)) + coded

        return self.request(CHANNEL_BIND, peer)

    def send_indication(self, host, port, payload):
        tid = os.urandom(12)
        parts = attribute(XOR_PEER, xor_address(host, port, tid)) + attribute(DATA_ATTR, payload)
        self.socket.send(message(SEND, INDICATION, parts, tid))

    def send_channel(self, number, payload):
        self.socket.send(struct.pack("!HH", number, len(payload)) + payload)

    def returns(self, send, *where, tries=10):
        """Whether what is sent there (by send_channel or send_indication) comes back from a peer that echoes. Datagrams may be
        late or lost, on a busy machine as well: each try has another payload, and an echo of any of them will do."""
        sent = set()
        for _ in range(tries):
            payload = os.urandom(8)
            sent.add(payload)
            send(*where, payload)
            got = self.receive()
            while got is not None:
                if got[1] in sent:
                    return True
                got = self.receive()
        return False

    def receive(self):
        """The next datagram from a peer: (channel or (host, port), payload); None when none comes."""
        try:
            got = self.data.pop(0) if self.data else self.socket.recv(65536)
        except (TimeoutError, ConnectionRefusedError):
            return None
        if got[0] >= 0x40:
            number, length = struct.unpack("!HH", got[:4])
            return number, got[4 : 4 + length]
        data = Message(got)
        assert (data.method, data.cls) == (DATA, INDICATION), got.hex()
        return data.address(XOR_PEER), data.get(DATA_ATTR)
