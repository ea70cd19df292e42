import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, launchBrowser } from '../support/browser.ts';
import { goTo, isTooWide, openApp } from './app-page.ts';
import { faultsOf } from './axe.ts';

const PAIR = '#changes?before=example:before&source=example:after';

describe.skipIf(!CHROMIUM)('changes', () => {
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];
  const hash = () => page.evaluate(() => location.hash);
  const entry = (name: string) =>
    page.locator('.change-legend:not(.map-legend-idle) .change-entry', { hasText: name });
  const came = () => page.locator('.policy-outcome dl').innerText();
  beforeAll(async () => {
    browser = await launchBrowser();
    ({ page, complaints } = await openApp(browser, PAIR));
    await page.waitForSelector('.map-advice >> text=memory 81.7M → 104M (+22.2M), huge 30M → 66.8M (+36.8M)');
  });
  afterAll(() => browser?.close());
  afterEach(() => expect(complaints).toEqual([]));

  test('two readings come to a map, sizes of what happened, and what came true', async () => {
    expect(await entry('collapsed').innerText()).toMatch(/collapsed 14\.8M/);
    expect(await entry('filled').innerText()).toMatch(/filled 27\.2M/);
    expect(await entry('freed').innerText()).toMatch(/freed 12\.2M/);
    await expect.poll(came).toMatch(/predicted\s+42M in 21 collapses\s+came true\s+42M 100\.0%/);
    // Keys and the legend are those of the changes.
    await page.keyboard.press('2');
    await page.waitForFunction(() => location.hash.includes('layer=foretold'));
    expect(await entry('came true').innerText()).toMatch(/42M/);
    await page.fill('#max_ptes_none', '0');
    await page.press('#max_ptes_none', 'Enter');
    await expect.poll(came).toMatch(/predicted\s+8M.*came true\s+8M 100\.0%\s+besides\s+6\.8M/s);
    await page.waitForSelector('text=It was not in force at the later one');
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(came).toMatch(/came true\s+42M/);
  });

  test('what is pressed stands out, and its ranges are gone through', async () => {
    await goTo(page, PAIR);
    await entry('freed').click();
    await page.waitForSelector('.map-note >> text=ranges with pages that are freed');
    await page.getByRole('button', { name: 'Next of these ranges' }).click();
    await page.waitForSelector('.inspector >> text=/512 freed/');
    await page.getByRole('button', { name: 'All ranges' }).click();
    await page.waitForFunction(() => !location.hash.includes('only='));
  });

  test('no range moves by selection, layer or what stands out', async () => {
    await goTo(page, PAIR);
    for (const [width, height] of [
      [1440, 900],
      [1024, 768],
      [390, 844],
    ]) {
      await page.setViewportSize({ width, height });
      await page.waitForTimeout(100);
      const place = () => page.locator('.map-canvas').boundingBox();
      const first = await place();
      for (const key of ['2', '3', '4', '1', 'ArrowRight', 'Escape']) {
        await page.keyboard.press(key);
        expect(await place(), `${key} at ${width}x${height}`).toEqual(first);
      }
      expect(await isTooWide(page)).toBe(false);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test('processes and VMAs are listed, most changed first, and lead to the map', async () => {
    await goTo(page, `${PAIR}&show=processes`);
    await expect
      .poll(() => page.locator('.map-list tbody tr td:first-child').allInnerTexts())
      .toEqual(['cache 13306', 'worker 13307', 'batch 13308']);
    await page.getByRole('radio', { name: 'VMAs' }).check({ force: true });
    await page.locator('.map-list tbody button').first().click();
    await page.waitForSelector('.map-canvas');
    await page.waitForSelector('.inspector >> text=cache (13306)');
    await page.goBack();
    await page.waitForSelector('.map-list');
  });

  test('two files that are dropped are compared in the order of their time; another order is said', async () => {
    await goTo(page, '#start');
    const files = Object.fromEntries(
      ['after', 'before'].map((name) => [
        name,
        readFileSync(`examples/pair/${name}.parquet`).toString('base64'),
      ]),
    );
    await page.evaluate((all) => {
      const dropped = new DataTransfer();
      for (const [name, text] of Object.entries(all))
        dropped.items.add(
          new File([Uint8Array.from(atob(text), (each) => each.charCodeAt(0))], `${name}.file`),
        );
      document
        .querySelector('.page')
        ?.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, bubbles: true, cancelable: true }));
    }, files);
    await page.waitForSelector('.map-advice >> text=before.file → after.file, 1m 15s later');
    expect(await hash()).toBe('#changes');
    await page.getByRole('button', { name: 'Exchange' }).click();
    await page.waitForSelector('.map-advice >> text=after.file → before.file, 1m 15s earlier: did you mean');
    // What was freed of small pages is what was touched, the other way round.
    expect(await entry('touched').innerText()).toMatch(/touched 7M/);
  });

  test('without two readings the view says how they get there', async () => {
    await goTo(page, '#changes?source=example:redis');
    await page.reload();
    await page.waitForSelector('text=redis-server is open. Compare it with another reading');
    await page.getByRole('button', { name: 'Open the example' }).click();
    await page.waitForSelector('.change-legend');
    expect(await hash()).toBe(PAIR);
  });

  test('it has no barriers, and fits narrow screens', async () => {
    await goTo(page, PAIR);
    await page.waitForSelector('.change-legend');
    expect(await faultsOf(page)).toEqual([]);
    await goTo(page, `${PAIR}&show=processes`);
    await page.waitForSelector('.map-list');
    expect(await faultsOf(page)).toEqual([]);
  });
});
