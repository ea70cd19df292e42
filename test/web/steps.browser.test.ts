import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, launchBrowser } from '../support/browser.ts';
import { goTo, openApp } from './app-page.ts';
import { faultsOf, violationsOf } from './axe.ts';

const ALL_FAIL = '#steps?limit=0&orders=2-9&outcomes=2-9%3DSCAN_PAGE_COUNT&present=0-511';

describe.skipIf(!CHROMIUM)('steps in a browser', () => {
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];

  beforeAll(async () => {
    browser = await launchBrowser();
    ({ page, complaints } = await openApp(browser, '#steps', { viewport: { width: 1400, height: 1000 } }));
    await page.waitForSelector('.columns');
  });
  afterAll(() => browser?.close());
  afterEach(() => expect(complaints).toEqual([]));

  const open = (hash: string) => goTo(page, hash);
  const text = (selector: string) => page.locator(selector).first().innerText();
  const place = () => text('.scrub-text');
  const windowNow = (side: 0 | 1) => page.locator('.step-window strong').nth(side).innerText();
  /** Waits until the address bar, which follows with a delay, says what the page shows. */
  const hashWith = (part: string) => page.waitForURL(({ hash }) => hash.includes(part));
  /** Waits for what the page does in its own time. */
  const placeWith = (part: string) => page.locator('.scrub-text', { hasText: part }).waitFor();
  const present = () => page.inputValue('#pages-present');

  test('shows the same step again after a reload', async () => {
    await open(`${ALL_FAIL}&step=8`);
    expect(await place()).toBe('step 8 of 255');
    expect(await windowNow(0)).toBe('0:2');
    expect(await page.locator('.stack').nth(1).locator('li').allInnerTexts()).toEqual([
      '4:2 top',
      '8:3',
      '16:4',
      '32:5',
      '64:6',
      '128:7',
      '256:8',
    ]);
    await page.keyboard.press('ArrowRight');
    await hashWith('step=9');
    await page.reload();
    await page.waitForSelector('.columns');
    expect(await place()).toBe('step 9 of 255');
    expect(await windowNow(1)).toBe('4:2');
  });

  test('is driven by the keyboard: step, back, ends, play and pause', async () => {
    await open(ALL_FAIL);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowLeft');
    expect(await place()).toBe('step 2 of 255');
    await page.keyboard.press('End');
    expect(await place()).toBe('step 255 of 255');
    await page.keyboard.press('Home');
    expect(await place()).toBe('step 1 of 255');
    await page.keyboard.press(' ');
    await page.locator('.scrub-text', { hasNotText: 'step 1 of' }).waitFor();
    await page.keyboard.press(' ');
    expect(await page.locator('.move-main').getAttribute('aria-label')).toBe('Play (space)');
    const paused = await place();
    await page.getByRole('slider').focus();
    await page.keyboard.press('ArrowRight');
    expect(Number(/\d+/.exec(await place())?.[0])).toBe(Number(/\d+/.exec(paused)?.[0]) + 1);
  });

  test('of a range that khugepaged does not look at say why, in one column, and can be taken all the same', async () => {
    await open(
      '#steps?always=none&from=python3 (4488), 0x7f00&ignored=settings&madvise=4&orders=none&present=0-511&right=none',
    );
    expect(await page.locator('.column').count()).toBe(1);
    expect(await text('.presets')).toContain('python3 (4488), 0x7f00: nothing collapses');
    expect(await text('.ignored')).toContain('sizes are enabled only for memory with MADV_HUGEPAGE');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Step as if it were enabled' }).click();
    await hashWith('orders=4');
    expect(await page.locator('.ignored').count()).toBe(0);
    expect(await text('.presets')).toContain('32 collapses');
    await page.getByLabel('Compare with').selectOption('stack');
    expect(await page.locator('.column').count()).toBe(2);
    await page.locator('#search-right').selectOption('none');
    expect(await page.locator('.column').count()).toBe(1);
    await hashWith('right=none');
    await page.reload();
    await page.waitForSelector('.columns');
    expect(await page.locator('.column').count()).toBe(1);
  });

  test('of a kernel that makes no enabled size say that it scans nothing', async () => {
    await open('#steps?model=linux-6.18&orders=2-8&present=0-511&right=none');
    expect(await text('.ignored')).toContain(
      'does not look at this range: no enabled size that this khugepaged makes: it makes the PMD size only',
    );
    expect(await page.locator('.column-result').count()).toBe(0);
    await page.getByRole('button', { name: 'Step as if it were enabled' }).click();
    await hashWith('orders=9');
  });

  test('plays to the end and stops there', async () => {
    await open('#steps?present=0-15&orders=2-4&limit=0&pmd=4&outcomes=2-4%3DSCAN_PAGE_COUNT&step=5');
    await page.selectOption('.speed select', '30');
    const play = page.getByRole('button', { name: 'Play (space)' });
    await play.click();
    await placeWith('step 7 of 7');
    await play.waitFor();
  });

  test('says the step aloud while it is not playing', async () => {
    await open(`${ALL_FAIL}&step=2`);
    const live = page.locator('.controls [aria-live]');
    expect(await live.getAttribute('aria-live')).toBe('polite');
    expect(await live.textContent()).toBe(
      'Step 2 of 255. Both: 0:8, 1M, pages 256, 256 needed: SCAN_PAGE_COUNT',
    );
  });

  test('paints with the mouse, undoes, and keeps the list in step', async () => {
    await open('#steps?present=0-3&orders=2-8&limit=0');
    const box = await page.locator('.pte-grid').first().boundingBox();
    if (!box) throw new Error('the grid is not on the page');
    const at = (column: number, row: number) =>
      [box.x + ((column + 0.5) * box.width) / 32, box.y + ((row + 0.5) * box.height) / 16] as const;
    await page.mouse.move(...at(8, 0));
    await page.mouse.down();
    await page.mouse.move(...at(11, 0), { steps: 3 });
    await page.mouse.up();
    expect(await present()).toBe('0-3,8-11');
    expect(await text('.column-result')).toContain('2 collapses');
    await page.mouse.click(...at(0, 1));
    expect(await present()).toBe('0-3,8-11,32');
    await page.mouse.click(...at(0, 1));
    expect(await present()).toBe('0-3,8-11');
    for (let i = 0; i < 3; i++) await page.keyboard.press('Control+z');
    expect(await present()).toBe('0-3');
    await page.keyboard.press('Control+Shift+Z');
    expect(await present()).toBe('0-3,8-11');
    await hashWith('present=0-3,8-11');
  });

  test('paints with the keyboard', async () => {
    await open('#steps?present=0-3&orders=2-8&limit=0');
    await page.getByText('swap', { exact: true }).click();
    await page.locator('.pte-grid').nth(1).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press(' ');
    for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+ArrowRight');
    expect(await page.inputValue('#pages-swap')).toBe('32-35');
    expect(await page.locator('#cursor-right').textContent()).toBe('PTE 35, in swap');
    expect(await place()).toBe('no steps');
    expect(await text('.step-over')).toContain('SCAN_LACK_REFERENCED_PAGE');
  });

  test('takes lists as they are typed, and says what is wrong with them', async () => {
    await open('#steps?present=0-3&orders=2-8&limit=0');
    await page.fill('#pages-present', '0-15,');
    expect(await text('#pages-present-error')).toContain("'' is not a page");
    await page.fill('#pages-present', '0-15');
    expect(await page.locator('#pages-present-error').count()).toBe(0);
    expect(await text('.column-result')).toContain('1 collapse, 16 pages covered');
    await page.fill('#pages-present', '0-600');
    expect(await text('#pages-present-error')).toContain('0-600 is out of range');
    expect(await page.getAttribute('#pages-present', 'aria-invalid')).toBe('true');
    await page.getByRole('button', { name: 'Fill' }).click();
    expect(await present()).toBe('0-511');
    expect(await page.getAttribute('#pages-present', 'aria-invalid')).toBe('false');
  });

  test('decides outcomes by a click on a window, and forgets them again', async () => {
    await open('#steps?present=0-511&orders=2-9&limit=511');
    expect(await place()).toBe('step 1 of 1');
    const strip = page.locator('.strip-windows').first();
    await strip.click({ position: { x: 100, y: 3 } });
    expect(await text('#outcome-title')).toContain('0:9 (2M)');
    await page.getByText('SCAN_ALLOC_HUGE_PAGE_FAIL').click();
    expect(await place()).toBe('step 1 of 3');
    expect(await text('.rules code')).toBe('0:9=SCAN_ALLOC_HUGE_PAGE_FAIL');
    await page.keyboard.press('ArrowRight');
    await page.locator('.step-words button').first().click();
    await page.getByText('Every window of 1M').click();
    await page.getByText('SCAN_CGROUP_CHARGE_FAIL').click();
    expect(await page.locator('.rules code').allInnerTexts()).toEqual([
      '0:9=SCAN_ALLOC_HUGE_PAGE_FAIL',
      '8=SCAN_CGROUP_CHARGE_FAIL',
    ]);
    expect(await text('.column-result')).toContain('nothing collapses; 2 steps, 2 attempts');
    await hashWith('outcomes=0:9');
    await page.getByRole('button', { name: 'Remove 0:9' }).click();
    expect(await text('.column-result')).toContain('1 collapse, 512 pages');
    await page.locator('#outcome-rule').fill('9=SCAN_NOTHING');
    await page.keyboard.press('Enter');
    expect(await text('#outcome-rule-error')).toContain('not a result of khugepaged');
  });

  test('finds the first difference, by steps and by attempts', async () => {
    await open('#steps');
    await page.selectOption('#steps-preset', 'v17');
    expect(await text('.comparison')).toBe('first difference at step 8');
    await page.locator('.comparison').click();
    expect(await place()).toMatch(/^step 8 of/);
    expect(await page.locator('.row-now .row-sign').innerText()).toBe('≠ first');
    await page.getByText('by attempts').click();
    expect(await text('.comparison')).toBe('same attempts');
    await hashWith('by=attempts');
    await page.selectOption('#steps-preset', 'small-step');
    expect(await text('.comparison')).toBe('first difference at step 3');
    await page.getByText('by attempts').click();
    expect(await text('.comparison')).toBe('the results differ');
    expect(await page.locator('.column-result').nth(1).innerText()).toContain('2:2, which is not aligned');
  });

  test('goes to the step that is clicked, and back in the browser to the case before', async () => {
    await open('#steps');
    await page.selectOption('#steps-preset', 'all-fail');
    await page.locator('#row-7').click();
    expect(await windowNow(0)).toBe('0:3');
    await page.locator('.step-rows').focus();
    await page.keyboard.press('ArrowDown');
    expect(await windowNow(0)).toBe('0:2');
    await page.goBack();
    // A link that names no range opens at attempts.
    await placeWith('attempt 1 of');
    expect(await page.inputValue('#steps-preset')).toBe('example');
  });

  test('lists all steps beside the grids from a width of 1024 on, one column or two', async () => {
    const wide = page.viewportSize()!;
    for (const [width, right] of [
      [1024, 'stack'],
      [1280, 'stack'],
      [1440, 'none'],
    ] as const) {
      await page.setViewportSize({ width, height: 900 });
      await open(`#steps?present=4-7,12-27&orders=2-8&limit=0&right=${right}`);
      const grid = (await page.locator('.pte-grid').last().boundingBox())!;
      const list = (await page.locator('.step-list').boundingBox())!;
      expect(list.x, `${width}`).toBeGreaterThan(grid.x + grid.width);
      expect(list.y).toBeLessThan(grid.y + grid.height);
      expect(list.x + list.width).toBeLessThan(width);
    }
    await page.setViewportSize(wide);
  });

  test('changes the policy and the shape of the range', async () => {
    await open('#steps?present=0-511&orders=2-9&limit=0');
    await page.getByRole('checkbox', { name: '2M' }).uncheck();
    expect(await text('.column-result')).toContain('2 collapses');
    await page.locator('#steps-maxPtesNone').fill('300');
    expect(await text('.note >> nth=1')).toContain('300 counts as 0');
    await page.selectOption('#steps-pmd', '4');
    expect(await present()).toBe('0-15');
    await hashWith('pmd=4');
    await page.getByRole('button', { name: /Next pass after walk/ }).click();
    expect(await text('.column-result')).toContain('SCAN_PMD_MAPPED');
  });

  test('axe-core has nothing against it, light, dark and narrow, nor against the dialog of an outcome', async () => {
    await open(`${ALL_FAIL}&step=8`);
    expect(await faultsOf(page)).toEqual([]);
    await page.selectOption('#steps-preset', 'swap');
    await page.locator('.step-words button').first().click();
    expect(await faultsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
  });
});
