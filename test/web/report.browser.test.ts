import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, launchBrowser } from '../support/browser.ts';
import { isTooWide } from './app-page.ts';
import { faultsOf } from './axe.ts';

const REPORTS = {
  redis: ['examples/redis.parquet', '--policy', 'default'],
  postgresql: ['examples/programs/postgresql.parquet', '--orders', 'all', '--max-ptes-none', '0'],
};

describe.skipIf(!CHROMIUM)('a report in a browser', () => {
  let browser: Browser;
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-report-'));
  const file = (name: string) => join(folder, `${name}.html`);

  beforeAll(async () => {
    for (const [name, words] of Object.entries(REPORTS))
      execFileSync(process.execPath, ['dist/cli/main.js', 'report', ...words, '-o', file(name)]);
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  async function open(name: string) {
    const page = await browser.newPage({ viewport: { width: 1100, height: 800 } });
    const complaints: string[] = [];
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('request', (request) => complaints.push(`asked for ${request.url()}`));
    await page.goto(pathToFileURL(file(name)).href);
    // The page itself is asked for.
    return { page, complaints: () => complaints.slice(1) };
  }

  test.each(Object.keys(REPORTS))(
    '%s opens from the disk, asks for nothing, is drawn, and is for everybody: light, dark, narrow, by keyboard',
    async (name) => {
      const { page, complaints } = await open(name);
      expect(await page.title()).toMatch(/^Transparent huge pages: /);
      const colors = await page.$$eval('.map path', (paths) =>
        paths.map((each) => getComputedStyle(each).stroke),
      );
      expect(colors).not.toContain('none');
      expect(new Set(colors).size).toBeGreaterThan(3);
      const levels = await page.$$eval('h1,h2,h3,h4', (all) => all.map((each) => Number(each.tagName[1])));
      expect(levels[0]).toBe(1);
      for (const [i, level] of levels.entries()) expect(level - (levels[i - 1] ?? 0)).toBeLessThanOrEqual(1);
      // A report is as long as it is.
      expect((await faultsOf(page)).filter((fault) => !fault.endsWith(': too high'))).toEqual([]);
      await page.setViewportSize({ width: 360, height: 740 });
      const unreachable = await page.$$eval('*', (all) =>
        all
          .filter(
            (each) => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX === 'auto',
          )
          .filter((each) => !each.hasAttribute('tabindex')),
      );
      expect(unreachable).toEqual([]);
      expect(complaints()).toEqual([]);
      await page.close();
    },
  );

  test('dark pages are dark, and paper is light, of A4, with nothing cut off', async () => {
    const { page } = await open('redis');
    await page.emulateMedia({ colorScheme: 'dark' });
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    expect(await ground()).toBe('rgb(20, 23, 26)');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await ground()).toBe('rgb(255, 255, 255)');
    await page.emulateMedia({ media: 'print', colorScheme: null });
    await page.setViewportSize({ width: 688, height: 1000 });
    expect(await isTooWide(page)).toBe(false);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(pdf.toString('latin1')).toMatch(/\/MediaBox \[0 0 59[45]\.\d+ 84[12]\.\d+\]/);
    await page.close();
  });
});
