// The web app with snapshots of four kinds of memory in Debian's Chromium: the first picture, all of it, what
// a change of policy takes, and what a tab takes. Without Chromium there is nothing to measure.
// THPSCOPE_SIZES lists sizes in GiB, THPSCOPE_KINDS kinds of memory.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { RECORDED_KINDS, record } from './recorded.mjs';

const RANGES_PER_GIB = 512;
/** After this nobody waits for a picture. */
const LIMIT_MS = 300_000;
const CHANGES = ['none=511', 'none=100', 'none=0&always=4,9', 'none=0&always=2-9'];
const FRAME_MS = 1000 / 60;

const listed = (name, all) => process.env[name]?.split(',') ?? all;

export async function measureWeb() {
  const executablePath = chromiumPath();
  if (!executablePath) return [];
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-bench-'));
  const rows = [];
  try {
    for (const kind of listed('THPSCOPE_KINDS', RECORDED_KINDS))
      for (const gib of listed('THPSCOPE_SIZES', ['1024']).map(Number)) {
        const path = join(folder, 'memory.parquet');
        await record(path, kind, gib * RANGES_PER_GIB);
        rows.push(...(await measureMemory(executablePath, path, `${gib} GiB, ${kind}`)));
      }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return rows;
}

async function measureMemory(executablePath, path, name) {
  const browser = await chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(LIMIT_MS);
    await page.goto(
      `${pathToFileURL(resolve('dist/web/thpscope.html')).href}#start?always=2-9&madvise=none&none=0`,
    );
    await page.waitForSelector('input[type=file]', { state: 'attached' });

    const start = performance.now();
    await page.setInputFiles('input[type=file]', path);
    await page.waitForFunction(() => performance.getEntriesByName('thpscope frame').length > 0);
    const first = performance.now() - start;
    await page.waitForFunction(() => document.querySelector('[role=status]')?.textContent === '');
    await page.waitForSelector('.policy-processes:not([aria-busy=true])');
    const all = performance.now() - start;
    await page.waitForTimeout(2000);

    const totals = [];
    const maps = [];
    const frames = [];
    for (let round = 0; round < 3; round++) {
      for (const change of CHANGES) {
        const [totalsMs, mapMs, frameMs] = await timesOf(page, change);
        totals.push(totalsMs);
        maps.push(mapMs);
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
      row(`web: first picture of ${name} : 2 s`, first, 2000, 1, file),
      row('  all of it read, judged and drawn : 5 s', all, 5000, 1),
      row('  policy change to totals, slowest of 12 : a frame', Math.max(...totals), FRAME_MS, 1),
      row('  policy change to the new map, slowest of 12 : 100 ms', Math.max(...maps), 100, 1),
      row('  drawing a frame, slowest of 12 : a frame', Math.max(...frames), FRAME_MS),
      { ...row('  memory of the tab : of the file', memory, statSync(path).size / 2 ** 20), unit: 'MiB' },
    ];
  } finally {
    await browser.close();
  }
}

const row = (name, time, base, aim, note) => ({ name, time, base, ratio: time / base, aim, note });

/**
 * Changes the policy as a link does; how long until totals, until all ranges are judged and drawn, and what
 * drawing them took.
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
