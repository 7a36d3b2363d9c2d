// SPDX-License-Identifier: BSD-3-Clause
// Expressions for tools/lib/browser.js, one a line of its own: usage: node clients_under_flood.js NAME [ARGUMENT]

const server = `{ urls: 'turn:198.18.1.1:3478?transport=udp', username: 'demo', credential: 'demo' }`;
const config = `{ iceServers: [${server}], iceTransportPolicy: 'relay' }`;

// COUNT connections that begin at once: [how many have a relayed address, after how many seconds the last]
const allocate = (count) => `(async () => {
  const one = async () => {
    const begin = performance.now(), connection = new RTCPeerConnection(${config});
    const relayed = new Promise((done) => {
      connection.onicecandidate = (event) => event.candidate && / typ relay /.test(event.candidate.candidate) && done(performance.now() - begin);
      setTimeout(() => done(null), 20000);
    });
    connection.createDataChannel('x');
    await connection.setLocalDescription(await connection.createOffer());
    const waited = await relayed;
    return { waited, close: () => connection.close() };
  };
  const all = await Promise.all(Array.from({ length: ${count} }, one));
  all.forEach((each) => each.close());
  const waited = all.map((each) => each.waited).filter((ms) => ms !== null);
  return [waited.length, waited.length ? Math.round(Math.max(...waited) / 10) / 100 : '-'];
})()`;

// Two connections of the page, each with a relayed address alone, and messages between them, none of which is sent again: one each 20 ms
const call = () => `(async () => {
  const a = new RTCPeerConnection(${config}), b = new RTCPeerConnection(${config});
  const call = window.call = { a, b, sent: 0, got: 0 };
  a.onicecandidate = (event) => event.candidate && b.addIceCandidate(event.candidate);
  b.onicecandidate = (event) => event.candidate && a.addIceCandidate(event.candidate);
  b.ondatachannel = (event) => { event.channel.onmessage = () => call.got++; };
  const channel = a.createDataChannel('x', { ordered: false, maxRetransmits: 0 });
  const open = new Promise((done) => { channel.onopen = done; setTimeout(done, 15000); });
  await a.setLocalDescription(await a.createOffer()); await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription(await b.createAnswer()); await a.setRemoteDescription(b.localDescription);
  await open;
  call.timer = setInterval(() => { channel.send('m' + call.sent); call.sent++; }, 20);
  return channel.readyState;
})()`;

// [messages, those that did not arrive]
const hangUp = () => `(async () => {
  const call = window.call;
  clearInterval(call.timer);
  await new Promise((done) => setTimeout(done, 1000));
  call.a.close(); call.b.close();
  return [call.sent, call.sent - call.got];
})()`;

const line = { allocate, call, hangUp }[process.argv[2]](process.argv[3]);
console.log(line.replace(/\s*\n\s*/g, ' '));
