// SPDX-License-Identifier: BSD-3-Clause
// Small graphs of the last two minutes, one for each number.

const POINTS = 120;

const NUMBERS = [
  ['bitrate', 'kbit/s', (now, before) => (8 * (now.bytes - before.bytes)) / 1000],
  ['video frames', '/s', (now, before) => now.frames - before.frames],
  ['size', 'p', (now) => now.height],
  ['round trip', 'ms', (now) => 1000 * now.rtt],
  ['packets lost', '/s', (now, before) => now.lost - before.lost],
];

function figure(parent, name) {
  const element = document.createElement('figure');
  const caption = document.createElement('figcaption'), value = document.createElement('b'), canvas = document.createElement('canvas');
  caption.append(name, value);
  element.append(caption, canvas);
  parent.append(element);
  return { canvas, value, points: [] };
}

function draw({ canvas, points }) {
  const scale = devicePixelRatio || 1, width = (canvas.width = canvas.clientWidth * scale), height = (canvas.height = canvas.clientHeight * scale);
  const most = Math.max(1, ...points), context = canvas.getContext('2d');
  context.strokeStyle = getComputedStyle(canvas).getPropertyValue('--line') || '#2a78d6';
  context.lineWidth = 2 * scale;
  context.lineJoin = 'round';
  context.beginPath();
  points.forEach((point, index) => {
    const x = width * (1 - (points.length - 1 - index) / (POINTS - 1)), y = height - (point / most) * (height - 4 * scale) - 2 * scale;
    context[index ? 'lineTo' : 'moveTo'](x, y);
  });
  context.stroke();
}

export function graphs(parent) {
  parent.replaceChildren();
  const shown = NUMBERS.map(([name]) => figure(parent, name));
  let before = null;
  return {
    add(now) {
      if (before)
        NUMBERS.forEach(([, unit, read], index) => {
          const one = shown[index], number = Math.max(0, read(now, before));
          one.points.push(number);
          one.points.splice(0, one.points.length - POINTS);
          one.value.textContent = `${Math.round(number)} ${unit}`;
          draw(one);
        });
      before = now;
    },
  };
}
