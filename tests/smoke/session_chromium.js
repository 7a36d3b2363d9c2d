// SPDX-License-Identifier: BSD-3-Clause
// One page with two peer connections: one publishes camera and tone, one watches. Offers go to stdout, answers come by stdin.
// usage: node session_chromium.js PLAYWRIGHT-CORE SECONDS [comeback]
const { chromium } = require(process.argv[2]);
const lines = require('readline').createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = message => process.stdout.write(JSON.stringify(message) + '\n');
const ask = async message => { say(message); return JSON.parse((await lines.next()).value).answer; };
(async () => {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--unsafely-treat-insecure-origin-as-secure=http://127.0.0.1:1', '--autoplay-policy=no-user-gesture-required'] });
  const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
  const page = await context.newPage();
  page.on('console', message => process.stderr.write(message.text() + '\n'));
  await page.route('http://127.0.0.1:1/', route => route.fulfill({ contentType: 'text/html', body: '<html></html>' }));
  await page.goto('http://127.0.0.1:1/');
  await page.exposeFunction('exchange', (role, sdp) => ask({ role, sdp }));
  const result = await page.evaluate(async ([seconds, comeback]) => {
    const connect = async (role, prepare) => {
      const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      await prepare(connection);
      await connection.setLocalDescription(await connection.createOffer());
      await connection.setRemoteDescription({ type: 'answer', sdp: await exchange(role, connection.localDescription.sdp) });
      const start = performance.now();
      while (connection.connectionState !== 'connected' && performance.now() - start < 15000) await new Promise(r => setTimeout(r, 10));
      connection.took = Math.round(performance.now() - start);
      return connection;
    };
    const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 360 }, audio: true });
    const publish = async c => camera.getTracks().forEach(t => c.addTransceiver(t, { direction: 'sendonly', streams: [camera] }));
    let publisher = await connect('publish', publish);
    const viewer = await connect('watch', async c => {
      c.addTransceiver('video', { direction: 'recvonly' }); c.addTransceiver('audio', { direction: 'recvonly' });
      c.ontrack = e => { const v = document.createElement('video'); v.muted = true; v.autoplay = true; v.srcObject = e.streams[0] || new MediaStream([e.track]); document.body.append(v); };
    });
    const inbound = async () => { const all = {}; (await viewer.getStats()).forEach(s => { if (s.type === 'inbound-rtp') all[s.kind] = { frames: s.framesDecoded, packets: s.packetsReceived, lost: s.packetsLost, freezes: s.freezeCount, nacks: s.nackCount, plis: s.pliCount, energy: s.totalAudioEnergy, jitter: s.jitter }; }); return all; };
    const first = performance.now();
    while (!((await inbound()).video?.frames > 0) && performance.now() - first < 15000) await new Promise(r => setTimeout(r, 20));
    const firstFrame = Math.round(performance.now() - first);
    await new Promise(r => setTimeout(r, seconds * 1000));
    let again;
    if (comeback) { // the publisher leaves and comes back under its name; the viewer stays
      const before = (await inbound()).video.frames;
      publisher.close();
      await new Promise(r => setTimeout(r, 1000));
      publisher = await connect('publish', publish);
      const start = performance.now(), gone = (await inbound()).video.frames;
      while ((await inbound()).video.frames < gone + 5 && performance.now() - start < 10000) await new Promise(r => setTimeout(r, 20));
      again = { before, gone, took: Math.round(performance.now() - start), publisher: publisher.connectionState };
      await new Promise(r => setTimeout(r, 2000));
    }
    const out = {}; (await publisher.getStats()).forEach(s => { if (s.type === 'outbound-rtp') out[s.kind] = { packets: s.packetsSent, pli: s.pliCount, nack: s.nackCount, rate: s.targetBitrate }; if (s.type === 'transport') out.transport = { srtp: s.srtpCipher, dtls: s.dtlsCipher, version: s.tlsVersion }; if (s.type === 'candidate-pair' && s.nominated) out.available = s.availableOutgoingBitrate; });
    return { publisher: publisher.connectionState, publisher_ms: publisher.took, viewer: viewer.connectionState, viewer_ms: viewer.took, first_frame_ms: firstFrame, again, inbound: await inbound(), outbound: out };
  }, [Number(process.argv[3]), process.argv[4] === 'comeback']);
  say({ result });
  await browser.close();
  process.exit(0);
})().catch(e => { process.stderr.write(e.message.split('\n')[0] + '\n'); process.exit(1); });
