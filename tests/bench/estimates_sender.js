// SPDX-License-Identifier: BSD-3-Clause
// A browser publishes a film by WHIP over a link that changes, and says five times a second what it believes of the link.
// usage: node estimates_sender.js SERVER FILM.y4m MAX-KBPS STEPS LAB [PLAYWRIGHT-CORE]
// STEPS: "SECOND link settings; SECOND link settings; ...; SECOND end"; LAB: the path of tools/lab. A line of JSON for each look.
const { execFileSync } = require('child_process');
const [server, film, max, text, lab, library] = process.argv.slice(2);
const { chromium } = require(library || 'playwright-core');
const site = `http://${server}:8080`;

const steps = text.split(';').map(step => {
  const [at, ...words] = step.trim().split(/\s+/);
  return { at: Number(at), words };
});

// In the page: an offer of one video of at most so many kbit/s, and the answer to it.
async function publish({ site, max }) {
  const media = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 360, frameRate: 30 } });
  const pc = window.pc = new RTCPeerConnection();
  const transceiver = pc.addTransceiver(media.getVideoTracks()[0], { direction: 'sendonly', sendEncodings: [{ maxBitrate: max * 1000 }] });
  const codecs = RTCRtpSender.getCapabilities('video').codecs;
  transceiver.setCodecPreferences(codecs.filter(codec => /VP8|rtx/.test(codec.mimeType)));
  await pc.setLocalDescription();
  const response = await fetch(`${site}/whip/estimates`, { method: 'POST', body: pc.localDescription.sdp,
    headers: { 'Content-Type': 'application/sdp', Authorization: 'Bearer lab' } });
  if (response.status !== 201)
    throw new Error(`${response.status} ${await response.text()}`);
  window.resource = new URL(response.headers.get('Location'), site).href;
  await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
}

async function look() {
  const seen = {};
  for (const row of (await pc.getStats()).values()) {
    if (row.type === 'candidate-pair' && row.nominated) {
      seen.available_kbps = Math.round(row.availableOutgoingBitrate / 1000);
      seen.rtt_ms = Math.round(row.currentRoundTripTime * 1000);
    } else if (row.type === 'outbound-rtp') {
      seen.bytes = row.bytesSent + row.headerBytesSent;
      seen.target_kbps = Math.round(row.targetBitrate / 1000);
      seen.frames = row.framesSent;
    }
  }
  return seen;
}

(async () => {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: ['--no-sandbox', '--disable-gpu',
    '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${film}`, `--unsafely-treat-insecure-origin-as-secure=${site}`] });
  const page = await browser.newPage();
  await page.route('**/bench', route => route.fulfill({ contentType: 'text/html', body: '<html></html>' }));
  await page.goto(`${site}/bench`);
  await page.evaluate(publish, { site, max: Number(max) });
  await page.waitForFunction(() => pc.connectionState === 'connected', null, { timeout: 20000 });
  const begun = Date.now();
  let last, ended = false;
  while (!ended) {
    const second = (Date.now() - begun) / 1000;
    while (steps.length > 0 && second >= steps[0].at) {
      const { words } = steps.shift();
      if (words[0] === 'end')
        ended = true;
      else
        execFileSync(lab, words);
      console.log(JSON.stringify({ second, step: words.join(' ') }));
    }
    const seen = { second, ...await page.evaluate(look) };
    if (last)
      seen.sent_kbps = Math.round((seen.bytes - last.bytes) * 8 / 1000 / (seen.second - last.second));
    last = seen;
    console.log(JSON.stringify(seen));
    await new Promise(resolve => setTimeout(resolve, 200));
  }
  await page.evaluate(() => fetch(window.resource, { method: 'DELETE', headers: { Authorization: 'Bearer lab' } }));
  await browser.close();
})().catch(error => { console.error(error.message.split('\n')[0]); process.exit(1); });
