import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, launchBrowser } from '../support/browser.ts';
import { goTo, openApp } from './app-page.ts';
import { faultsOf } from './axe.ts';

const AT = '#map?at=1:0x7f0000000000&layer=now&none=0&source=example:redis';

describe.skipIf(!CHROMIUM)('what is around the views', () => {
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];
  beforeAll(async () => {
    browser = await launchBrowser();
    ({ page, complaints } = await openApp(browser, '#map?always=4&source=example:redis'));
    await page.waitForSelector('.map-canvas');
  });
  afterAll(() => browser?.close());
  afterEach(() => expect(complaints).toEqual([]));

  test('the focus goes where the keyboard goes on, and nowhere at first', async () => {
    const focused = () => page.evaluate(() => document.activeElement?.className ?? '');
    expect(await page.evaluate(() => document.activeElement === document.body)).toBe(true);
    await page.waitForFunction(() => document.querySelector('[role=status]')?.textContent === '');
    await page.focus('.map-canvas');
    await page.keyboard.press('End');
    await page.waitForFunction(() => location.hash.includes('at='));
    await page.keyboard.press('Enter');
    await page.waitForSelector('.columns');
    await expect.poll(focused).toContain('move-main');
    expect(await page.locator('.column').count()).toBe(1);
    await page.goBack();
    await expect.poll(focused).toContain('map-canvas');
  });

  test('a view keeps its parameters to itself, and has them again when it is come back to', async () => {
    await goTo(page, AT);
    const hash = () => page.evaluate(() => location.hash);
    const tab = (name: string) => page.getByRole('link', { name, exact: true });
    await tab('Trade-off').click();
    expect(await hash()).toBe('#tradeoff?none=0&source=example:redis');
    expect(await tab('Map').getAttribute('href')).toBe(AT);
    await page.goBack();
    expect(await hash()).toBe(AT);
    await tab('Steps').click();
    await page.locator('#steps-preset').selectOption({ index: 2 });
    await page.waitForFunction(() => location.hash.includes('present='));
    const steps = await hash();
    await tab('Map').click();
    expect(await hash()).toBe(AT);
    await tab('Steps').click();
    expect(await hash()).toBe(steps);
  });

  test('of several dropped files the first is opened, and that is said', async () => {
    await goTo(page, '#map?source=example:redis');
    await page.waitForSelector('.map-canvas');
    await page.evaluate(() => {
      const dropped = new DataTransfer();
      for (const name of ['one.parquet', 'two.parquet']) dropped.items.add(new File(['nothing'], name));
      document
        .querySelector('.page')
        ?.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, bubbles: true, cancelable: true }));
    });
    await page.waitForSelector('[role=status] >> text=only one file can be open: this is one.parquet');
    await page.waitForSelector('[role=alert] >> text=one.parquet');
  });

  test('words are explained at a key press, on a narrow screen under two rows of header', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    expect((await page.locator('.header').boundingBox())?.height).toBeLessThan(85);
    await page.getByRole('button', { name: 'Words' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open] >> text=later pass');
    expect(await faultsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    expect(await page.locator('dialog[open]').count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Words');
  });
});
