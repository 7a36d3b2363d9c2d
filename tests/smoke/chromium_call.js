// SPDX-License-Identifier: BSD-3-Clause
// Two peer connections of one page, each with a relayed candidate alone: video and messages through the TURN server.
// usage: node chromium_call.js SERVER|URL [PLAYWRIGHT-CORE]
const { chromium } = require(process.argv[3] || 'playwright-core');
const server = process.argv[2].startsWith('turn') ? process.argv[2] : `turn:${process.argv[2]}?transport=udp`;
(async () => {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: ['--no-sandbox','--disable-gpu','--disable-quic','--disable-background-networking','--disable-component-update','--disable-sync','--ignore-certificate-errors','--use-fake-device-for-media-stream','--use-fake-ui-for-media-stream'] });
  const page = await browser.newPage();
  await page.goto('data:text/html,<html></html>');
  const result = await page.evaluate(async (server) => {
    const config = { iceServers: [{ urls: server, username: 'demo', credential: 'demo' }], iceTransportPolicy: 'relay' };
    const a = new RTCPeerConnection(config), b = new RTCPeerConnection(config);
    a.onicecandidate = e => e.candidate && b.addIceCandidate(e.candidate);
    b.onicecandidate = e => e.candidate && a.addIceCandidate(e.candidate);
    const canvas = document.createElement('canvas'); canvas.width = 320; canvas.height = 240;
    const ctx = canvas.getContext('2d'); let n = 0; setInterval(() => { ctx.fillStyle = `hsl(${n++ * 7},80%,50%)`; ctx.fillRect(0, 0, 320, 240); }, 40);
    const stream = canvas.captureStream(25);
    stream.getTracks().forEach(t => a.addTrack(t, stream));
    const dc = a.createDataChannel('x'); let got = 0;
    b.ondatachannel = e => { e.channel.onmessage = () => got++; };
    b.ontrack = e => { const v = document.createElement('video'); v.muted = true; v.srcObject = e.streams[0]; v.play(); };
    await a.setLocalDescription(await a.createOffer()); await b.setRemoteDescription(a.localDescription);
    await b.setLocalDescription(await b.createAnswer()); await a.setRemoteDescription(b.localDescription);
    const t0 = performance.now();
    while (dc.readyState !== 'open' && performance.now() - t0 < 15000) await new Promise(r => setTimeout(r, 50));
    const connected = performance.now() - t0;
    for (let i = 0; i < 200; i++) { dc.send('m' + i); await new Promise(r => setTimeout(r, 20)); }
    await new Promise(r => setTimeout(r, 4000));
    let video = {}, pair = {};
    (await b.getStats()).forEach(s => { if (s.type === 'inbound-rtp') video = { frames: s.framesDecoded, lost: s.packetsLost, packets: s.packetsReceived }; if (s.type === 'candidate-pair' && s.nominated) pair = { state: s.state, rtt: s.currentRoundTripTime }; });
    return { connection: a.connectionState, connected_ms: Math.round(connected), messages: got, video, pair };
  }, server);
  console.log(JSON.stringify(result));
  await browser.close();
})().catch(e => { console.error(e.message.split('\n')[0]); process.exit(1); });
