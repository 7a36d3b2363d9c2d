#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A GStreamer peer of the forwarding unit: SRTP and SRTCP on one UDP socket, with NACK and PLI (RFC 4585).

gst_media.py publish   LOCAL REMOTE CIPHER TX-KEY RX-KEY --ssrc N [--frames N]
gst_media.py subscribe LOCAL REMOTE CIPHER TX-KEY RX-KEY --codec vp8|h264 [--drop SHARE] [--burst N] [--nack] [--rtx PT] [--lines FILE]

LOCAL, REMOTE: ADDRESS:PORT. CIPHER: aes-128-gcm or aes-128-icm. Keys in hex, as GStreamer takes them: key, then salt. TX-KEY protects what
this end sends, RX-KEY what it receives. The publisher makes one key frame at its start and others only when asked by PLI. Both write to
--lines: the publisher "frame MD5 KEY|DELTA" for each picture as a decoder sees it, the subscriber "frame MD5"; at the end
"sent|received N", "dropped N" of what --drop and, once, --burst threw away, and "rtx N" of repeats that were taken under the payload
type of --rtx (RFC 4588). Ends after --frames, or on SIGTERM.
"""

import argparse
import hashlib
import signal
import sys
from socket import SOL_SOCKET

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gio, GLib, Gst  # noqa: E402

CAPS = {
    "vp8": "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload={pt}",
    "h264": "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload={pt}",
}
FEEDBACK = ",rtcp-fb-nack-pli=(boolean)true,rtcp-fb-nack=(boolean)true"
DECODE = {
    "vp8": "rtpvp8depay request-keyframe=true ! vp8dec",
    "h264": "rtph264depay request-keyframe=true ! h264parse ! avdec_h264 max-threads=1",
}


SO_RCVBUFFORCE = 33  # asm-generic/socket.h
ROOM = 8 << 20  # bytes of a socket: more than comes while a busy machine leaves this program out


def udp_socket(local):
    address, port = local.rsplit(":", 1)
    address = Gio.InetAddress.new_from_string(address)
    socket = Gio.Socket.new(address.get_family(), Gio.SocketType.DATAGRAM, Gio.SocketProtocol.UDP)
    socket.set_option(SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
    socket.bind(Gio.InetSocketAddress.new(address, int(port)), True)
    return socket


def buffer_of(hex_key):
    return Gst.Buffer.new_wrapped(bytes.fromhex(hex_key))


class Peer:
    def __init__(self, options):
        self.options = options
        self.lines = open(options.lines, "w", buffering=1) if options.lines else sys.stdout
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.Pipeline.new(None)
        self.frames = self.dropped = 0
        host, port = options.remote.rsplit(":", 1)
        socket = udp_socket(options.local)
        self.bin = self.add("rtpbin", rtp_profile="avpf", do_retransmission=options.nack, latency=options.latency)
        self.source = self.add("udpsrc", socket=socket, close_socket=False)
        self.sink = self.add("udpsink", socket=socket, close_socket=False, host=host, port=int(port), sync=False, async_=False)
        self.mixer = self.add("funnel")
        self.mixer.link(self.sink)
        self.decoder = self.add("srtpdec", replay_window_size=1024)
        self.encoder = self.add("srtpenc", key=buffer_of(options.tx_key), allow_repeat_tx=True)
        for kind in ("rtp", "rtcp"):
            Gst.util_set_object_arg(self.encoder, kind + "-cipher", options.cipher)
            # GCM has a tag of its own; AES-CM takes HMAC-SHA1 with 80 bits
            auth = "null" if "gcm" in options.cipher else "hmac-sha1-80"
            Gst.util_set_object_arg(self.encoder, kind + "-auth", auth)
        self.decoder.connect("request-key", self.on_request_key)
        self.bin.connect("request-pt-map", lambda _bin, _session, pt: self.caps(pt))
        self.rtx = None
        if options.rtx:
            self.bin.connect("request-aux-receiver", self.on_aux_receiver)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self.on_error)
        for number in (signal.SIGTERM, signal.SIGINT):
            GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, self.on_signal)

    def add(self, factory, **properties):
        element = Gst.ElementFactory.make(factory)
        if element is None:
            sys.exit(f"gst_media: GStreamer has no element {factory}")
        for name, value in properties.items():
            name = name.rstrip("_").replace("_", "-")
            if isinstance(value, str) and name != "host":
                Gst.util_set_object_arg(element, name, value)
            else:
                element.set_property(name, value)
        self.pipeline.add(element)
        return element

    def on_aux_receiver(self, _bin, session):
        self.rtx = Gst.ElementFactory.make("rtprtxreceive")
        types = Gst.Structure.new_from_string(f"application/x-rtp-pt-map,96=(uint){self.options.rtx}")
        self.rtx.set_property("payload-type-map", types)
        aux = Gst.Bin.new(None)
        aux.add(self.rtx)
        for direction in ("sink", "src"):
            aux.add_pad(Gst.GhostPad.new(f"{direction}_{session}", self.rtx.get_static_pad(direction)))
        return aux

    def caps(self, pt):
        if pt == self.options.rtx:
            return Gst.Caps.from_string(f"application/x-rtp,media=video,encoding-name=RTX,clock-rate=90000,payload={pt},apt=(string)96")
        return Gst.Caps.from_string(CAPS[self.options.codec].format(pt=pt) + FEEDBACK)

    def on_request_key(self, _decoder, _ssrc):
        auth = "null" if "gcm" in self.options.cipher else "hmac-sha1-80"
        caps = Gst.Caps.from_string(
            "application/x-srtp,srtp-cipher={0},srtcp-cipher={0},srtp-auth={1},srtcp-auth={1}".format(self.options.cipher, auth)
        )
        caps.set_value("srtp-key", buffer_of(self.options.rx_key))
        return caps

    def on_error(self, _bus, message):
        error, detail = message.parse_error()
        print(f"gst_media: {error.message} ({detail})", file=sys.stderr)
        self.failed = True
        self.loop.quit()

    failed = False

    def stop(self):
        self.loop.quit()
        return GLib.SOURCE_REMOVE

    def on_signal(self):
        return self.stop()

    def link(self, source, source_pad, sink, sink_pad):
        def pad(element, name):
            return element.get_static_pad(name) or element.request_pad_simple(name)

        if pad(source, source_pad).link(pad(sink, sink_pad)) != Gst.PadLinkReturn.OK:
            sys.exit(f"gst_media: {source_pad} and {sink_pad} do not link")

    def link_transport(self):
        """RTCP both ways, and what the socket receives into the session."""
        self.link(self.bin, "send_rtcp_src_0", self.encoder, "rtcp_sink_0")
        self.link(self.encoder, "rtcp_src_0", self.mixer, "sink_%u")
        self.source.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, self.on_packet)
        self.source.set_property("caps", Gst.Caps.from_string("application/x-srtp"))
        self.link(self.source, "src", self.decoder, "rtp_sink")
        self.link(self.decoder, "rtcp_src", self.bin, "recv_rtcp_sink_0")

    def on_packet(self, _pad, info):
        """The lossy link: only media are lost, and none of the first hundred; of a burst what comes for the first time alone."""
        data = info.get_buffer().extract_dup(0, 4)
        if 192 <= data[1] <= 223:
            return Gst.PadProbeReturn.OK
        self.packets += 1
        lose = self.options.drop and self.packets > 100 and self.packets % round(1 / self.options.drop) == 0
        if data[1] & 127 != self.options.rtx and self.is_new(data[2] << 8 | data[3]):
            self.originals += 1
            lose = lose or 150 < self.originals <= 150 + self.options.burst
        if not lose:
            return Gst.PadProbeReturn.OK
        self.dropped += 1
        return Gst.PadProbeReturn.DROP

    packets = originals = 0
    highest = None

    def is_new(self, number):
        if self.highest is not None and not 0 < (number - self.highest) % 65536 < 32768:
            return False
        self.highest = number
        return True

    def note(self, sample, *words):
        data = sample.get_buffer().extract_dup(0, sample.get_buffer().get_size())
        print("frame", hashlib.md5(data).hexdigest(), *words, file=self.lines)

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        repeats = self.rtx and self.rtx.get_property("num-rtx-assoc-packets")  # forgotten in the next state
        self.pipeline.set_state(Gst.State.NULL)
        if self.rtx:
            print("rtx", repeats, file=self.lines)
        self.finish()
        sys.exit(1 if self.failed else 0)


class Publisher(Peer):
    def __init__(self, options):
        super().__init__(options)
        description = (
            f"videotestsrc name=camera is-live=true pattern=zone-plate kx2=20 ky2=20 kt=1 num-buffers={options.frames} ! "
            "video/x-raw,width=320,height=240,framerate=30/1 ! "
            "vp8enc deadline=1 keyframe-max-dist=100000 error-resilient=default target-bitrate=500000 ! tee name=t "
            "t. ! queue ! vp8dec ! videoconvert ! video/x-raw,format=I420 ! appsink name=seen emit-signals=true sync=false "
            f"t. ! queue ! rtpvp8pay pt=96 ssrc={options.ssrc} mtu=1200 picture-id-mode=15-bit ! "
            f"{CAPS['vp8'].format(pt=96)}{FEEDBACK} ! identity name=out"
        )
        media = Gst.parse_bin_from_description(description, False)
        media.add_pad(Gst.GhostPad.new("src", media.get_by_name("out").get_static_pad("src")))
        media.get_by_name("seen").connect("new-sample", self.on_frame)
        media.get_by_name("seen").connect("eos", self.on_end)
        self.camera = media.get_by_name("camera")
        encoded = media.get_by_name("t").get_static_pad("sink")
        encoded.add_probe(Gst.PadProbeType.BUFFER, self.on_encoded)
        self.pipeline.add(media)
        self.kinds = []
        self.link(media, "src", self.bin, "send_rtp_sink_0")
        self.link(self.bin, "send_rtp_src_0", self.encoder, "rtp_sink_0")
        self.link(self.encoder, "rtp_src_0", self.mixer, "sink_%u")
        self.link_transport()

    def on_encoded(self, _pad, info):
        delta = info.get_buffer().has_flags(Gst.BufferFlags.DELTA_UNIT)
        self.kinds.append("DELTA" if delta else "KEY")
        return Gst.PadProbeReturn.OK

    def on_frame(self, appsink):
        self.note(appsink.emit("pull-sample"), self.kinds[self.frames])
        self.frames += 1
        return Gst.FlowReturn.OK

    def on_end(self, _appsink):
        GLib.timeout_add(500, self.stop)  # what is asked for again may still come

    def on_signal(self):
        self.camera.send_event(Gst.Event.new_eos())  # what it has made is sent
        return GLib.SOURCE_REMOVE

    def finish(self):
        print("sent", self.frames, file=self.lines)


class Subscriber(Peer):
    def __init__(self, options):
        super().__init__(options)
        self.link_transport()
        self.link(self.decoder, "rtp_src", self.bin, "recv_rtp_sink_0")
        self.bin.connect("pad-added", self.on_pad)

    def on_pad(self, _bin, pad):
        if not pad.get_name().startswith("recv_rtp_src_"):
            return
        media = Gst.parse_bin_from_description(
            DECODE[self.options.codec] + " ! videoconvert ! video/x-raw,format=I420 ! appsink name=seen emit-signals=true sync=false",
            True,
        )
        media.get_by_name("seen").connect("new-sample", self.on_frame)
        self.pipeline.add(media)
        media.sync_state_with_parent()
        pad.link(media.get_static_pad("sink"))

    def on_frame(self, appsink):
        self.note(appsink.emit("pull-sample"))
        self.frames += 1
        return Gst.FlowReturn.OK

    def finish(self):
        print("received", self.frames, file=self.lines)
        print("dropped", self.dropped, file=self.lines)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("role", choices=("publish", "subscribe"))
    for name in ("local", "remote", "cipher", "tx_key", "rx_key"):
        parser.add_argument(name)
    parser.add_argument("--ssrc", type=int, default=1111)
    parser.add_argument("--codec", choices=CAPS, default="vp8")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--drop", type=float, default=0)
    parser.add_argument("--burst", type=int, default=0)
    parser.add_argument("--nack", action="store_true")
    parser.add_argument("--rtx", type=int, default=0)
    parser.add_argument("--latency", type=int, default=500)
    parser.add_argument("--lines")
    options = parser.parse_args()
    Gst.init(None)
    Publisher(options).run() if options.role == "publish" else Subscriber(options).run()


main()
