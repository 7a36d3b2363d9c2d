# SPDX-License-Identifier: BSD-3-Clause
"""aiortc publishes a test pattern and a tone and watches them, by sessions of the dataplane's own socket; prints what
came as JSON. active: we begin its viewer's handshake. usage: session_aiortc.py SOCKET FRAMES STREAM [active]"""

import asyncio
import json
import sys

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from session_sdp import make

path, frames, stream, *more = sys.argv[1:]


async def connect(connection, name, role, active=False):
    connected = asyncio.Event()
    connection.on("connectionstatechange", lambda: connection.connectionState == "connected" and connected.set())
    await connection.setLocalDescription(await connection.createOffer())
    answer = make(path, connection.localDescription.sdp, name, role, stream, active)
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await asyncio.wait_for(connected.wait(), 20)


async def main():
    publisher, viewer = RTCPeerConnection(), RTCPeerConnection()
    publisher.addTrack(AudioStreamTrack())
    publisher.addTrack(VideoStreamTrack())
    await connect(publisher, f"{stream}-publish", 0)
    tracks = {}
    viewer.on("track", lambda track: tracks.setdefault(track.kind, track))
    viewer.addTransceiver("audio", direction="recvonly")
    viewer.addTransceiver("video", direction="recvonly")
    await connect(viewer, f"{stream}-watch", 1, "active" in more)
    for _ in range(int(frames)):
        frame = await asyncio.wait_for(tracks["video"].recv(), 20)
    for _ in range(20):
        sound = await asyncio.wait_for(tracks["audio"].recv(), 20)
    print(json.dumps({"width": frame.width, "height": frame.height, "rate": sound.sample_rate}))
    await publisher.close()
    await viewer.close()


asyncio.run(main())
