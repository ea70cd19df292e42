import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, launchBrowser } from '../support/browser.ts';
import { goTo, openApp } from './app-page.ts';
import { faultsOf } from './axe.ts';

const EDGE = '#steps?history=w3+w37+w261&orders=2-9&vma=3-1024';

describe.skipIf(!CHROMIUM)('page faults step by step in a browser', () => {
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];

  beforeAll(async () => {
    browser = await launchBrowser();
    ({ page, complaints } = await openApp(browser, EDGE, { viewport: { width: 1440, height: 1000 } }));
    await page.waitForSelector('.columns');
  });
  afterAll(() => browser?.close());
  afterEach(() => expect(complaints).toEqual([]));

  const open = (hash: string) => goTo(page, hash);
  const text = (selector: string) => page.locator(selector).first().innerText();
  const place = () => text('.scrub-text');
  /** Waits until the address bar, which follows with a delay, says what the page shows. */
  const hashWith = (part: string) => page.waitForURL(({ hash }) => hash.includes(part));

  test('show each touch, the windows that it considers and why, driven by the keyboard', async () => {
    await open(EDGE);
    expect(await place()).toBe('step 1 of 3');
    expect(await text('.step-window')).toBe('write 3 gets a small page');
    await page.keyboard.press('ArrowRight');
    expect(await text('.step-window')).toBe('write 37 gets a folio of 128K: pages 32 to 63 are filled');
    const windows = await page.locator('.fault-windows li').allInnerTexts();
    expect(windows.map((each) => each.replaceAll(/\s+/g, ' '))).toEqual([
      '0:9 2M not all inside the VMA, pages 3 to 1023',
      '0:8 1M not all inside the VMA, pages 3 to 1023',
      '0:7 512K not all inside the VMA, pages 3 to 1023',
      '0:6 256K not all inside the VMA, pages 3 to 1023',
      '32:5 128K taken',
    ]);
    await page.keyboard.press('End');
    expect(await place()).toBe('step 3 of 3');
    await hashWith('step=3');
    await page.reload();
    await page.waitForSelector('.columns');
    expect(await text('.step-window')).toContain('gets a folio of 1M');
    expect(await text('.column-result')).toContain('289 pages resident (1.13M): 3 written, 286 filled');
    expect(await page.locator('.controls [aria-live]').textContent()).toBe(
      'Step 3 of 3. write 261 gets a folio of 1M: pages 256 to 511 are filled',
    );
  });

  test('all steps are listed beside the grid from a width of 1024 on', async () => {
    await open(EDGE);
    for (const width of [1024, 1440]) {
      await page.setViewportSize({ width, height: 1000 });
      const [grid, list] = await Promise.all(
        ['.pte-grid', '.step-list'].map((each) => page.locator(each).boundingBox()),
      );
      expect(list!.x, `${width}`).toBeGreaterThan(grid!.x + grid!.width);
      expect(list!.y).toBeLessThan(grid!.y + grid!.height);
    }
  });

  test('axe has nothing against it in light, dark and on a narrow screen', async () => {
    await open(`${EDGE}&step=2`);
    expect(await faultsOf(page)).toEqual([]);
  });

  test('follow what is typed and switched, and undo', async () => {
    await open(EDGE);
    await page.fill('#faults-history', 'w37');
    await hashWith('history=w37&');
    expect(await place()).toBe('step 1 of 1');
    await page.fill('#faults-history', 'w2');
    expect(await text('.field-error')).toContain("'w2' lies outside of the VMA");
    expect(await text('.step-window')).toContain('write 37');
    await page.fill('#faults-history', 'r600');
    await page.locator('#faults-vma').fill('0-1024');
    expect(await text('.step-window')).toContain('gets the huge zero page, pages 512 to 1023');
    await page.getByRole('checkbox', { name: 'huge zero page' }).uncheck();
    expect(await text('.step-window')).toContain('gets a folio of 2M: pages 512 to 1023 are filled');
    await hashWith('zeropage=0');
    await page.getByRole('button', { name: 'None' }).click();
    expect(await text('.step-window')).toBe('read 600 gets the zero page');
    await page.getByRole('button', { name: 'Undo' }).click();
    expect(await text('.step-window')).toContain('gets a folio of 2M');
  });

  test('stand beside the searches: a range as a restart would touch it, and back', async () => {
    await open('#steps?limit=0&orders=2-8&present=4-7,12-27&step=3');
    await page.locator('label:has-text("page faults")').first().click();
    expect(await page.inputValue('#faults-history')).toBe('w4-7 w12-27');
    expect(await place()).toContain('step 1 of');
    await page.locator('label:has-text("khugepaged")').first().click();
    expect(await page.inputValue('#pages-present')).toBe('4-7,12-27');
    expect(await page.locator('#faults-history').count()).toBe(0);
    await page.selectOption('#steps-preset', 'fault-dontneed');
    expect(await page.inputValue('#faults-history')).toBe('w37 d0-255 w37 d0-511 w37');
    expect(await text('.presets p')).toContain('While half of the folio is mapped');
    await page.selectOption('#steps-preset', 'example');
    expect(await page.locator('.column').count()).toBe(2);
  });
});
