// SPDX-License-Identifier: BSD-3-Clause
// A client of WHIP or WHEP on another library than a browser's. A publisher sends video, a packet a frame, each with a number in it, until
// its input ends; a viewer waits for as many, prints what it got as JSON, and both end their session.
// usage: node whip_client.js node-datachannel|werift MODULES publish URL | watch URL PACKETS; the token is lab
const [library, modules, role, url, packets] = process.argv.slice(2);
const authorization = { Authorization: 'Bearer lab' };
const FRAME_MS = 20, CLOCK = 1800, PT = 96, SSRC = 4242, KEY_EACH = 25;

// VP8 whose picture nobody looks at: its descriptor, the frame's first byte, which says key or not, and the number.
function frame(number) {
  const packet = Buffer.alloc(12 + 6 + 200);
  packet[0] = 0x80;
  packet[1] = 0x80 | PT;
  packet.writeUInt16BE(number & 0xffff, 2);
  packet.writeUInt32BE((number * CLOCK) >>> 0, 4);
  packet.writeUInt32BE(SSRC, 8);
  packet[12] = 0x10;
  packet[13] = number % KEY_EACH ? 1 : 0;
  packet.writeUInt32BE(number, 14);
  return packet;
}

async function offered(sdp) {
  const answer = await fetch(url, { method: 'POST', headers: { ...authorization, 'Content-Type': 'application/sdp' }, body: sdp });
  const body = await answer.text();
  if (answer.status !== 201)
    throw new Error(`${answer.status}: ${body}`);
  return { sdp: body, resource: new URL(answer.headers.get('Location'), url).href };
}

// Each has: sdp(), answer(sdp), send(packet), and calls heard(packet); what it sends before it is connected is lost.
const libraries = {
  async 'node-datachannel'(heard) {
    const dc = require(`${modules}/node-datachannel`);
    const peer = new dc.PeerConnection('client', { iceServers: [] });
    const video = new dc.Video('video', role === 'publish' ? 'SendOnly' : 'RecvOnly');
    video.addVP8Codec(PT);
    if (role === 'publish')
      video.addSSRC(SSRC, 'client', 'client', 'video');
    const track = peer.addTrack(video);
    track.onMessage((message) => heard(Buffer.from(message)));
    return {
      sdp: () => new Promise((resolve) => {
        peer.onGatheringStateChange((state) => { if (state === 'complete') resolve(peer.localDescription().sdp); });
        peer.setLocalDescription('offer');
      }),
      answer: (sdp) => peer.setRemoteDescription(sdp, 'answer'),
      send: (packet) => track.isOpen() && track.sendMessageBinary(packet),
    };
  },
  async werift(heard) {
    const { RTCPeerConnection, RTCRtpCodecParameters, MediaStreamTrack } = require(`${modules}/werift`);
    const codec = new RTCRtpCodecParameters({ mimeType: 'video/VP8', clockRate: 90000, payloadType: PT, rtcpFeedback: [{ type: 'nack' }] });
    const peer = new RTCPeerConnection({ iceServers: [], codecs: { video: [codec], audio: [] } });
    const track = new MediaStreamTrack({ kind: 'video' });
    if (role === 'publish')
      peer.addTransceiver(track, { direction: 'sendonly' });
    else
      peer.addTransceiver('video', { direction: 'recvonly' });
    peer.onTrack.subscribe((remote) => remote.onReceiveRtp.subscribe((packet) => heard(packet.serialize())));
    return {
      async sdp() {
        await peer.setLocalDescription(await peer.createOffer());
        return peer.localDescription.sdp;
      },
      answer: (sdp) => peer.setRemoteDescription({ type: 'answer', sdp }),
      send: (packet) => peer.connectionState === 'connected' && track.writeRtp(packet),
    };
  },
};

(async () => {
  const got = [];
  let enough;
  const done = new Promise((resolve) => { enough = resolve; });
  const client = await libraries[library]((packet) => {
    const at = 12 + 4 * (packet[0] & 15) + (packet[0] & 0x10 ? 4 + 4 * packet.readUInt16BE(14 + 4 * (packet[0] & 15)) : 0);
    if ((packet[1] & 0x7f) >= 64 && (packet[1] & 0x7f) < 96) // RTCP
      return;
    got.push({ key: packet[at + 1] === 0, number: packet.readUInt32BE(at + 2) });
    if (got.length >= Number(packets))
      enough();
  });
  const { sdp, resource } = await offered(await client.sdp());
  await client.answer(sdp);
  if (role === 'publish') {
    let number = 0;
    const timer = setInterval(() => client.send(frame(number++)), FRAME_MS);
    console.log('publishes');
    process.stdin.resume();
    await new Promise((resolve) => process.stdin.on('end', resolve));
    clearInterval(timer);
  } else {
    await done;
    const numbers = got.map((one) => one.number), first = Math.min(...numbers);
    console.log(JSON.stringify({ packets: got.length, first_is_key: got[0].key, missing: Math.max(...numbers) - first + 1 - new Set(numbers).size }));
  }
  await fetch(resource, { method: 'DELETE', headers: authorization });
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
