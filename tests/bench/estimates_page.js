// SPDX-License-Identifier: BSD-3-Clause
// What tests/bench/estimates does in a browser's page, on top of nothing: publish, watch, and look at the counters again and again.
// estimates_lab.py sends it as one line.
(() => {
  const headers = { Authorization: 'Bearer lab', 'Content-Type': 'application/sdp' };
  const bench = { peers: [], samples: [] };

  const connect = async (side, stream, prepare) => {
    const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    prepare(peer);
    await peer.setLocalDescription(await peer.createOffer());
    const answer = await fetch(`/${side}/${stream}`, { method: 'POST', headers, body: peer.localDescription.sdp });
    if (answer.status !== 201)
      throw new Error(`${answer.status} ${await answer.text()}`);
    await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
    bench.peers.push(peer);
  };

  const noise = (width, height, rate) => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const draw = canvas.getContext('2d'), image = draw.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    let seed = 1;
    setInterval(() => {
      for (let i = 0; i < pixels.length; i++) {
        seed = (Math.imul(seed, 1103515245) + 12345) | 0;
        pixels[i] = 0xff000000 | (128 + (seed >>> 19 & 31)) * 0x10101;
      }
      draw.putImageData(image, 0, 0);
    }, 1000 / rate);
    return canvas.captureStream(rate).getVideoTracks()[0];
  };

  bench.publish = async ({ stream, encodings, canvas, width, height, rate }) => {
    const video = canvas ? noise(width, height, rate) :
      (await navigator.mediaDevices.getUserMedia({ video: { width, height, frameRate: rate } })).getVideoTracks()[0];
    await connect('whip', stream, (peer) => {
      const transceiver = peer.addTransceiver(video, { direction: 'sendonly', sendEncodings: encodings });
      const codecs = RTCRtpSender.getCapabilities('video').codecs;
      transceiver.setCodecPreferences(codecs.filter((codec) => /VP8|rtx/.test(codec.mimeType)));
      bench.pause = () => transceiver.sender.replaceTrack(null);
      bench.resume = () => transceiver.sender.replaceTrack(video);
    });
    return true;
  };

  bench.watch = async (stream, count) => {
    for (let i = 0; i < count; i++)
      await connect('whep', stream, (peer) => {
        peer.addTransceiver('video', { direction: 'recvonly' });
        peer.ontrack = (event) => {
          const video = Object.assign(document.createElement('video'), { muted: true, autoplay: true, width: 160 });
          video.srcObject = new MediaStream([event.track]);
          document.body.append(video);
        };
      });
    return true;
  };

  bench.connected = () => bench.peers.length > 0 && bench.peers.every((peer) => peer.connectionState === 'connected');

  const read = async (peer) => {
    const seen = { bytes: 0 };
    (await peer.getStats()).forEach((row) => {
      if (row.type === 'candidate-pair' && row.nominated && row.availableOutgoingBitrate)
        seen.available_kbps = Math.round(row.availableOutgoingBitrate / 1000);
      if (row.type === 'outbound-rtp' && row.kind === 'video') {
        seen.bytes += row.bytesSent + (row.headerBytesSent || 0);
        seen.frames = Math.max(seen.frames || 0, row.framesSent || row.framesEncoded || 0);
      }
      if (row.type === 'inbound-rtp' && row.kind === 'video')
        Object.assign(seen, { bytes: row.bytesReceived + (row.headerBytesReceived || 0), frames: row.framesDecoded || 0,
          width: row.frameWidth || 0, freezes: row.freezeCount || 0, plis: row.pliCount || 0, lost: row.packetsLost || 0 });
    });
    return seen;
  };

  bench.look = async (ms) => {
    const at = Date.now() / 1000;
    bench.samples.push({ at, peers: await Promise.all(bench.peers.map(read)) });
    setTimeout(bench.look, ms, ms);
    return true;
  };

  window.bench = bench;
  return true;
})()
