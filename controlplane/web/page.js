// SPDX-License-Identifier: BSD-3-Clause
// Publishes or watches a stream by WHIP (RFC 9725) or WHEP, and draws what the browser counts. `sluice` is the page's own interface:
// sluice.start({ role: 'publish', stream, token, source }), sluice.stop(), sluice.stats().
import { connect } from './session.js';
import { graphs } from './graphs.js';

const $ = (id) => document.getElementById(id);
let session = null;
let timer = 0;

function tone() {
  const audio = new AudioContext();
  const oscillator = audio.createOscillator(), gain = audio.createGain(), out = audio.createMediaStreamDestination();
  gain.gain.value = 0.05;
  oscillator.connect(gain).connect(out);
  oscillator.start();
  return out.stream.getAudioTracks()[0];
}

function picture(width, height) {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const draw = canvas.getContext('2d');
  let n = 0;
  const paint = () => {
    draw.setTransform(width / 1280, 0, 0, height / 720, 0, 0);
    draw.fillStyle = `hsl(${n++ % 360}, 60%, 40%)`;
    draw.fillRect(0, 0, 1280, 720);
    draw.fillStyle = '#fff';
    draw.font = '120px monospace';
    draw.fillText(new Date().toISOString().slice(11, 23), 240, 400);
    draw.fillRect((n * 8) % 1280, 560, 80, 80);
  };
  const track = canvas.captureStream(30).getVideoTracks()[0];
  const timer = setInterval(() => (track.readyState === 'live' ? paint() : clearInterval(timer)), 33);
  paint();
  return track;
}

async function source({ source: kind = 'canvas', width = 1280, height = 720 }) {
  if (kind === 'canvas')
    return new MediaStream([tone(), picture(width, height)]);
  if (!navigator.mediaDevices)
    throw new Error('this browser gives no camera to a page on plain http: use https (http tls), localhost, or the test picture');
  if (kind === 'screen')
    return navigator.mediaDevices.getDisplayMedia({ audio: true, video: true });
  return navigator.mediaDevices.getUserMedia({ audio: true, video: { width, height } });
}

async function start(options) {
  await stop();
  $('said').textContent = '';
  const media = options.role === 'publish' ? await source(options) : null;
  if (media)
    $('video').srcObject = media;
  try {
    session = await connect({
      ...options,
      media,
      onstate: (text) => { $('state').textContent = text; },
      ontrack: (stream) => { if ($('video').srcObject !== stream) $('video').srcObject = stream; },
    });
  } catch (error) { // the camera goes off
    if (media)
      media.getTracks().forEach((track) => track.stop());
    $('video').srcObject = null;
    throw error;
  }
  $('stop').disabled = false;
  const view = graphs($('graphs'), options.role);
  timer = setInterval(async () => { if (session) view.add(await session.stats()); }, 1000);
  return session.resource;
}

async function stop() {
  clearInterval(timer);
  const ending = session;
  session = null;
  $('stop').disabled = true;
  if (!ending)
    return;
  await ending.stop();
  $('video').srcObject = null;
  $('state').textContent = 'not connected';
}

$('form').addEventListener('submit', (event) => {
  event.preventDefault();
  start({
    role: event.submitter.value,
    stream: $('stream').value,
    token: $('token').value,
    source: $('source').value,
    codec: $('codec').value,
    simulcast: $('simulcast').checked,
  }).catch((error) => { $('said').textContent = error.message; });
});
$('stop').addEventListener('click', () => stop());
addEventListener('pagehide', () => { if (session) session.leave(); });

window.sluice = { start, stop, stats: () => (session ? session.stats() : null), report: () => session.report(), session: () => session };
