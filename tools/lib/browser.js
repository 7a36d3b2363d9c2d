// SPDX-License-Identifier: BSD-3-Clause
// A browser with sluice's page in it, driven by lines on stdin: each is JavaScript, an expression that may wait, and its value is
// printed as one line of JSON. An error is printed as {"error": ...}. "screenshot FILE" writes a picture of the page.
// usage: node browser.js chromium|firefox URL MODULES
const [kind, url, modules] = process.argv.slice(2);

const chromiumFlags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required',
  '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding', '--disable-features=WebRtcHideLocalIpsWithMdns',
  `--unsafely-treat-insecure-origin-as-secure=${new URL(url).origin}`, '--ignore-certificate-errors',
  ...(process.env.BROWSER_FILM ? [`--use-file-for-fake-video-capture=${process.env.BROWSER_FILM}`] : [])];

async function chromium() {
  const { chromium: driver } = require(`${modules}/playwright-core`);
  const browser = await driver.launch({ executablePath: '/usr/bin/chromium', headless: true, args: chromiumFlags });
  return { browser, page: await browser.newPage({ ignoreHTTPSErrors: true }) };
}

async function firefox() {
  const driver = require(`${modules}/puppeteer-core`);
  const browser = await driver.launch({
    browser: 'firefox', executablePath: '/usr/bin/firefox-esr', headless: true, acceptInsecureCerts: true,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true, 'media.autoplay.default': 0,
      'media.devices.insecure.enabled': true, 'media.getusermedia.insecure.enabled': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
    },
  });
  return { browser, page: await browser.newPage() };
}

async function act(page, line) {
  const picture = line.match(/^screenshot (.*)/);
  if (!picture)
    return page.evaluate(`(async () => (${line}))()`);
  await page.screenshot({ path: picture[1], fullPage: true });
  return null;
}

(async () => {
  const { browser, page } = await (kind === 'firefox' ? firefox() : chromium());
  await page.goto(url);
  console.log('{"ready":true}');
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    const value = await act(page, line).catch((error) => ({ error: String(error.message).split('\n')[0] }));
    console.log(JSON.stringify(value === undefined ? null : value));
  }
  await browser.close();
})().catch((error) => { console.log(JSON.stringify({ error: String(error.message).split('\n')[0] })); process.exit(1); });
