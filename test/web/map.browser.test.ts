import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import type { Host, MemoryItem } from '../../src/core/rules/memory-source.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { processItem, rangesItem, vmaItem } from '../analysis/streams.ts';
import { CHROMIUM, launchBrowser } from '../support/browser.ts';
import { rangeOf, valueOf } from '../support/ranges.ts';
import { goTo, openApp } from './app-page.ts';
import { faultsOf } from './axe.ts';

const POLICY = 'always=2-9&madvise=none&none=0&kernel=linux-7.2';
const REDIS = `#map?source=example:redis&${POLICY}`;
const INSPECTOR = '#map-inspector';
const HOST: Host = {
  name: 'big',
  bootId: '',
  kernelRelease: '7.2.0',
  time: '2026-01-01T00:00:00.000Z',
  geometry: x86_64,
  settings: undefined,
};

describe.skipIf(!CHROMIUM)('map', () => {
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let folder: string;
  beforeAll(async () => {
    browser = await launchBrowser();
    ({ page, complaints } = await openApp(browser, '#start'));
    folder = await mkdtemp(join(tmpdir(), 'thpscope-map-'));
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });
  afterEach(() => expect(complaints).toEqual([]));

  async function openMap(hash: string): Promise<void> {
    await goTo(page, hash);
    await whenRead();
  }

  /** All is read, judged and drawn. */
  async function whenRead() {
    await page.waitForSelector('.map-canvas');
    await page.waitForFunction(() => document.querySelector('[role=status]')?.textContent === '');
  }

  test('a dropped file is read, a corrupt one is refused in words and loses nothing', async () => {
    await goTo(page, '#start');
    await page.setInputFiles('input[type=file]', {
      name: 'first.txt',
      mimeType: '',
      buffer: Buffer.from('no'),
    });
    await page.waitForSelector('[role=alert] >> text=/first.txt: is not a Parquet file/');
    // Where a wrong file leads there is a way to choose another.
    await page.setInputFiles('input[type=file]', 'examples/programs/node.parquet');
    await whenRead();
    await drop(page, 'java.parquet', await readFile('examples/programs/java.parquet'));
    await whenRead();
    const label = await page.getAttribute('.map-canvas', 'aria-label');
    const corrupt = await readFile('examples/programs/java.parquet');
    corrupt[2000] ^= 1;
    await drop(page, 'corrupt.parquet', corrupt);
    await page.waitForSelector('[role=alert] >> text=/corrupt.parquet: .*checksum/');
    await drop(page, 'notes.txt', Buffer.from('no snapshot'));
    await page.waitForSelector(
      "[role=alert] >> text=/notes.txt: is not a Parquet file; 'thpscope capture' writes one/",
    );
    expect(await page.getAttribute('.map-canvas', 'aria-label')).toBe(label);
  });

  test('advice is above the map with what it costs, is taken and copied, and never given for nothing', async () => {
    // The memory of java is open.
    const region = page.locator('.map-advice');
    const take = region.getByRole('button', { name: 'Take' });
    await page.locator('.policy-presets button', { hasText: 'no size' }).click();
    await take.click();
    await region.getByRole('button', { name: 'Shown' }).waitFor();
    const text = await region.innerText();
    expect(text).toMatch(/^Enable 2M for all memory \(always\).* → 2,400 TLB entries, growth \+3.59M/);
    expect(text).toMatch(/Budget: growth of at most 4.88M \(\+?5.0%\)/);
    await page.evaluate(() => {
      const writeText = async (copied: string) => void (document.title = copied);
      Object.defineProperty(navigator, 'clipboard', { value: { writeText }, configurable: true });
    });
    await region.getByRole('button', { name: 'Copy writes' }).click();
    await page.waitForFunction(() => /echo always > hugepages-2048kB/.test(document.title));
    await openMap(REDIS.replace('none=0', 'none=511'));
    await page.waitForSelector('.map-advice >> text=Leave the settings as recorded.');
    expect(await take.count()).toBe(0);
  });

  test('the example, from link to range to steps, by keyboard alone', async () => {
    await openMap(REDIS);
    expect(await page.getAttribute('.map-canvas', 'aria-label')).toBe('Map of 162 PMD ranges');
    await page.focus('.map-canvas');
    await page.keyboard.press('End');
    for (let i = 0; i < 11; i++) await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => location.hash.includes('at='));
    await page.waitForSelector(`${INSPECTOR} >> text=collapses to`);
    for (let i = 0; i < 4; i++) await page.keyboard.press('+');
    await page.keyboard.press('7');
    await page.waitForFunction(() => /layer=why/.test(location.hash) && /zoom=/.test(location.hash));
    const link = await page.evaluate(() => location.hash);
    const words = await page.textContent(INSPECTOR);
    const picture = await pictureOf(page);

    await page.reload();
    await whenRead();
    expect(await page.evaluate(() => location.hash)).toBe(link);
    await page.waitForSelector(`${INSPECTOR} >> text=collapses to`);
    expect(await page.textContent(INSPECTOR)).toBe(words);
    await expect.poll(async () => (await pictureOf(page)) === picture).toBe(true);
    await page.focus('.map-canvas');
    await page.keyboard.press('0');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.hash.startsWith('#steps'));
    await page.goBack();
    expect(await page.evaluate(() => location.hash)).toBe(link.replace(/&see=[^&]*|&zoom=[^&]*/g, ''));
  });

  test('pointing says what is there, the wheel goes down to PTEs, dragging moves', async () => {
    await openMap(REDIS);
    const box = await page.locator('.map-canvas').boundingBox();
    if (!box) throw new Error('the map has no place');
    await page.mouse.move(box.x + 200, box.y + 150);
    await page.waitForSelector(`${INSPECTOR} >> text=pages in use`);
    for (let i = 0; i < 15; i++) await page.mouse.wheel(0, -150);
    await page.waitForSelector(`${INSPECTOR} >> text=/PTE \\d+/`);
    const before = await page.evaluate(() => location.hash);
    await page.mouse.down();
    await page.mouse.move(box.x + 50, box.y + 50, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction((hash) => location.hash !== hash, before);
  });

  test('no range moves by selection, hover, layer or legend, at seven sizes of the window', async () => {
    await openMap(REDIS);
    for (const [width, height] of [
      [1920, 1080],
      [1440, 900],
      [1280, 720],
      [1024, 768],
      [800, 1100],
      [768, 600],
      [390, 844],
    ]) {
      await page.setViewportSize({ width, height });
      await pictureOf(page);
      // Where the map is, and which range is at a place on it.
      const place = () => page.locator('.map-canvas').boundingBox();
      const seen = async () => {
        const box = await place();
        if (!box) throw new Error('the map has no place');
        await page.mouse.move(box.x + 0.4 * box.width, box.y + 0.3 * box.height);
        return { ...box, address: await page.locator(`${INSPECTOR} strong`).innerText() };
      };
      const first = await seen();
      await page.mouse.down();
      await page.mouse.up();
      expect(await seen(), `selected at ${width}x${height}`).toEqual(first);
      for (const key of ['2', '3', '4', '5', '6', '7', '1', 'ArrowRight', 'Escape']) {
        await page.keyboard.press(key);
        expect({ ...first, ...(await place()) }, `${key} at ${width}x${height}`).toEqual(first);
      }
      await page.mouse.move(first.x + first.width - 2, first.y + first.height - 2);
      expect(await seen(), `hovered at ${width}x${height}`).toEqual(first);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test('memory now is beside what it becomes, down to PTEs, and the split between them moves', async () => {
    await openMap(`${REDIS}&none=511`);
    const labels = () => page.locator('.split-label').allInnerTexts();
    const [grown, restarted] = await page
      .locator('.policy-outcome dl > dd:nth-child(2) strong')
      .allInnerTexts();
    await expect
      .poll(labels)
      .toEqual([
        expect.stringMatching(/^\S+M\s+now$/),
        `${grown}\nafter khugepaged`,
        `at most ${restarted}\nafter a restart`,
      ]);
    const thirds = await pictureOf(page);
    await page.getByRole('slider', { name: 'between now and after khugepaged' }).press('End');
    await page.waitForFunction(() => location.hash.includes('split=1,1'));
    const now = await pictureOf(page);
    expect(now === thirds).toBe(false);
    await page.keyboard.press('5');
    await page.waitForFunction(() => location.hash.includes('layer=before'));
    // All of the split is the layer of what is now.
    expect((await pictureOf(page)) === now).toBe(true);
    await page.keyboard.press('1');
    const handle = await page.getByRole('slider', { name: 'and after a restart' }).boundingBox();
    if (!handle) throw new Error('the handle has no place');
    await page.mouse.move(handle.x + 8, handle.y + 50);
    await page.mouse.down();
    await page.mouse.move(handle.x - 300, handle.y + 50, { steps: 3 });
    await page.mouse.up();
    await page.waitForFunction(() => /split=0\.\d+,0\.\d+/.test(location.hash));
  });

  test('a reason leaves its ranges alone on the map, a VMA of the table is gone to, and back', async () => {
    await openMap(`${REDIS}&show=map`);
    const all = await pictureOf(page);
    const reason = page.locator('.policy-reasons button', { hasText: 'no enabled size' });
    const size = await reason.locator('strong').innerText();
    const ranges = await reason.locator('small').innerText();
    await reason.click();
    await page.waitForSelector(`.map-note >> text=${size} in ${ranges}`);
    await page.waitForFunction(() => location.hash.includes('why=no-window'));
    const faded = await pictureOf(page);
    expect(faded === all).toBe(false);
    await page.click('[aria-label="Next of these ranges"]');
    await page.waitForSelector(`${INSPECTOR} >> text=stays as it is: no enabled size`);
    await page.click('text=All ranges');
    await page.keyboard.press('Escape');
    await page.mouse.move(0, 0);
    await page.waitForFunction(() => !/why=|at=/.test(location.hash));
    expect((await pictureOf(page)) === faded).toBe(false);

    await page.getByText('VMAs', { exact: true }).click();
    await page.waitForSelector('.map-list tbody');
    expect(await faultsOf(page)).toEqual([]);
    await page.fill('#map-filter', '[stack]');
    await page.waitForFunction(() => document.querySelectorAll('.map-list tbody tr').length === 1);
    await page.click('.list-link');
    await page.waitForSelector(`${INSPECTOR} >> text=[stack]`);
    await page.waitForFunction(() => /zoom=/.test(location.hash));
    await page.goBack();
    await page.waitForSelector('.map-list tbody >> text=[stack]');
  });

  test('what is selected stays when the pointer moves on; marked ranges are added up; the keys are shown', async () => {
    await openMap(REDIS);
    const box = await page.locator('.map-canvas').boundingBox();
    if (!box) throw new Error('the map has no place');
    const at = (x: number) => page.mouse.move(box.x + x * box.width, box.y + 0.3 * box.height);
    const address = () => page.locator(`${INSPECTOR} strong`).innerText();
    await at(0.1);
    await page.mouse.down();
    await page.mouse.up();
    const pinned = await address();
    await at(0.5);
    expect(await address()).toBe(pinned);
    await page.keyboard.press('>');
    await page.waitForSelector(`${INSPECTOR} >> text=/^2 ranges marked: \\S+ in use; khugepaged \\+/`);
    await page.keyboard.down('Shift');
    await page.mouse.down();
    await at(0.8);
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await page.waitForSelector(`${INSPECTOR} >> text=/^([3-9]|\\d\\d) ranges marked/`);
    await page.waitForFunction(() => /[&?]to=/.test(location.hash));
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open] >> text=step through the selected range');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog[open]', { state: 'detached' });
  });

  test('what page faults make of each range after a restart is a layer of its own, down to PTEs', async () => {
    await openMap(`${REDIS}&layer=before`);
    const before = await pictureOf(page);
    await page.focus('.map-canvas');
    await page.keyboard.press('3');
    await page.waitForFunction(() => location.hash.includes('layer=restart'));
    await page.waitForSelector('.legend >> text=filled by page faults: empty now');
    await expect.poll(async () => (await pictureOf(page)) === before).toBe(false);
    await page.keyboard.press('End');
    await page.waitForSelector(`${INSPECTOR} >> text=/page faults leave at most/`);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.columns');
    await page.locator('.steps label:has-text("page faults")').first().click();
    await page.waitForSelector(
      'text=if the process starts again and writes the pages that it has in use here',
    );
    expect(await page.inputValue('#faults-history')).toMatch(/^w\d/);
  });

  test('an address is found, and where there is none the nearest', async () => {
    await openMap(REDIS);
    await page.fill('#map-find', '16084:0x7fd567474000');
    await page.keyboard.press('Enter');
    await page.waitForSelector(`${INSPECTOR} >> text=0x7fd567400000-0x7fd567600000`);
    await page.fill('#map-find', '0x10');
    await page.keyboard.press('Enter');
    await page.waitForSelector('text=no page there: this is the nearest');
  });

  test('a name is found from the keyboard, and one that there is not is said', async () => {
    await openMap(REDIS);
    await page.fill('#map-find', '');
    await page.focus('.map-canvas');
    await page.keyboard.press('/');
    await page.keyboard.type('[stack]');
    await page.keyboard.press('Enter');
    await page.waitForSelector(`${INSPECTOR} >> text=[stack]`);
    await page.fill('#map-find', 'nobody');
    await page.keyboard.press('Enter');
    await page.waitForSelector('text=no process, VMA or address of that name');
  });

  test('axe has nothing to say, light, dark and narrow, nothing is too wide', async () => {
    await openMap(`${REDIS}&at=16084:0x7fd567400000&layer=restart`);
    await page.waitForSelector(`${INSPECTOR} >> text=/page faults leave at most/`);
    expect(await faultsOf(page)).toEqual([]);
    await openMap(`${REDIS}&at=16084:0x7fd567400000&why=collapses`);
    await page.waitForSelector(`${INSPECTOR} >> text=collapses to`);
    expect(await faultsOf(page)).toEqual([]);
  });

  test('a process without anonymous memory is no empty map', async () => {
    const path = join(folder, 'nothing.parquet');
    async function* items(): AsyncGenerator<MemoryItem> {
      yield processItem(7);
    }
    valueOf(await writeSnapshot(path, { host: HOST, items }));
    await goTo(page, '#start');
    await page.setInputFiles('input[type=file]', path);
    for (const view of ['Map', 'Trade-off']) {
      await page.getByRole('link', { name: view, exact: true }).click();
      await page.waitForSelector('h1 >> text=No anonymous memory');
      await page.waitForSelector('text=nothing.parquet has 1 process');
    }
  });

  test('a bug is said on the page', async () => {
    await goTo(page, '#start');
    await page.evaluate(() => void Promise.reject(new Error('row 7 is not on the map')));
    await page.waitForSelector('[role=alert] >> text=a bug of thpscope: row 7 is not on the map');
    expect(complaints.splice(0)).toEqual(['row 7 is not on the map']);
  });

  test('32 GiB in 17 processes: all of it is there, and what cannot be seen is asked for', async () => {
    const path = join(folder, 'huge.parquet');
    await recordHuge(path);
    await goTo(page, `#start?${POLICY}`);
    await page.setInputFiles('input[type=file]', path);
    await whenRead();
    expect(await page.getAttribute('.map-canvas', 'aria-label')).toBe('Map of 17000 PMD ranges');
    await page.selectOption('select[aria-label="Go to process"]', '16');
    await page.waitForSelector(`${INSPECTOR} >> text=p116 (116)`);
    await page.fill('#map-find', 'P11');
    for (const [words, process] of [
      ['1 of 7', 'p110'],
      ['2 of 7', 'p111'],
    ]) {
      await page.keyboard.press('Enter');
      await page.waitForSelector(`.find [role=status] >> text=${words}`);
      await page.waitForSelector(`${INSPECTOR} >> text=${process}`);
    }
    await page.click('[aria-label="Previous found"]');
    await page.waitForSelector(`${INSPECTOR} >> text=p110`);
  });
});

/** The map as it is drawn: two frames one after the other are the same. */
async function pictureOf(page: Page): Promise<string> {
  return page.locator('.map-canvas').evaluate(async (canvas: HTMLCanvasElement) => {
    for (let last = ''; ; ) {
      await new Promise(requestAnimationFrame);
      const picture = canvas.toDataURL();
      if (picture === last) return picture;
      last = picture;
    }
  });
}

async function drop(page: Page, name: string, bytes: Buffer): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([name, text]) => {
      const transfer = new DataTransfer();
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      transfer.items.add(new File([bytes], name));
      return transfer;
    },
    [name, bytes.toString('base64')],
  );
  await page.dispatchEvent('#main', 'drop', { dataTransfer: transfer });
}

async function recordHuge(path: string): Promise<void> {
  async function* items(): AsyncGenerator<MemoryItem> {
    for (let process = 0; process < 17; process++) {
      yield processItem(100 + process);
      yield vmaItem({ start: 0, end: 2 ** 31 });
      for (let i = 0; i < 1000; i++)
        yield rangesItem(rangeOf({ present: `0-${(7 * i) % 512}`, address: i * 2 ** 21 }));
    }
  }
  valueOf(await writeSnapshot(path, { host: HOST, items }));
}
