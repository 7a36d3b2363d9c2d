// SPDX-License-Identifier: BSD-3-Clause
// One session: an offer is POSTed, the answer comes back, and DELETE ends it. A peer connection says late, or never, that nobody is
// there any more: a viewer that gets nothing for two seconds asks its resource, and begins again where that has ended.

const QUIET_MS = 2000;

// What `application/problem+json` or the server's own JSON says.
async function refusal(answer) {
  const body = await answer.json().catch(() => ({}));
  return new Error(`${answer.status}: ${body.detail || body.error || answer.statusText}`);
}

function layers() {
  return [{ rid: 'q', scaleResolutionDownBy: 4 }, { rid: 'h', scaleResolutionDownBy: 2 }, { rid: 'f' }];
}

function transceivers(peer, { role, media, simulcast, codec }) {
  if (role === 'watch') {
    peer.addTransceiver('audio', { direction: 'recvonly' });
    peer.addTransceiver('video', { direction: 'recvonly' });
    return;
  }
  for (const track of media.getTracks()) {
    const video = track.kind === 'video';
    const transceiver = peer.addTransceiver(track, {
      direction: 'sendonly',
      streams: [media],
      ...(video && simulcast ? { sendEncodings: layers() } : {}),
    });
    if (video && codec && transceiver.setCodecPreferences) {
      const name = `video/${codec}`.toLowerCase();
      const all = RTCRtpSender.getCapabilities('video').codecs;
      const first = all.filter((one) => one.mimeType.toLowerCase() === name);
      if (first.length)
        transceiver.setCodecPreferences([...first, ...all.filter((one) => /\/rtx$/i.test(one.mimeType))]);
    }
  }
}

// What of all counters is worth a look.
function summary(report) {
  const sum = { bytes: 0, packets: 0, lost: 0, frames: 0, freezes: 0, width: 0, height: 0, layers: 0, codec: '', rtt: 0 };
  report.forEach((row) => {
    if (row.type === 'candidate-pair' && row.nominated)
      sum.rtt = row.currentRoundTripTime || sum.rtt;
    if (row.type === 'remote-inbound-rtp' && row.kind === 'video')
      sum.lost += row.packetsLost || 0;
    if (row.type !== 'inbound-rtp' && row.type !== 'outbound-rtp')
      return;
    sum.bytes += row.bytesReceived || row.bytesSent || 0;
    sum.packets += row.packetsReceived || row.packetsSent || 0;
    if (row.kind !== 'video')
      return;
    sum.lost += row.type === 'inbound-rtp' ? row.packetsLost || 0 : 0;
    sum.frames = Math.max(sum.frames, row.framesDecoded || row.framesEncoded || 0);
    sum.freezes += row.freezeCount || 0;
    sum.layers += row.type === 'outbound-rtp' && row.bytesSent > 0 ? 1 : 0;
    if ((row.frameWidth || 0) >= sum.width)
      Object.assign(sum, { width: row.frameWidth || 0, height: row.frameHeight || 0 });
    const codec = report.get(row.codecId);
    sum.codec = codec ? codec.mimeType.replace('video/', '') : sum.codec;
  });
  return sum;
}

export async function connect(options) {
  const { role, stream, token, onstate = () => {}, ontrack = () => {} } = options;
  const base = `${options.server || location.origin}/${role === 'publish' ? 'whip' : 'whep'}/${stream}`;
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const self = { resource: '', peer: null, etag: '', begun: 0 };
  let watchdog = 0, stopped = false;

  async function begin() {
    const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle', ...options.config });
    peer.ontrack = (event) => ontrack(event.streams[0] || new MediaStream([event.track]));
    peer.onconnectionstatechange = () => { if (peer === self.peer) onstate(peer.connectionState); };
    self.peer = peer;
    transceivers(peer, options);
    await peer.setLocalDescription(await peer.createOffer());
    const request = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/sdp' }, body: peer.localDescription.sdp };
    let answer = await fetch(base + (options.takeover ? '?takeover=1' : ''), request);
    // A browser takes the token away where another node is named (307): it is as good there.
    if (answer.status === 401 && answer.redirected)
      answer = await fetch(answer.url, request);
    if (answer.status !== 201) {
      peer.close();
      throw await refusal(answer);
    }
    self.resource = new URL(answer.headers.get('Location'), answer.url).href;
    self.etag = answer.headers.get('ETag');
    self.begun += 1;
    await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  }

  async function again() {
    self.peer.close();
    for (let wait = 250; !stopped; wait = Math.min(2 * wait, 2000)) {
      onstate('connecting again');
      try {
        await begin();
        if (stopped) { // while the answer was on its way
          self.leave();
          self.peer.close();
        }
        return;
      } catch (error) {
        onstate(error.message);
        await new Promise((done) => setTimeout(done, wait));
      }
    }
  }

  // Bytes as they come, or as the other side reports them.
  async function guard() {
    let last = 0, since = performance.now(), busy = false;
    watchdog = setInterval(async () => {
      if (busy || stopped)
        return;
      busy = true;
      const bytes = role === 'watch' ? (await self.stats()).bytes : 0;
      const alive = role === 'watch' ? bytes !== last : self.peer.connectionState === 'connected';
      last = bytes;
      if (alive)
        since = performance.now();
      if (performance.now() - since > QUIET_MS) {
        const answer = await fetch(self.resource, { headers, signal: AbortSignal.timeout(QUIET_MS) }).catch(() => null);
        if (!stopped && (!answer || answer.status === 404 || self.peer.connectionState === 'failed'))
          await again();
        since = performance.now();
      }
      busy = false;
    }, 500);
  }

  // New ICE credentials of both sides, on the same DTLS association (RFC 9725, 4.3.3).
  self.restart = async () => {
    const { peer } = self;
    await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
    const line = (sdp, name) => sdp.match(new RegExp(`a=${name}:(.*)`))[1].trim();
    const local = peer.localDescription.sdp;
    const answer = await fetch(self.resource, {
      method: 'PATCH',
      headers: { ...headers, 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*' },
      body: `a=ice-ufrag:${line(local, 'ice-ufrag')}\r\na=ice-pwd:${line(local, 'ice-pwd')}\r\n`,
    });
    if (answer.status !== 200)
      throw await refusal(answer);
    self.etag = answer.headers.get('ETag');
    const fragment = await answer.text();
    const sdp = peer.remoteDescription.sdp.replace(/a=ice-ufrag:.*/g, `a=ice-ufrag:${line(fragment, 'ice-ufrag')}`)
      .replace(/a=ice-pwd:.*/g, `a=ice-pwd:${line(fragment, 'ice-pwd')}`);
    await peer.setRemoteDescription({ type: 'answer', sdp });
  };
  self.report = () => self.peer.getStats();
  self.stats = async () => summary(await self.peer.getStats());
  self.leave = () => fetch(self.resource, { method: 'DELETE', headers, keepalive: true }).catch(() => {});
  self.stop = async () => {
    stopped = true;
    clearInterval(watchdog);
    await self.leave();
    self.peer.close();
    if (options.media)
      options.media.getTracks().forEach((track) => track.stop());
  };
  await begin();
  guard();
  return self;
}
