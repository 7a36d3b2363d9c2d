// SPDX-License-Identifier: BSD-3-Clause
// A call of two peer connections of one page, each with a relayed candidate alone, until it is ended.
// usage: node chromium_death.js SERVER [PLAYWRIGHT-CORE]; prints the frames that were decoded so far, and the connection's state, a line each 100 ms
const { chromium } = require(process.argv[3] || 'playwright-core');
const server = `turn:${process.argv[2]}?transport=udp`;
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

async function call(server) {
  const config = { iceServers: [{ urls: server, username: 'demo', credential: 'demo' }], iceTransportPolicy: 'relay' };
  const a = new RTCPeerConnection(config), b = new RTCPeerConnection(config);
  a.onicecandidate = e => e.candidate && b.addIceCandidate(e.candidate);
  b.onicecandidate = e => e.candidate && a.addIceCandidate(e.candidate);
  const canvas = document.createElement('canvas');
  canvas.width = 320;
  canvas.height = 240;
  const context = canvas.getContext('2d');
  let n = 0;
  setInterval(() => { context.fillStyle = `hsl(${n++ * 7},80%,50%)`; context.fillRect(0, 0, 320, 240); }, 40);
  const stream = canvas.captureStream(25);
  stream.getTracks().forEach(track => a.addTrack(track, stream));
  b.ontrack = e => { const video = document.createElement('video'); video.muted = true; video.srcObject = e.streams[0]; video.play(); };
  await a.setLocalDescription(await a.createOffer());
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription(await b.createAnswer());
  await a.setRemoteDescription(b.localDescription);
  window.look = async () => {
    let frames = 0;
    (await b.getStats()).forEach(s => { if (s.type === 'inbound-rtp') frames = s.framesDecoded || 0; });
    return `${frames} ${a.connectionState}`;
  };
}

(async () => {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args });
  const page = await browser.newPage();
  await page.goto('data:text/html,<html></html>');
  await page.evaluate(call, server);
  process.on('SIGTERM', async () => { await browser.close(); process.exit(0); });
  for (;;) {
    console.log(await page.evaluate(() => window.look()));
    await new Promise(resolve => setTimeout(resolve, 100));
  }
})().catch(e => { console.error(e.message.split('\n')[0]); process.exit(1); });
