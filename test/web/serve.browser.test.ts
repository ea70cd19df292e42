import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildOccupant, type Occupant, startOccupant } from '../linux/occupant/occupant.ts';
import { CHROMIUM, launchBrowser } from '../support/browser.ts';
import { type Serving, startServing } from '../support/serving.ts';
import { faultsOf } from './axe.ts';

const RANGE_MAP = /^Map of (\d+) PMD ranges$/;

describe.skipIf(!CHROMIUM)('a page of thpscope serve', () => {
  let browser: Browser;
  let serving: Serving | undefined;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterEach(() => serving?.stop());
  afterAll(() => browser?.close());

  /**
   * Opens the address that serve prints; nothing may go wrong there, and nothing be asked of anybody else.
   */
  async function openServed(args: readonly string[], options: BrowserContextOptions = {}) {
    serving = await startServing([...args, '--no-open']);
    const url = /http:\S+/.exec(serving.line)?.[0] ?? '';
    const page = await browser.newPage(options);
    const complaints: string[] = [];
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    const asked: string[] = [];
    page.on('request', (request) => {
      asked.push(request.url());
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(url.split('#')[0]))
        complaints.push(`asked for ${request.url()}`);
    });
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
        console.error(`policy: ${violatedDirective} ${blockedURI}`),
      );
    });
    await page.goto(url);
    return { page, complaints, asked };
  }

  test('a folder of snapshots is drawn over time, and each of them is on the map', async () => {
    const series = mkdtempSync(join(tmpdir(), 'thpscope-series-'));
    for (const [name, at] of [
      ['before', '100000'],
      ['after', '110000'],
    ])
      copyFileSync(`examples/pair/${name}.parquet`, join(series, `20261127T${at}Z.parquet`));
    try {
      const { page, complaints } = await openServed([series]);
      await page.getByRole('link', { name: 'Timeline' }).click();
      await page.getByRole('button', { name: '2 snapshots' }).click();
      await page.getByRole('heading', { name: 'Over time', exact: true }).waitFor();
      const rows = page.getByRole('region', { name: 'Snapshots' }).getByRole('row');
      expect(await rows.count()).toBe(3);
      await rows.nth(2).getByRole('button').click();
      await page.getByRole('heading', { name: 'Policy' }).waitFor();
      expect(new URL(page.url()).hash).toContain('source=server:1');
      expect(complaints).toEqual([]);
    } finally {
      rmSync(series, { recursive: true });
    }
  });

  test('shows the first source at the address that was printed, and every view', async () => {
    const { page, complaints } = await openServed(['examples/redis.parquet']);
    await page.waitForSelector('.map-canvas[aria-label="Map of 162 PMD ranges"]');
    expect(await page.locator('.live').count()).toBe(0);
    for (const view of ['Trade-off', 'Changes', 'Steps', 'Timeline', 'Start']) {
      await page.getByRole('link', { name: view, exact: true }).click();
      await page.waitForSelector('main h1, main canvas, main section, main svg');
    }
    expect(await page.textContent('main')).toContain('From this server');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('compares two snapshots: from the start page, and from what is open', async () => {
    const { page, complaints } = await openServed(
      ['after', 'before'].map((name) => `examples/pair/${name}.parquet`),
    );
    await page.waitForSelector('.map-canvas');
    await page.getByRole('link', { name: 'Changes', exact: true }).click();
    await page.getByRole('combobox', { name: 'Compare with' }).selectOption('server:1');
    const answer = '.map-advice >> text=/before\\S* → \\S*after\\S*, 1m 15s later: memory 81.7M → 104M/';
    await page.waitForSelector(answer);
    expect(await page.evaluate(() => location.hash)).toBe('#changes?before=server:1&source=server:0');
    await page.getByRole('link', { name: 'Start', exact: true }).click();
    await page.getByRole('button', { name: 'What changed between them' }).click();
    await page.waitForSelector(answer);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('says what to do about a snapshot that is gone, and about a source that never was', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
    const file = join(folder, 'short-lived.parquet');
    copyFileSync('examples/redis.parquet', file);
    const { page } = await openServed(['examples/redis.parquet', file]);
    await page.waitForSelector('.map-canvas');
    rmSync(file);
    await page.evaluate(() => void (location.hash = '#map?source=server:1'));
    await page.waitForSelector('[role=alert] >> text=no such file; check the path');
    copyFileSync('examples/programs/java.parquet', file);
    await page.getByRole('link', { name: 'Start', exact: true }).click();
    await page.getByRole('button', { name: /short-lived\.parquet a snapshot/ }).click();
    const source = page.getByRole('combobox', { name: 'Source' });
    expect(await source.inputValue()).toBe('server:1');
    await page.waitForSelector('.map-canvas');
    await source.selectOption('server:0');
    await page.waitForSelector('.map-canvas[aria-label="Map of 162 PMD ranges"]');
    expect(await page.evaluate(() => location.hash)).toContain('source=server:0');
    rmSync(folder, { recursive: true });
    await page.evaluate(() => void (location.hash = '#map?source=server:7'));
    await page.waitForSelector('[role=alert] >> text=server:7: there is no such source here');
    await page.close();
  });

  describe.runIf(buildOccupant())('of a process', () => {
    let occupant: Occupant;
    let base: number;
    beforeEach(async () => {
      occupant = await startOccupant();
      base = await occupant.map('map 64');
      await occupant.must(`touch ${base} 0-511`);
    });
    afterEach(() => occupant?.stop());

    const ranges = async (page: Page) =>
      Number(RANGE_MAP.exec((await page.getAttribute('.map-canvas', 'aria-label')) ?? '')?.[1]);
    const readings = (asked: readonly string[]) => asked.filter((url) => url.endsWith('/sources/0')).length;

    test('follows it in place: nothing moves, nothing is announced, until it ends', async () => {
      const args = ['-p', String(occupant.pid), '--refresh', '1'];
      const { page, complaints, asked } = await openServed(args, { viewport: { width: 1280, height: 800 } });
      await page.waitForSelector('.live >> text=live');
      await expect.poll(() => ranges(page)).toBeGreaterThan(0);
      const first = await ranges(page);
      const place = `at=0x${base.toString(16)}&none=511&source=server:0`;
      await page.evaluate((to) => void (location.hash = `#map?${to}`), place);
      await page.evaluate(() => {
        const canvas = document.querySelector<HTMLElement>('.map-canvas');
        canvas?.focus();
        Object.assign(window, { canvas, said: [] });
        new MutationObserver(() => {
          const text = document.querySelector('.progress')?.textContent;
          if (text) (window as unknown as { said: string[] }).said.push(text);
        }).observe(document.body, { subtree: true, childList: true, characterData: true });
      });

      await occupant.must(`touch ${base} 512-${512 * 20 - 1}`);
      await expect.poll(() => ranges(page), { timeout: 30_000 }).toBe(first + 19);
      expect(await page.evaluate(() => document.activeElement?.className)).toContain('map-canvas');
      expect(
        await page.evaluate(() => (window as unknown as { canvas: HTMLElement }).canvas.isConnected),
      ).toBe(true);
      expect(await page.evaluate(() => (window as unknown as { said: string[] }).said)).toEqual([]);
      expect(await page.evaluate(() => location.hash)).toBe(`#map?${place}`);

      // Held: the server has nobody to read for.
      await page.focus('.live button');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.live >> text=paused');
      const held = await ranges(page);
      const before = readings(asked);
      await occupant.must(`touch ${base} ${512 * 20}-${512 * 30 - 1}`);
      await page.waitForFunction(() =>
        /read [2-9]s ago/.test(document.querySelector('.live')?.textContent ?? ''),
      );
      expect([await ranges(page), readings(asked)]).toEqual([held, before]);
      await page.keyboard.press('Enter');
      await expect.poll(() => ranges(page), { timeout: 30_000 }).toBe(held + 10);

      await occupant.stop();
      await page.waitForSelector(`[role=alert] >> text=process ${occupant.pid} (occupant) has ended`);
      await page.waitForSelector('.live >> text=ended');
      expect(await page.locator('.live button').count()).toBe(0);
      expect(await ranges(page)).toBe(held + 10);
      expect(complaints).toEqual([]);
      await page.reload();
      await page.waitForSelector('[role=alert] >> text=has ended');
      await expect.poll(() => ranges(page)).toBe(held + 10);
      await page.close();
    });

    test('shows what changed inside of a range, at the scale of PTEs too', async () => {
      const { page, complaints } = await openServed(['-p', String(occupant.pid), '--refresh', '1']);
      await expect.poll(() => ranges(page)).toBeGreaterThan(0);
      const at = `${occupant.pid}:0x${base.toString(16)}`;
      const hash = `#map?at=${at}&layer=now&see=${at}&source=server:0&zoom=64`;
      await page.evaluate((to) => void (location.hash = to), hash);
      const words = '#map-inspector';
      await page.waitForSelector(`${words} >> text=512 of 512 pages in use`);
      const before = await page.locator('.map-canvas').screenshot();
      await occupant.must(`drop ${base} 0-255`);
      await page.waitForSelector(`${words} >> text=256 of 512 pages in use`);
      await expect
        .poll(async () => before.equals(await page.locator('.map-canvas').screenshot()))
        .toBe(false);
      expect(complaints).toEqual([]);
      await page.close();
    });

    test('loses the range that is pointed at', async () => {
      await occupant.must(`touch ${base} 0-${512 * 64 - 1}`);
      const { page, complaints } = await openServed(['-p', String(occupant.pid), '--refresh', '1']);
      await expect.poll(() => ranges(page)).toBeGreaterThan(60);
      // From the end, that is where rows go missing.
      const box = (await page.locator('.map-canvas').boundingBox())!;
      const isLast = () =>
        page.evaluate(() => document.querySelector('#map-inspector')?.textContent?.includes('[stack]'));
      search: for (let y = box.y + box.height - 4; y > box.y; y -= 20) {
        for (let x = box.x + 4; x < box.x + box.width; x += 40) {
          await page.mouse.move(x, y);
          if (await isLast()) break search;
        }
      }
      expect(await isLast()).toBe(true);
      const before = await ranges(page);
      await occupant.must(`drop ${base} ${512 * 10}-${512 * 64 - 1}`);
      await expect.poll(() => ranges(page), { timeout: 30_000 }).toBe(before - 54);
      await page.waitForFunction(
        () => !document.querySelector('#map-inspector')?.textContent?.includes('[stack]'),
      );
      expect(complaints).toEqual([]);
      await page.close();
    });

    test('tells when the server does not answer any more', async () => {
      const { page } = await openServed(['-p', String(occupant.pid), '--refresh', '1']);
      await page.waitForSelector('.live >> text=live');
      await expect.poll(() => ranges(page)).toBeGreaterThan(0);
      const last = await ranges(page);
      const saving = page.waitForEvent('download');
      await page.getByRole('link', { name: 'Save this reading' }).click();
      expect((await saving).suggestedFilename()).toMatch(/occupant.*\.parquet$/);
      await serving?.stop();
      await page.waitForSelector('.live >> text=the server does not answer');
      await page.waitForSelector('[role=alert] >> text=start thpscope serve again');
      expect(await page.locator('.live button').isDisabled()).toBe(true);
      expect(await ranges(page)).toBe(last);
      await page.getByRole('link', { name: 'Start', exact: true }).click();
      await page.waitForSelector('.card >> text=the server does not answer');
      await page.close();
    });

    test('is for everybody, light, dark and on a narrow screen', async () => {
      const { page, complaints } = await openServed(['-p', String(occupant.pid)]);
      await page.waitForSelector('.live >> text=live');
      await expect.poll(() => ranges(page)).toBeGreaterThan(0);
      expect(await faultsOf(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await page.close();
    });
  });
});
