# SPDX-License-Identifier: BSD-3-Clause
"""A browser's offer as a session of the dataplane (include/sluice/session.h), and its answer: what the control plane
does for WHIP and WHEP, as far as the tests of the dataplane alone need it. One Opus, one VP8."""

import re
import socket
import struct

from sluice_api import HEADER, TEXT, request

TYPES = {name: int(value, 16) for name, value in re.findall(r"SLUICE_(\w+) =\s*(0x[0-9a-f]{4})\b", TEXT)}
URIS = ["urn:ietf:params:rtp-hdrext:sdes:mid", "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
        "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"]
CODECS = {"audio": ("opus", 1, 48000), "video": ("VP8", 3, 90000)}
FEEDBACK = {"nack": 1, "nack pli": 2, "ccm fir": 4, "transport-cc": 8, "goog-remb": 16}


class Refused(Exception):
    """errno and the dataplane's line"""


def ask(path, name, body=b""):
    """All rows of the reply, as bytes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as dataplane:
        dataplane.connect(path)
        dataplane.send(request(TYPES[name], body))
        rows = b""
        while True:
            reply = dataplane.recv(65536)
            status, flags = HEADER.unpack(reply[:HEADER.size])[3:5]
            if status:
                raise Refused(status, reply[HEADER.size:].decode())
            rows += reply[HEADER.size:]
            if not flags & 1:
                return rows


def text(value, size):
    return value.encode().ljust(size, b"\0")


def attribute(lines, name):
    return [line.split(":", 1)[1] for line in lines if line.startswith(f"a={name}:")]


class Media:
    """An m-line of the offer."""

    def __init__(self, lines):
        self.kind = lines[0][2:].split()[0]
        self.mid = attribute(lines, "mid")[0]
        self.codec, self.number, self.clock = CODECS.get(self.kind, ("", 0, 0))
        maps = [re.match(r"(\d+) ([^/]+)", value).groups() for value in attribute(lines, "rtpmap")]
        self.pt = next((int(pt) for pt, name in maps if name.lower() == self.codec.lower()), 0)
        apt = {int(value.split()[1].split("=")[1]): int(value.split()[0])
               for value in attribute(lines, "fmtp") if value.split()[1].startswith("apt=")}
        self.rtx = apt.get(self.pt, 0)
        self.feedback = [value.split(" ", 1)[1] for value in attribute(lines, "rtcp-fb")
                         if value.split()[0] in (str(self.pt), "*") and value.split(" ", 1)[1] in FEEDBACK]
        self.extensions = {uri: int(number.split("/")[0]) for number, uri in
                           (value.split()[:2] for value in attribute(lines, "extmap")) if uri in URIS}
        self.rids = [value.split()[0] for value in attribute(lines, "rid")]
        self.ssrcs = list(dict.fromkeys(int(value.split()[0]) for value in attribute(lines, "ssrc")))

    def track(self):
        extensions = bytes(self.extensions.get(uri, 0) for uri in URIS).ljust(16, b"\0")
        payloads = struct.pack("=BBBBI", self.pt, self.rtx, self.number, self.pt, self.clock).ljust(128, b"\0")
        feedback = sum(FEEDBACK[name] for name in self.feedback)
        ssrcs, rtx = (self.ssrcs + [0, 0])[:2] if not self.rids else (0, 0)
        head = bytes([self.kind == "video", 1, len(self.rids), int(ssrcs != 0), feedback, 0, 0])
        rids = b"".join(text(rid, 17) for rid in self.rids).ljust(68, b"\0")
        return (text(self.mid, 17) + head + extensions + payloads + rids + struct.pack("=I", ssrcs).ljust(16, b"\0") +
                struct.pack("=I", rtx if self.rtx else 0).ljust(16, b"\0"))

    def answer(self, watches, made, place):
        if self.kind not in CODECS:
            return [f"m={self.kind} 0 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", f"a=mid:{self.mid}"]
        types = f"{self.pt} {self.rtx}" if self.rtx else f"{self.pt}"
        lines = [f"m={self.kind} 9 UDP/TLS/RTP/SAVPF {types}", "c=IN IP4 0.0.0.0", f"a=mid:{self.mid}",
                 "a=sendonly" if watches else "a=recvonly", "a=rtcp-mux",
                 f"a=rtpmap:{self.pt} {self.codec}/{self.clock}" + ("/2" if self.kind == "audio" else "")]
        if self.rtx:
            lines += [f"a=rtpmap:{self.rtx} rtx/{self.clock}", f"a=fmtp:{self.rtx} apt={self.pt}"]
        lines += [f"a=rtcp-fb:{self.pt} {name}" for name in self.feedback]
        lines += [f"a=extmap:{number} {uri}" for uri, number in self.extensions.items()]
        lines += [f"a=rid:{rid} recv" for rid in self.rids]
        if self.rids:
            lines.append("a=simulcast:recv " + ";".join(self.rids))
        if watches:
            ssrc, rtx = made["ssrcs"][place], made["rtx_ssrcs"][place]
            lines += [f"a=msid:stream {self.kind}", f"a=ssrc:{ssrc} cname:{made['cname']}"]
            if rtx:
                lines += [f"a=ssrc-group:FID {ssrc} {rtx}", f"a=ssrc:{rtx} cname:{made['cname']}"]
        return lines


class Offer:
    def __init__(self, sdp):
        parts = re.split(r"(?m)^(?=m=)", sdp.replace("\r\n", "\n"))
        self.all = sdp.replace("\r\n", "\n").split("\n")
        self.media = [Media(part.strip().split("\n")) for part in parts[1:]]
        self.tracks = [media for media in self.media if media.kind in CODECS]

    def session(self, name, role, stream, active=False, takeover=False):
        digest, value = attribute(self.all, "fingerprint")[0].split()
        value = bytes.fromhex(value.replace(":", ""))
        number = ["sha-256", "sha-384", "sha-512"].index(digest.lower())
        fingerprint = (bytes([number, len(value), 0, 0]) + value).ljust(68, b"\0")
        ufrag = attribute(self.all, "ice-ufrag")[0]
        return (text(name, 33) + bytes([role, active, len(self.tracks), 1, takeover]) + struct.pack("=H", 0) +
                text(stream, 64) + text(ufrag, 257) + bytes(3) + fingerprint.ljust(272, b"\0") +
                b"".join(media.track() for media in self.tracks).ljust(8 * 268, b"\0") + bytes(1024))

    def answer(self, made, watches, active=False):
        print_ = ":".join(f"{byte:02X}" for byte in made["fingerprint"])
        mids = " ".join(media.mid for media in self.tracks)
        lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=ice-lite", f"a=group:BUNDLE {mids}",
                 f"a=ice-ufrag:{made['ufrag']}", f"a=ice-pwd:{made['pwd']}", f"a=fingerprint:sha-256 {print_}",
                 f"a=setup:{'active' if active else 'passive'}", "a=msid-semantic: WMS *"]
        for media in self.media:
            lines += media.answer(watches, made, self.tracks.index(media) if media in self.tracks else 0)
            if media in self.tracks:
                lines += [f"a=candidate:1 1 udp 2130706431 {ip} {port} typ host" for ip, port in made["addresses"]]
                lines.append("a=end-of-candidates")
        return "\r\n".join(lines) + "\r\n"


def address(packed):
    port = int.from_bytes(packed[16:18], "big")
    if packed[:12] == bytes(10) + b"\xff\xff":
        return socket.inet_ntop(socket.AF_INET, packed[12:16]), port
    return socket.inet_ntop(socket.AF_INET6, packed[:16]), port


def made_read(row):
    count, length = row[50], row[53]
    return {"ufrag": row[:16].decode(), "pwd": row[17:49].decode(), "fingerprint": row[56:56 + length],
            "ssrcs": struct.unpack("=8I", row[120:152]), "rtx_ssrcs": struct.unpack("=8I", row[152:184]),
            "cname": row[184:216].rstrip(b"\0").decode(),
            "addresses": [address(row[216 + 20 * i:236 + 20 * i]) for i in range(count)]}


def make(path, sdp, name, role, stream, active=False, takeover=False):
    """The answer."""
    offer = Offer(sdp)
    made = made_read(ask(path, "SESSION_ADD", offer.session(name, role, stream, active, takeover)))
    return offer.answer(made, role == 1, active)
