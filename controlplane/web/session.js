// SPDX-License-Identifier: BSD-3-Clause
// One session: an offer is POSTed, the answer comes back, and DELETE ends it. A peer connection says late, or never, that nobody is
// there any more: who hears nothing for more than a second asks the session's resource, and begins again where that has ended. Where
// nobody answers, it begins at another node of the fleet: each answer names some.

const QUIET_MS = 1250; // media, or reports of them, come at least each 100 ms
const LOOK_MS = 250;
const RESOURCE_MS = 1000; // for an answer, from a node that may be dead
const OFFER_MS = 1500; // the same
const LEAVE_MS = 5000;
const SERVERS_MAX = 8;

// What `application/problem+json` or the server's own JSON says.
async function refusal(answer) {
  const body = await answer.json().catch(() => ({}));
  return Object.assign(new Error(`${answer.status}: ${body.detail || body.error || answer.statusText}`), { status: answer.status });
}

// The origins of a 201's `Link: <URL>; rel="alternate"`, but for those of another scheme than the page's: its token goes there.
export function alternates(answer, scheme) {
  const links = (answer.headers.get('Link') || '').matchAll(/<([^>]+)>;\s*rel="alternate"/g);
  return [...links].map((link) => new URL(link[1], answer.url)).filter((url) => url.protocol === scheme).map((url) => url.origin);
}

// No answer, or a proxy's that has none from the node.
export function nodeIsGone(answer) {
  return !answer || answer.status === 502 || answer.status === 504;
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
  const sum = { bytes: 0, heard: 0, packets: 0, lost: 0, frames: 0, freezes: 0, width: 0, height: 0, layers: 0, codec: '', rtt: 0 };
  report.forEach((row) => {
    if (row.type === 'candidate-pair' && row.nominated) {
      sum.rtt = row.currentRoundTripTime || sum.rtt;
      sum.heard += (row.bytesReceived || 0) + (row.responsesReceived || 0);
    }
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
  const side = role === 'publish' ? 'whip' : 'whep';
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  // lapse: why it has begun again, in ms after the last that was heard: when that was noticed, and when something came again
  const self = { resource: '', peer: null, etag: '', begun: 0, lapse: null };
  let servers = [options.server || location.origin]; // the next one to ask first
  let watchdog = 0, stopped = false;

  async function offer(sdp, takeover) {
    const url = `${servers[0]}/${side}/${stream}${takeover ? '?takeover=1' : ''}`;
    const request = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/sdp' }, body: sdp };
    if (self.begun > 0)
      request.signal = AbortSignal.timeout(OFFER_MS);
    const answer = await fetch(url, request);
    // A browser takes the token away where another node is named (307): it is as good there.
    return answer.status === 401 && answer.redirected ? fetch(answer.url, request) : answer;
  }

  async function begin(takeover) {
    const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle', ...options.config });
    peer.ontrack = (event) => ontrack(event.streams[0] || new MediaStream([event.track]));
    peer.onconnectionstatechange = () => { if (peer === self.peer) onstate(peer.connectionState); };
    self.peer = peer;
    transceivers(peer, options);
    await peer.setLocalDescription(await peer.createOffer());
    const answer = await offer(peer.localDescription.sdp, takeover);
    if (answer.status !== 201) {
      peer.close();
      throw await refusal(answer);
    }
    self.resource = new URL(answer.headers.get('Location'), answer.url).href;
    self.etag = answer.headers.get('ETag');
    self.begun += 1;
    servers = [...new Set([servers[0], ...alternates(answer, location.protocol), ...servers])].slice(0, SERVERS_MAX);
    await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  }

  function putLast(server) {
    if (servers.includes(server))
      servers = [...servers.filter((one) => one !== server), server];
  }

  // silent: nobody has answered for the session: if it lives all the same, a publisher takes its own place.
  async function again(silent) {
    self.peer.close();
    if (silent)
      putLast(new URL(self.resource).origin);
    for (let wait = 250; !stopped; wait = Math.min(1.5 * wait, 2000)) {
      onstate('connecting again');
      try {
        await begin(options.takeover || (silent && role === 'publish'));
        if (stopped) { // while the answer was on its way
          self.leave();
          self.peer.close();
        }
        return;
      } catch (error) {
        onstate(error.message);
        if (!error.status || error.status >= 500)
          putLast(servers[0]);
        await new Promise((done) => setTimeout(done, wait));
      }
    }
  }

  async function look(quiet) {
    onstate('nothing comes');
    const answer = await fetch(self.resource, { headers, signal: AbortSignal.timeout(RESOURCE_MS) }).catch(() => null);
    if (stopped)
      return;
    const gone = nodeIsGone(answer);
    if (!gone && answer.status !== 404 && self.peer.connectionState !== 'failed') {
      onstate(self.peer.connectionState);
      return;
    }
    self.lapse = { noticed: Math.round(quiet), back: 0 };
    await again(gone);
  }

  // Media come to a viewer, reports of them to a publisher.
  function guard() {
    let last = 0, heardAt = performance.now(), since = heardAt, busy = false;
    const step = async () => {
      const { heard } = await self.stats(), now = performance.now();
      if (heard !== last && heard > 0) {
        if (self.lapse && !self.lapse.back)
          self.lapse.back = Math.round(now - heardAt);
        heardAt = now;
      }
      if (heard !== last)
        since = now;
      last = heard;
      if (now - since <= QUIET_MS)
        return;
      await look(now - heardAt);
      since = performance.now();
    };
    watchdog = setInterval(async () => {
      if (busy || stopped)
        return;
      busy = true;
      await step().catch((error) => onstate(error.message));
      busy = false;
    }, LOOK_MS);
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
  self.leave = () => fetch(self.resource, { method: 'DELETE', headers, keepalive: true, signal: AbortSignal.timeout(LEAVE_MS) }).catch(() => {});
  self.stop = async () => {
    stopped = true;
    clearInterval(watchdog);
    await self.leave();
    self.peer.close();
    if (options.media)
      options.media.getTracks().forEach((track) => track.stop());
  };
  await begin(options.takeover);
  guard();
  return self;
}
