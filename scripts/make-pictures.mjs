// Makes the pictures of the docs with thpscope itself: `node scripts/make-pictures.mjs [NAME...]`, after a
// build, with Chromium (scripts/install-chromium.sh). The same build and Chromium make the same pictures, but
// for a pixel at times.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const FOLDER = 'docs/pictures';
const APP = 'dist/web/thpscope.html';
const REDIS = 'examples/redis.parquet';
const MOST_BYTES = 200_000;
/** Half seconds without a change after which a page is at rest. */
const STILL = 6;
const MEMORY = 'source=example:redis&always=2-9&madvise=none&none=0&kernel=linux-7.2';

/** Screenshots of the app at a link, 1280 x 800 unless said otherwise. */
const VIEWS = [
  { name: 'map', link: `#map?${MEMORY}` },
  { name: 'map-dark', link: `#map?${MEMORY}`, scheme: 'dark' },
  { name: 'tradeoff', link: `#tradeoff?${MEMORY}` },
  { name: 'changes', link: '#changes?before=example:before&source=example:after' },
  { name: 'steps', link: '#steps?present=4-7,12-27&orders=2-8&limit=0&step=12' },
  { name: 'page-faults', link: '#steps?history=w3+w37+w261&orders=2-9&vma=3-1024&step=3' },
  { name: 'timeline', link: '#timeline?scenario=go-heap' },
];

/** Parts of a report: the element that a selector finds, with space around it. */
const REPORT_WORDS = [REDIS, '--policy', 'default'];
const REPORT_PARTS = [
  { name: 'report-answer', selector: 'main', height: 550 },
  { name: 'report-sizes', selector: 'section:has(> h2:text-is("Memory by size"))' },
  { name: 'report-tradeoff', selector: '.chart' },
  { name: 'report-map', selector: '.panels >> nth=0' },
];

/** Pictures that explain draws. */
const EXPLAINED = [
  {
    name: 'explain',
    words: ['--pattern', '4-7,12-27', '--orders', '2-8', '--max-ptes-none', '0'],
  },
];

const asked = process.argv.slice(2);
const wanted = ({ name }) => asked.length === 0 || asked.includes(name);
const all = [...VIEWS, ...REPORT_PARTS, ...EXPLAINED].map(({ name }) => name);
const unknown = asked.find((name) => !all.includes(name));
if (unknown !== undefined) stop(`${unknown}: no such picture; there are ${all.join(', ')}`);
if (!existsSync(APP)) stop('the app is not built: run `npm run build`');
mkdirSync(FOLDER, { recursive: true });

const browser = await chromium.launch({
  executablePath: chromiumPath(),
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--force-color-profile=srgb',
    '--font-render-hinting=none',
  ],
});
try {
  for (const view of VIEWS.filter(wanted)) await takeView(view);
  if (REPORT_PARTS.some(wanted)) await takeReport();
} finally {
  await browser.close();
}
for (const each of EXPLAINED.filter(wanted)) explain(each);

async function takeView({ name, link, scheme = 'light', width = 1280, height = 800 }) {
  const page = await openPage(pathToFileURL(resolve(APP)).href + link, { scheme, width, height });
  const picture = await stillPicture(() => page.screenshot({ animations: 'disabled' }));
  write(`${name}.png`, await smaller(picture));
  await page.close();
}

async function takeReport() {
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-pictures-'));
  try {
    const file = join(folder, 'report.html');
    thpscope(['report', ...REPORT_WORDS, '-o', file]);
    const page = await openPage(pathToFileURL(file).href, { scheme: 'light', width: 1040, height: 800 });
    for (const { name, selector, height } of REPORT_PARTS.filter(wanted)) {
      const box = await page.locator(selector).first().boundingBox();
      const space = 12;
      const clip = {
        x: Math.max(0, box.x - space),
        y: Math.max(0, box.y - space),
        width: box.width + 2 * space,
        height: height ?? box.height + 2 * space,
      };
      write(`${name}.png`, await smaller(await page.screenshot({ clip, fullPage: true })));
    }
    await page.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function explain({ name, words }) {
  if (!thpscope(['explain', '--help']).includes('--format')) {
    console.error(`${name}.svg: this build's explain has no --format`);
    return;
  }
  write(`${name}.svg`, Buffer.from(thpscope(['explain', ...words, '--format', 'svg'])));
}

async function openPage(address, { scheme, width, height }) {
  const page = await browser.newPage({
    viewport: { width, height },
    deviceScaleFactor: 1,
    colorScheme: scheme,
    reducedMotion: 'reduce',
  });
  page.on('pageerror', ({ message }) => stop(`${address}: ${message}`));
  await page.goto(address);
  return page;
}

/** A picture of a page that has come to rest: it has looked the same for some seconds. */
async function stillPicture(take) {
  let last = await take();
  for (let tries = 0, same = 0; tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const next = await take();
    same = next.equals(last) ? same + 1 : 0;
    if (same === STILL) return next;
    last = next;
  }
  return stop('the page does not come to rest');
}

/**
 * The same picture in half the bytes, for Chromium packs screenshots in a hurry: at most 256 colours, packed
 * hard.
 */
function smaller(png) {
  return sharp(png).png({ palette: true, dither: 0, effort: 10, compressionLevel: 9 }).toBuffer();
}

function write(file, bytes) {
  const path = `${FOLDER}/${file}`;
  if (bytes.length > MOST_BYTES)
    stop(`${path}: ${bytes.length} bytes are too many for a picture of the docs`);
  const same = existsSync(path) && readFileSync(path).equals(bytes);
  if (!same) writeFileSync(path, bytes);
  console.log(`${path}: ${statSync(path).size} bytes${same ? ', as before' : ''}`);
}

function thpscope(words) {
  return execFileSync(process.execPath, ['dist/cli/main.js', ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function chromiumPath() {
  const found = process.env.PATH.split(delimiter)
    .flatMap((folder) => [join(folder, 'chromium'), join(folder, 'chromium-browser')])
    .find(existsSync);
  return found ?? stop('there is no Chromium: scripts/install-chromium.sh installs it');
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
