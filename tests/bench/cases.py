# SPDX-License-Identifier: BSD-3-Clause
"""usage: cases.py static|secret|all: what a TURN server at 198.18.1.1:3478 does in each case that users of some server have reported: a line each,
"NUMBER<TAB>CASE<TAB>what was seen<TAB>ok|differs". static: user demo with a password; secret: names that the secret "north" makes
time-limited, which coturn takes in place of the others; a peer at 198.18.2.2 that echoes. ok: as RFC 8489 and RFC 8656 have it, or as clients in the field need it."""

import base64
import hashlib
import hmac
import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../smoke"))
from turn_client import (  # noqa: E402
    ADDITIONAL_FAMILY, ALLOCATE, BINDING, CHANNEL_BIND, CHANNEL_NUMBER, CREATE_PERMISSION, DATA, DATA_ATTR, DONT_FRAGMENT, EVEN_PORT,
    FAMILY, INDICATION, INTEGRITY, IPV6, LIFETIME, NONCE, REALM, REFRESH, REQUEST, RESERVATION, SEND, TRANSPORT, UDP, USERNAME, XOR_MAPPED,
    XOR_PEER, XOR_RELAYED, Client, Message, Refused, attribute, message, with_integrity, with_length, xor_address,
)
from turn_client_8489 import OFFER, Client8489  # noqa: E402

PEER, PORT, SECRET = "198.18.2.2", 3480, "north"
ICMP, SHA256, SOFTWARE, CHANGE = 0x8004, 0x001C, 0x8022, 0x0003
IP_RECVTTL = 12  # of Linux; Python has no name for it
CASES = []


def case(title, *wanted, part="static"):
    """wanted: what may be seen, any of these"""

    def add(run):
        CASES.append((title, wanted, part, run))
        return run

    return add


def peer(host=PEER, port=PORT):
    return lambda tid: attribute(XOR_PEER, xor_address(host, port, tid))


def bind(number, host=PEER, port=PORT):
    return lambda tid: attribute(CHANNEL_NUMBER, struct.pack("!Hxx", number)) + peer(host, port)(tid)


def code(client, method, attributes=b""):
    """0 for success, the error, or "silence"."""
    answer = client.exchange(client.build(method, attributes), tries=6)
    if answer is None:
        return "silence"
    if answer.code in (401, 438) and client.nonce is None:
        client.realm, client.nonce = answer.get(REALM), answer.get(NONCE)
        return code(client, method, attributes)
    return answer.code


def nonce(client):
    """A gate answers no other request without credentials."""
    answer = client.exchange(message(ALLOCATE, REQUEST, attribute(TRANSPORT, UDP)), tries=6)
    client.realm, client.nonce = answer.get(REALM), answer.get(NONCE)
    return client


def codes(*values):
    return " ".join("ok" if value == 0 else str(value) for value in values)


def allocate(client, *extra):
    return code(client, ALLOCATE, attribute(TRANSPORT, UDP) + b"".join(extra))


def lifetime(seconds):
    return attribute(LIFETIME, struct.pack("!I", seconds))


def ready(**how):
    client = Client(timeout=1, **how)
    client.allocate()
    return client


def echoes(client, *where):
    return "relayed" if client.returns(*where, tries=3) else "lost"


def time_limited(name):
    mac = hmac.new(SECRET.encode(), name.encode(), hashlib.sha1).digest()
    return {"username": name, "password": base64.b64encode(mac).decode()}


def in_an_hour():
    return int(time.time()) + 3600


def gone(client):
    try:
        client.refresh(0)
    except Refused:
        pass


# -- transactions --


@case("Allocate retransmitted byte by byte, and another one", "same, 437")
def retransmitted():
    client = ready()
    again = allocate(client)
    other = nonce(Client(timeout=1))
    request = other.build(ALLOCATE, attribute(TRANSPORT, UDP))
    same = other.exchange(request).get(XOR_RELAYED) is not None and other.exchange(request).address(XOR_RELAYED) == \
        other.exchange(request).address(XOR_RELAYED)
    gone(other)
    gone(client)
    return f"{'same' if same else 'other'}, {codes(again)}"


@case("Refresh to 0, and Allocate on the same port at once", "ok ok ok")
def reborn():
    client = ready()
    result = codes(code(client, REFRESH, lifetime(0)), allocate(client), code(client, REFRESH, lifetime(0)))
    return result


@case("Refresh to 0, retransmitted", "ok ok")
def closed_again():
    client = ready()
    request = client.build(REFRESH, lifetime(0))
    return codes(client.exchange(request).code, client.exchange(request).code)


@case("ChannelBind and CreatePermission without an allocation", "437 437")
def nothing_there():
    client = nonce(Client(timeout=1))
    return codes(code(client, CHANNEL_BIND, bind(0x4000)), code(client, CREATE_PERMISSION, peer()))


@case("ChannelBind again, another number, another peer; then data", "ok 400 400, relayed")
def bound_again():
    client = ready()
    client.bind(0x4000, PEER, PORT)
    result = codes(code(client, CHANNEL_BIND, bind(0x4000)), code(client, CHANNEL_BIND, bind(0x4001)),
                   code(client, CHANNEL_BIND, bind(0x4000, port=PORT + 9)))
    result += ", " + echoes(client, client.send_channel, 0x4000)
    gone(client)
    return result


@case("channels 0x5000 and 0x7fff, which older clients choose", "ok ok")
def high_channels():
    client = ready()
    result = codes(code(client, CHANNEL_BIND, bind(0x5000)), code(client, CHANNEL_BIND, bind(0x7FFF, port=PORT + 1)))
    gone(client)
    return result


# -- data --


@case("ChannelData padded, empty, with bytes behind, cut", "relayed, relayed, relayed, dropped")
def channel_data():
    client = ready()
    client.bind(0x4000, PEER, PORT)
    results = []
    for payload, raw in ((b"abc", b"\x40\0\0\3abc\0"), (b"", b"\x40\0\0\0"), (b"abcd", b"\x40\0\0\4abcd" + bytes(9)), (b"abcd", b"\x40\0\0\4ab")):
        seen = "dropped"
        for _ in range(2):
            client.socket.send(raw)
            if client.receive() == (0x4000, payload):
                seen = "relayed"
                break
        results.append(seen)
    gone(client)
    return ", ".join(results)


@case("1472 bytes from a peer, as Data indication and by a channel", "1472, 1472")
def full_size():
    sizes = []
    for channel in (False, True):
        client = ready()
        client.permit(PEER)
        if channel:
            client.bind(0x4000, PEER, PORT)
        payload, size = os.urandom(1472), "lost"
        for _ in range(3):
            if channel:
                client.send_channel(0x4000, payload)
            else:
                client.send_indication(PEER, PORT, payload)
            got = client.receive()
            if got is not None and got[1] == payload:
                size = len(payload)
                break
        sizes.append(size)
        gone(client)
    return f"{sizes[0]}, {sizes[1]}"


@case("DONT-FRAGMENT in Allocate and in Send", "ok, relayed")
def dont_fragment():
    client = Client(timeout=1)
    result = codes(allocate(client, attribute(DONT_FRAGMENT, b"")))
    if result == "ok":
        client.permit(PEER)

        def send(host, port, payload):
            tid = os.urandom(12)
            parts = peer(host, port)(tid) + attribute(DONT_FRAGMENT, b"") + attribute(DATA_ATTR, payload)
            client.socket.send(message(SEND, INDICATION, parts, tid))

        result += ", " + echoes(client, send, PEER, PORT)
        gone(client)
    return result


@case("two XOR-PEER-ADDRESS in one Send: the first one counts", "the first")
def two_peers():
    client = ready()
    client.permit(PEER)
    seen = "neither"
    for _ in range(3):
        tid = os.urandom(12)
        parts = peer()(tid) + peer(port=9)(tid) + attribute(DATA_ATTR, b"two peers")
        client.socket.send(message(SEND, INDICATION, parts, tid))
        if client.receive() is not None:
            seen = "the first"
            break
    gone(client)
    return seen


@case("an empty datagram from a peer", "relayed")
def empty():
    client = ready()
    client.permit(PEER)
    seen = "lost"
    for _ in range(3):
        client.send_indication(PEER, PORT, b"")
        if client.receive() == ((PEER, PORT), b""):
            seen = "relayed"
            break
    gone(client)
    return seen


@case("a peer's port is closed: ICMP in a Data indication (RFC 8656, 11.5)", "told")
def icmp():
    client = ready()
    client.permit(PEER)
    seen = "nothing"
    for _ in range(4):
        client.send_indication(PEER, 9, b"nobody")
        try:
            got = Message(client.socket.recv(2048))
            if got.method == DATA and got.get(ICMP):
                seen = "told"
                break
        except (TimeoutError, AssertionError):
            continue
    gone(client)
    return seen


@case("TTL of what comes to the client", "sane")
def ttl():
    client = ready()
    client.permit(PEER)
    client.socket.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    seen = "nothing came"
    for _ in range(3):
        client.send_indication(PEER, PORT, b"ttl")
        try:
            _, ancillary, _, _ = client.socket.recvmsg(2048, 64)
        except TimeoutError:
            continue
        hops = struct.unpack("=i", ancillary[0][2])[0]
        seen = "sane" if hops > 16 else str(hops)
        break
    gone(client)
    return seen


# -- who asks --


@case("REALM with its padding counted", "401")
def padded_realm():
    client = nonce(Client(timeout=1))
    client.realm += b"\0\0"
    return codes(allocate(client))


@case("SOFTWARE of an odd length", "ok")
def software():
    client = Client(timeout=1)
    result = codes(allocate(client, attribute(SOFTWARE, b"fifteen letters")))
    gone(client)
    return result


@case("a nonce of another port, the password right", "438")
def foreign_nonce():
    first, second = Client(timeout=1), Client(timeout=1)
    nonce(first)
    second.realm, second.nonce = first.realm, first.nonce
    return codes(second.exchange(second.build(ALLOCATE, attribute(TRANSPORT, UDP))).code)


@case("a NAT gives a call another port: Refresh, then with a new nonce; data", "438 437, dropped")
def moved():
    client = ready()
    client.bind(0x4000, PEER, PORT)
    other = Client(timeout=1)
    other.realm, other.nonce = client.realm, client.nonce
    answer = other.exchange(other.build(REFRESH, lifetime(600)))
    other.nonce = answer.get(NONCE) or other.nonce
    result = codes(answer.code, other.exchange(other.build(REFRESH, lifetime(600))).code)
    other.send_channel(0x4000, b"moved")
    result += ", " + ("dropped" if other.receive() is None and client.receive() is None else "relayed")
    gone(client)
    return result


@case("a NAT gives the port to another user: Allocate, Refresh, CreatePermission", "437 441 441", part="secret")
def another_user():
    own = time_limited(f"{in_an_hour()}:one")
    client = ready(**own)
    for key, value in time_limited(f"{in_an_hour()}:other").items():
        setattr(client, key, value)
    result = codes(allocate(client), code(client, REFRESH, lifetime(600)), code(client, CREATE_PERMISSION, peer()))
    client.username, client.password = own["username"], own["password"]
    gone(client)
    return result


@case("names as services make them: TIME:@u:host, TIME, TIME:, user:TIME", "ok ok ok ok", part="secret")
def names():
    results = []
    for name in (f"{in_an_hour()}:@u:host", f"{in_an_hour()}", f"{in_an_hour()}:", f"user:{in_an_hour()}"):
        client = Client(timeout=1, **time_limited(name))
        results.append(allocate(client))
        gone(client)
    return codes(*results)


@case("a time in milliseconds", "401", part="secret")
def milliseconds():
    return codes(allocate(Client(timeout=1, **time_limited(f"{in_an_hour() * 1000}:u"))))


@case("a credential expires in a call: Refresh; another Allocate", "ok 401", part="secret")
def expires():
    credentials = time_limited(f"{int(time.time()) + 2}:short")
    client = ready(**credentials)
    time.sleep(3)
    result = codes(code(client, REFRESH, lifetime(600)), allocate(Client(timeout=1, **credentials)))
    gone(client)
    return result


@case("USERNAME of 700 bytes", "401", "400")
def long_name():
    return codes(allocate(Client(timeout=1, username="u" * 700)))


@case("MESSAGE-INTEGRITY and -SHA256 together; the latter alone", "ok ok")
def sha256():
    client = nonce(Client(timeout=1))
    both = client.build(ALLOCATE, attribute(TRANSPORT, UDP))
    mac = hmac.new(client.key(), with_length(both, 36), hashlib.sha256).digest()
    first = client.exchange(with_length(both, 36) + attribute(SHA256, mac)).code
    gone(client)
    alone = message(ALLOCATE, REQUEST, attribute(TRANSPORT, UDP) + client.credentials())
    mac = hmac.new(client.key(), with_length(alone, 36), hashlib.sha256).digest()
    answer = client.exchange(with_length(alone, 36) + attribute(SHA256, mac))
    return codes(first, answer.code if answer else "silence")


@case("SHA-256 by PASSWORD-ALGORITHM; USERHASH (RFC 8489, 9.2)", "ok ok")
def rfc8489():
    results = []
    for hashed in (False, True):
        client = Client8489(timeout=1, hashed=hashed)
        client.challenge()
        client.offer = client.offer or OFFER
        results.append(allocate(client))
        gone(client)
    return codes(*results)


# -- what is allocated --


@case("two families, one given up, its peers then", "both ok 443")
def two_families():
    client = Client(timeout=1)
    try:
        answer = client.request(ALLOCATE, attribute(TRANSPORT, UDP) + attribute(ADDITIONAL_FAMILY, IPV6))
    except Refused as refused:
        return str(refused.code)
    relayed = sum(kind == XOR_RELAYED for kind, _ in answer.attributes)
    result = ("both " if relayed == 2 else "one ") + codes(
        code(client, REFRESH, lifetime(0) + attribute(FAMILY, IPV6)), code(client, CREATE_PERMISSION, peer("2001:2:0:2::2", 9)))
    gone(client)
    return result


@case("EVEN-PORT with the R bit; its token, and that again", "ok ok 508")
def reservation():
    client, second, third = (Client(timeout=1) for _ in range(3))
    try:
        answer = client.request(ALLOCATE, attribute(TRANSPORT, UDP) + attribute(EVEN_PORT, b"\x80"))
    except Refused as refused:
        return str(refused.code)
    token = attribute(RESERVATION, answer.get(RESERVATION) or bytes(8))
    result = codes(0, allocate(second, token), allocate(third, token))
    for each in (client, second):
        gone(each)
    return result


@case("300 permissions and 300 channels of one allocation", "300 300")
def many():
    client = ready()
    permissions = sum(code(client, CREATE_PERMISSION, peer(f"198.18.3.{i}" if i < 256 else f"198.18.4.{i - 255}", 9)) == 0 for i in range(300))
    channels = sum(code(client, CHANNEL_BIND, bind(0x4000 + i, port=5000 + i)) == 0 for i in range(300))
    gone(client)
    return f"{permissions} {channels}"


@case("peers that no relay should reach, in 13 encodings", "13 refused")
def forbidden():
    client = ready()
    hosts = ["0.0.0.0", "127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "224.0.0.1", "255.255.255.255", "100.64.0.1"]
    refused = sum(code(client, CREATE_PERMISSION, peer(host, 9)) != 0 for host in hosts)
    gone(client)
    client = Client(timeout=1)
    if allocate(client, attribute(FAMILY, IPV6)) != 0:
        return "no IPv6"
    hosts = ["::1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::1", "ff02::1"]
    refused += sum(code(client, CREATE_PERMISSION, peer(host, 9)) != 0 for host in hosts)
    gone(client)
    return f"{refused} refused"


# -- odd requests --


@case("REQUESTED-ADDRESS-FAMILY of one byte", "400", "440")
def short_family():
    client = Client(timeout=1)
    result = codes(allocate(client, attribute(FAMILY, b"\1")))
    gone(client)
    return result


@case("LIFETIME of 8 bytes; REQUESTED-TRANSPORT of one", "400 400")
def lengths():
    client = Client(timeout=1)
    result = codes(allocate(client, attribute(LIFETIME, bytes(8))), code(client, ALLOCATE, attribute(TRANSPORT, b"\x11")))
    gone(client)
    return result


@case("EVEN-PORT and DONT-FRAGMENT of 4 bytes, CHANNEL-NUMBER of 2", "ok ok ok")
def accepted_lengths():
    client = Client(timeout=1)
    first = allocate(client, attribute(EVEN_PORT, bytes(4)))
    number = code(client, CHANNEL_BIND, lambda tid: attribute(CHANNEL_NUMBER, b"\x40\1") + peer()(tid))
    gone(client)
    client = Client(timeout=1)
    second = allocate(client, attribute(DONT_FRAGMENT, bytes(4)))
    gone(client)
    return codes(first, second, number)


@case("a relay by TCP (RFC 6062): served, or refused", "442", "400", "ok")
def tcp_relay():
    client = Client(timeout=1)
    result = codes(code(client, ALLOCATE, attribute(TRANSPORT, b"\6\0\0\0")))
    gone(client)
    return result


@case("a Binding with CHANGE-REQUEST of nothing: answered, or named as unknown", "420", "ok")
def change_request():
    return codes(Client(timeout=1).exchange(message(BINDING, REQUEST, attribute(CHANGE, bytes(4)))).code)


@case("a private candidate among good ones in one CreatePermission: all or none (RFC 8656, 10.2)", "403", "ok")
def mixed():
    client = ready()
    result = codes(code(client, CREATE_PERMISSION, lambda tid: peer()(tid) + peer("10.1.2.3", 9)(tid)))
    gone(client)
    return result


def main():
    for number, (title, wanted, part, run) in enumerate(CASES):
        if sys.argv[1] not in (part, "all"):
            continue
        try:
            seen = run()
        except Refused as refused:
            seen = f"{refused.code} before it came to that"
        except (AssertionError, AttributeError, TypeError, OSError) as error:
            seen = f"nothing: {type(error).__name__}"
        print(number, title, seen, "ok" if seen in wanted else "differs", sep="\t", flush=True)


main()
