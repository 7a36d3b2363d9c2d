// SPDX-License-Identifier: BSD-3-Clause
// What the page makes of an answer: page_test.mjs SESSION.JS
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

// A module, though its name says nothing of it.
const text = readFileSync(process.argv[2], 'utf8');
const { alternates, nodeIsGone } = await import(`data:text/javascript,${encodeURIComponent(text)}`);

const link = '<https://b.example:8443/whip/cam>; rel="alternate", <http://c.example/whip/cam>; rel="alternate", ' +
  '</whip/cam>; rel="alternate", <turn:d.example>; rel="ice-server"';
const answer = { url: 'https://a.example/whip/cam', headers: new Headers({ Link: link }) };

assert.deepEqual(alternates(answer, 'https:'), ['https://b.example:8443', 'https://a.example']);
assert.deepEqual(alternates(answer, 'http:'), ['http://c.example']);
assert.deepEqual(alternates({ url: answer.url, headers: new Headers() }, 'https:'), []);

assert.ok(nodeIsGone(null));
for (const [status, gone] of [[200, false], [401, false], [404, false], [500, false], [502, true], [503, false], [504, true]])
  assert.equal(nodeIsGone({ status }), gone, `${status}`);
