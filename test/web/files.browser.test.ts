import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import type { Host, MemoryItem } from '../../src/core/rules/memory-source.ts';
import { defaultShmemSettings } from '../../src/core/rules/shmem-settings.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { BUFFERS, PAGES, RANGE, TABLE } from '../analysis/cache/cached-memory.ts';
import { cacheItem, mappingItem } from '../analysis/cache/items.ts';
import { processItem, rangesItem, vmaItem } from '../analysis/streams.ts';
import { CHROMIUM, launchBrowser } from '../support/browser.ts';
import { rangeOf, valueOf } from '../support/ranges.ts';
import { goTo, openApp } from './app-page.ts';
import { faultsOf } from './axe.ts';

const HOST: Host = {
  name: 'db',
  bootId: '00000000-0000-0000-0000-000000000000',
  kernelRelease: '7.3.0',
  time: '2026-01-01T00:00:00.000Z',
  geometry: x86_64,
  settings: defaultSettings(x86_64),
  shmem: defaultShmemSettings(x86_64),
};

async function* items(): AsyncGenerator<MemoryItem> {
  for (const pid of [7, 8]) {
    yield processItem(pid, { command: 'postgres' });
    yield vmaItem({ end: 4 * RANGE });
    yield rangesItem(rangeOf({ present: '0-99' }));
    yield mappingItem(BUFFERS);
    yield mappingItem(TABLE, { start: 16 * RANGE, end: 20 * RANGE });
  }
  yield { kind: 'file', file: BUFFERS };
  yield cacheItem([300, PAGES]);
  yield { kind: 'file', file: TABLE };
  yield cacheItem([PAGES]);
}

describe.skipIf(!CHROMIUM)('shared memory and files', () => {
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];
  let folder: string;
  beforeAll(async () => {
    browser = await launchBrowser();
    ({ page, complaints } = await openApp(browser, '#start'));
    folder = await mkdtemp(join(tmpdir(), 'thpscope-files-'));
    const path = join(folder, 'db.parquet');
    valueOf(await writeSnapshot(path, { host: HOST, items }));
    await page.setInputFiles('input[type=file]', path);
    await page.waitForSelector('.map-canvas');
    await page.locator('label', { hasText: 'Files' }).click();
    await page.waitForSelector('table >> text="/data/<table>"');
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });
  afterEach(() => expect(complaints).toEqual([]));

  const panel = () => page.locator('.policy-cache').innerText();
  const row = (caption: string, name: string) =>
    page.locator(`.sortable[aria-label="${caption}"] tbody tr`, { hasText: name }).innerText();
  const KINDS = 'Kinds of shared memory and files';
  const FILES = 'Files under this policy';

  test('each kind is there with what governs it, and each file with who maps it', async () => {
    expect(await row(KINDS, 'shared anonymous')).toMatch(
      /3\.17M\s+0B\s+0B\s+\+0B\s+0B\s+0 of 2\s+hugepages-2048kB\/shmem_enabled inherit, shmem_enabled never/,
    );
    expect(await row(KINDS, 'files on disks')).toMatch(/2M\s+0B\s+2M\s+\+0B\s+2M\s+1 of 1\s+enabled always/);
    expect(await row(FILES, '/dev/zero')).toMatch(
      /postgres \(7\), postgres \(8\)\s+the settings that govern it do not allow/,
    );
    expect(await panel()).toMatch(/page cache\s+\+0B of 5\.17M.*huge pages\s+0B → 2M.*RSS falls\s+2M/s);
  });

  test('shmem_enabled is a policy: it moves shared memory alone, is in the link, and is undone', async () => {
    const anonymous = await page.locator('.policy-outcome dl').first().innerText();
    await page.selectOption('#cache-shmem', 'always');
    await expect.poll(() => row(KINDS, 'shared anonymous')).toMatch(/0B\s+3\.17M\s+\+848K\s+3\.17M\s+2 of 2/);
    await expect.poll(panel).toMatch(/\+848K of 5\.17M/);
    expect(await panel()).toContain('echo always > shmem_enabled');
    expect(await page.locator('.policy-outcome dl').first().innerText()).toBe(anonymous);
    expect(await page.evaluate(() => location.hash)).toContain('shmem=always');
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(panel).toMatch(/\+0B of 5\.17M/);
    await page.fill('#max_ptes_none', '0');
    await page.press('#max_ptes_none', 'Enter');
    await page.selectOption('#cache-shmem-size', 'always');
    await expect.poll(() => row(FILES, '/dev/zero')).toMatch(/1 of 2.*more than max_ptes_none of its pages/s);
  });

  test('files are sorted and filtered, as the link says', async () => {
    const names = () =>
      page.locator(`.sortable[aria-label="${FILES}"] tbody tr td:first-child`).allInnerTexts();
    expect(await names()).toEqual(['/dev/zero (deleted)', '/data/<table>']);
    await page.locator(`.sortable[aria-label="${FILES}"] th button`, { hasText: 'file' }).first().click();
    expect(await names()).toEqual(['/data/<table>', '/dev/zero (deleted)']);
    await page.fill('#map-filter', 'disks');
    await expect.poll(names).toEqual(['/data/<table>']);
    await page.fill('#map-filter', '');
  });

  test('fits narrow and wide windows, moves nothing when it comes, and is for everybody', async () => {
    await goTo(page, '#map?show=files');
    expect(await faultsOf(page)).toEqual([]);
    for (const [width, height] of [
      [1440, 900],
      [390, 844],
    ]) {
      await page.setViewportSize({ width, height });
      // What is kept free for it is as high as it is.
      const { kept, taken } = await page.locator('.policy-cache').evaluate((place) => ({
        kept: Number.parseFloat(getComputedStyle(place).minHeight),
        taken: place.firstElementChild?.getBoundingClientRect().height ?? 0,
      }));
      expect(taken).toBeLessThanOrEqual(kept);
    }
  });
});
