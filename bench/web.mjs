// The web app with a snapshot of 1 TiB in Debian's Chromium: the first picture, all of it, what a change of
// policy takes, and what a tab takes. Without Chromium there is nothing to measure.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { record } from './recorded.mjs';

const RANGES = 2 ** 19;
const CHANGES = ['none=511', 'none=100', 'none=0&always=4,9', 'none=0&always=2-9'];
const FRAME_MS = 1000 / 60;

export async function measureWeb() {
  const executablePath = chromiumPath();
  if (!executablePath) return [];
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-bench-'));
  const browser = await chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const path = join(folder, '1TiB.parquet');
    await record(path, 'plain', RANGES);
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(
      `${pathToFileURL(resolve('dist/web/thpscope.html')).href}#start?always=2-9&madvise=none&none=0`,
    );
    await page.waitForSelector('input[type=file]', { state: 'attached' });

    const start = performance.now();
    await page.setInputFiles('input[type=file]', path);
    await page.waitForFunction(() => performance.getEntriesByName('thpscope frame').length > 0);
    const first = performance.now() - start;
    await page.waitForFunction(() => document.querySelector('[role=status]')?.textContent === '');
    const all = performance.now() - start;
    await page.waitForTimeout(2000);

    const totals = [];
    const maps = [];
    const frames = [];
    for (let round = 0; round < 3; round++) {
      for (const change of CHANGES) {
        const [totalsMs, mapMs, frameMs] = await timesOf(page, change);
        totals.push(totalsMs);
        maps.push(mapMs + frameMs);
        frames.push(frameMs);
      }
    }
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const memory = Math.max(
      ...processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => resident(id)),
    );
    const file = `${Math.round(statSync(path).size / 2 ** 20)} MiB file`;
    return [
      row('web: first picture of 1 TiB : 2 s', first, 2000, 1, file),
      row('  all of it read and drawn : 2 s', all, 2000),
      row('  policy change to totals, slowest of 12 : a frame', Math.max(...totals), FRAME_MS, 1),
      row('  policy change to the new map, slowest of 12 : 100 ms', Math.max(...maps), 100, 1),
      row('  drawing a frame, slowest of 12 : a frame', Math.max(...frames), FRAME_MS),
      { ...row('  memory of the tab : of the file', memory, statSync(path).size / 2 ** 20), unit: 'MiB' },
    ];
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
}

const row = (name, time, base, aim, note) => ({ name, time, base, ratio: time / base, aim, note });

/**
 * Changes the policy as a link does; how long until totals, until all ranges are judged, and what drawing
 * them took.
 */
async function timesOf(page, change) {
  await page.evaluate((change) => {
    for (const name of ['frame', 'totals', 'judgement']) performance.clearMeasures(`thpscope ${name}`);
    const [view, query] = location.hash.split('?');
    const params = new URLSearchParams(query);
    for (const [key, value] of new URLSearchParams(change)) params.set(key, value);
    location.hash = `${view}?${params}`;
  }, change);
  await page.waitForFunction(() => performance.getEntriesByName('thpscope judgement').length > 0);
  await page.waitForTimeout(300);
  return page.evaluate(() =>
    ['totals', 'judgement', 'frame'].map(
      (name) => performance.getEntriesByName(`thpscope ${name}`).at(-1).duration,
    ),
  );
}

/** Anonymous memory of a process in MiB. */
function resident(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

function chromiumPath() {
  try {
    return execFileSync('sh', ['-c', 'command -v chromium || command -v chromium-browser'], {
      encoding: 'utf8',
    }).trim();
  } catch {
    return undefined;
  }
}
