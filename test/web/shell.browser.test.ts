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
    ({ page, complaints } = await openApp(browser, '#map?always=4&kernel=linux-7.3&source=example:redis'));
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
    // A range of the memory opens at attempts, its list beside the grid, under the one policy of all views.
    await page.waitForFunction(() => location.hash.includes('by=attempts'));
    await page.waitForSelector('.steps-panel >> text=the policy that all views have');
    await page.setViewportSize({ width: 1440, height: 900 });
    const { x } = (await page.locator('.pte-grid').boundingBox())!;
    const list = await page.locator('.step-list').boundingBox();
    // Where nothing is tried there is no list.
    if (list) expect(list.x).toBeGreaterThan(x + 300);
    await page.setViewportSize({ width: 1280, height: 800 });
    const hash = () => page.evaluate(() => location.hash);
    const before = await hash();
    await page.fill('#steps-maxPtesNone', '7');
    await page.waitForFunction(() => /limit=7&.*none=7&/.test(location.hash));
    await page.waitForSelector('.steps-panel >> text=the policy that all views have');
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(hash).toBe(before);
    await page.selectOption('#search-left', 'page-faults');
    await page.waitForSelector('.fault-column');
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.waitForSelector('.pte-grid');
    await page.getByRole('link', { name: 'Back to the map' }).click();
    await page.waitForSelector('.map-canvas');
    expect(await hash()).toMatch(/^#map\?.*at=16084:0x/);
    await page.goBack();
    await page.waitForSelector('.columns');
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
      for (const name of ['one.parquet', 'two.parquet', 'three.parquet'])
        dropped.items.add(new File(['nothing'], name));
      document
        .querySelector('.page')
        ?.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, bubbles: true, cancelable: true }));
    });
    await page.waitForSelector('[role=status] >> text=of so many files one can be open: this is one.parquet');
    await page.waitForSelector('[role=alert] >> text=one.parquet');
  });

  test('a change of the policy is undone and made again in every view, in step with the way back', async () => {
    await goTo(page, '#map?none=0&source=example:redis');
    const none = () => page.evaluate(() => /none=(\d+)/.exec(location.hash)?.[1]);
    const isOff = (name: string) =>
      page.getByRole('button', { name, exact: true }).getAttribute('aria-disabled');
    await page.fill('#max_ptes_none', '7');
    await page.press('#max_ptes_none', 'Enter');
    await expect.poll(none).toBe('7');
    await page.getByRole('link', { name: 'Timeline', exact: true }).click();
    expect(await isOff('Undo')).toBe('false');
    await page.keyboard.press('Control+z');
    await expect.poll(none).toBe('0');
    expect(await page.evaluate(() => location.hash)).toMatch(/^#timeline/);
    await page.keyboard.press('Control+Shift+Z');
    await expect.poll(none).toBe('7');
    // Going back over the change, or over its undoing, is undoing it, or making it again.
    await page.goBack();
    await expect.poll(none).toBe('0');
    await page.getByRole('button', { name: 'Redo' }).click();
    await expect.poll(none).toBe('7');
    await expect.poll(() => isOff('Redo')).toBe('true');
  });

  test('tabs are named, links are copied, colours are chosen and remembered', async () => {
    await goTo(page, '#map?none=0&source=example:redis');
    await expect.poll(() => page.title()).toBe('Map of redis-server - thpscope');
    await page.evaluate(() => {
      const writeText = async (text: string) => void Object.assign(window, { written: text });
      Object.defineProperty(navigator, 'clipboard', { value: { writeText }, configurable: true });
    });
    await page.getByRole('button', { name: 'Copy link' }).click();
    await page.waitForSelector('.tool-said >> text=copied');
    expect(await page.evaluate(() => (window as unknown as { written: string }).written)).toBe(page.url());
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.selectOption('.theme', 'dark');
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    await page.waitForSelector('.map-canvas');
    expect([await page.inputValue('.theme'), await ground()]).toEqual(['dark', dark]);
    await page.selectOption('.theme', 'system');
    expect(await ground()).toBe(light);
  });

  test('the start page tells a story and leads to it, for everybody', async () => {
    await goTo(page, '#start');
    await page.waitForSelector('.story');
    expect(await faultsOf(page)).toEqual([]);
    expect(await page.locator('section:has(> h2:text("Recorded programs")) .card').count()).toBe(6);
    await page.getByRole('button', { name: 'See it on the map' }).click();
    await page.waitForSelector('.policy-outcome >> text=+220M');
    await goTo(page, '#start');
    await page.getByRole('button', { name: 'One byte is enough for 2M' }).click();
    await page.waitForSelector('.step-window >> text=gets a folio of 2M');
  });

  test('keys and words are explained at a key press, on a narrow screen under two rows of header', async () => {
    await goTo(page, '#map?source=example:redis');
    await page.setViewportSize({ width: 360, height: 740 });
    expect((await page.locator('.header').boundingBox())?.height).toBeLessThan(85);
    const help = page.getByRole('button', { name: 'Keys and words' });
    await help.focus();
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open] >> text=later pass');
    await page.waitForSelector('dialog[open] >> text=the process before, the next');
    expect(await faultsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    expect(await page.locator('dialog[open]').count()).toBe(0);
    expect(await help.evaluate((button) => document.activeElement === button)).toBe(true);
  });
});
