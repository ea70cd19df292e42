import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readScenario } from '../../src/cli/simulate/scenario-file.ts';
import { formatBytes } from '../../src/core/base/bytes.ts';
import { asOrder, orderSet } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { withOrdersAlways } from '../../src/core/rules/thp-settings.ts';
import { DEFAULT_CALIBRATION } from '../../src/khugepaged/costs.ts';
import { styleOf } from '../../src/render/text/layout/style.ts';
import { summaryLines } from '../../src/render/text/simulate/simulate-summary.ts';
import { loadScenario } from '../../src/simulation/load-scenario.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import type { SimulationReport } from '../../src/simulation/simulation-report.ts';
import { CHROMIUM, launchBrowser } from '../support/browser.ts';
import { goTo, openApp } from './app-page.ts';
import { faultsOf } from './axe.ts';

const DONE = '.run-status:has-text("done")';

/** What the library says of a scenario, as the command line would run it. */
async function libraryReport(
  name: string,
  seed: number,
  orders?: readonly number[],
): Promise<SimulationReport> {
  const read = await readScenario({ path: name, name });
  if (!read.ok) throw new Error(read.failure.message);
  const { scenario } = read.value;
  const { kernel, until } = scenario;
  const loaded = loadScenario(scenario, KERNEL_MODELS[kernel], DEFAULT_CALIBRATION, seed);
  if (!loaded.ok) throw new Error(loaded.failure.message);
  const host = loaded.value;
  if (orders) {
    const { settings } = host.system.machine;
    host.applySettings(withOrdersAlways({ ...settings, maxPtesNone: 0 }, orderSet(orders.map(asOrder))));
  }
  return new Simulation(host, { seed, until, calibration: DEFAULT_CALIBRATION.name }).run();
}

describe.skipIf(!CHROMIUM)('timeline', () => {
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];

  beforeAll(async () => {
    browser = await launchBrowser();
    ({ page, complaints } = await openApp(browser, '#timeline', { viewport: { width: 1280, height: 900 } }));
  });
  afterAll(() => browser?.close());
  afterEach(() => expect(complaints).toEqual([]));

  const open = (hash: string) => goTo(page, `#${hash}`);
  const text = (selector: string) => page.locator(selector).innerText();
  const moment = () => text('.scrubber output');
  const params = () => Object.fromEntries(new URLSearchParams(page.url().split('?')[1]));
  const words = (all: string) => all.split(/\s+/).filter(Boolean).join(' ');

  test('a scenario is chosen, runs, and says what the library says of the same seed', async () => {
    await open('timeline');
    await page.getByRole('button', { name: 'Redis after deleting four keys of five' }).click();
    await page.waitForSelector(DONE);
    const report = await libraryReport('redis-delete', 1);
    const facts = words(await text('.run-facts'));
    for (const line of summaryLines(report, styleOf(false))) expect(facts).toContain(words(line));
    const last = report.samples.at(-1)!;
    const legend = words(await text('.chart-tall .chart-legend'));
    expect(legend).toContain(`RSS ${formatBytes(last.rssPages * 4096)}`);
    expect(legend).toContain(`2M ${formatBytes(last.pagesByOrder[9] * 4096)}`);
    const figures = words(await text('.run-figures'));
    expect(figures).toContain(`RSS at the end ${formatBytes(last.rssPages * 4096)}`);
    expect(figures).toContain(`for ${last.collapses} collapses`);
    // Chart and map are seen together.
    await page.setViewportSize({ width: 1440, height: 900 });
    for (const seen of ['.chart-tall', '.moment-frame']) {
      const { y, height } = (await page.locator(seen).boundingBox())!;
      expect(y + height, seen).toBeLessThanOrEqual(900);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.getByText('samples as a table').click();
    await expect.poll(() => page.locator('.sample-table tbody tr').count()).toBe(report.samples.length);
  });

  test('a link says seed, settings and moment, and a reload shows the same', async () => {
    const link = 'timeline?moment=50s&scenario=scaled-creep&seed=3&simNone=0&simOrders=2-9';
    await open(link);
    await page.waitForSelector(DONE);
    const report = await libraryReport('scaled-creep', 3, [2, 3, 4, 5, 6, 7, 8, 9]);
    const facts = words(await text('.run-facts'));
    for (const line of summaryLines(report, styleOf(false))) expect(facts).toContain(words(line));
    // The samples are 1.6s apart: this is the last one that is not after 50s.
    const before = report.samples.filter(({ at }) => at <= 50e9).at(-1)!;
    expect(await moment()).toBe(`${before.at / 1e9}s`);
    await page.waitForSelector(`h2:has-text("The map at ${before.at / 1e9}s")`);
    expect(await text('.map-summary')).toContain(`${formatBytes(before.rssPages * 4096)} in 32 PMD ranges`);
    const picture = await page.locator('.moment-frame canvas').screenshot();
    expect(page.url().split('#')[1]).toBe(link);
    await page.reload();
    await page.waitForSelector(`h2:has-text("The map at ${before.at / 1e9}s")`);
    expect(words(await text('.run-facts'))).toBe(facts);
    expect(picture.equals(await page.locator('.moment-frame canvas').screenshot())).toBe(true);
  });

  test('keys move through time, play it, and go from range to range', async () => {
    await open('timeline?moment=60s&scenario=scaled-creep');
    await page.waitForSelector(DONE);
    const scrubber = page.getByRole('slider', { name: 'Moment of the map' });
    await scrubber.focus();
    const first = await moment();
    await page.keyboard.press('ArrowRight');
    await expect.poll(moment).not.toBe(first);
    await page.keyboard.press('ArrowLeft');
    await expect.poll(moment).toBe(first);
    await page.keyboard.press('Home');
    await expect.poll(moment).toBe('0s');
    await page.keyboard.press('Space');
    await page.waitForSelector('button:has-text("Pause")');
    await expect.poll(moment).not.toBe('0s');
    await page.keyboard.press('Space');
    await page.waitForSelector('button:has-text("Play")');
    await page.keyboard.press('End');
    await page.locator('.moment-frame canvas').focus();
    const address = () => text('.range-details .mono');
    const start = await address();
    await page.keyboard.press('ArrowRight');
    await expect.poll(address).not.toBe(start);
    expect(await text('.range-counts')).toMatch(/\d+ of 512 PTEs/);
    const listed = page.locator('.marker-list button').last();
    await listed.focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => params().moment).toMatch(/s$/);
  });

  test('a drag zooms all charts, a button shows the whole run again', async () => {
    await open('timeline?scenario=scaled-creep');
    await page.waitForSelector(DONE);
    const chart = page.locator('.chart-tall .u-over');
    await chart.waitFor();
    await chart.scrollIntoViewIfNeeded();
    const box = (await chart.boundingBox())!;
    await page.mouse.move(box.x + 50, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + 250, box.y + 60, { steps: 4 });
    await page.mouse.up();
    const whole = page.getByRole('button', { name: 'Whole run' });
    await expect.poll(() => whole.isEnabled()).toBe(true);
    await whole.click();
    await expect.poll(() => whole.isEnabled()).toBe(false);
    await page.mouse.click(box.x + 100, box.y + 50);
    await expect.poll(() => params().moment).toMatch(/s$/);
  });

  test('a long run can be stopped, and shows what it has come to', async () => {
    await open('timeline?scenario=mthp-only&until=20d');
    await page.waitForSelector('.run-status:has-text("of virtual time")');
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.waitForSelector('.run-status:has-text("stopped by you")');
    await page.waitForSelector('h2:has-text("The map at")');
    await page.getByLabel('until').fill('30s');
    await page.keyboard.press('Enter');
    await page.waitForSelector(DONE);
    expect(params().until).toBe('30s');
    expect(await text('.run-status')).toContain('30s of virtual time');
  });

  test('the open memory is simulated under the chosen policy', async () => {
    await open('timeline?always=9&none=511&scenario=memory&source=example:redis');
    await page.waitForSelector(DONE);
    expect(await text('.run-facts')).toMatch(/143 collapses/);
    expect(await page.locator('.run-head').textContent()).toContain('max_ptes_none 511');
  });

  test('what cannot be meant is said', async () => {
    await open('timeline?scenario=redis-delete&simOrders=1');
    await page.waitForSelector('[role=alert] .failure');
    expect(await text('[role=alert] .failure')).toContain('1');
  });

  test('the map comes to the moment that was asked for last, however fast they follow each other', async () => {
    await open('timeline?moment=0s&scenario=scaled-creep');
    await page.waitForSelector(DONE);
    // A worker with much to do.
    await page.evaluate(() => {
      const { postMessage } = Worker.prototype;
      Object.assign(window, { atOnce: () => Object.assign(Worker.prototype, { postMessage }) });
      Worker.prototype.postMessage = function (this: Worker, ...words: unknown[]) {
        setTimeout(() => Reflect.apply(postMessage, this, words), 60);
      };
    });
    await page.getByRole('button', { name: 'Next moment' }).evaluate(async (button: HTMLButtonElement) => {
      for (let i = 0; i < 20; i++) {
        button.click();
        await new Promise(requestAnimationFrame);
      }
    });
    await expect.poll(async () => (await text('#map-title')) === `The map at ${await moment()}`).toBe(true);
    await page.evaluate(() => (window as unknown as { atOnce(): void }).atOnce());
  });

  test('steps are all that moves where motion is not wanted', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await open('timeline?scenario=scaled-creep');
    await page.waitForSelector(DONE);
    expect(await page.getByRole('button', { name: 'Play' }).count()).toBe(0);
    const before = await moment();
    await page.getByRole('button', { name: 'Previous moment' }).click();
    await expect.poll(moment).not.toBe(before);
    await page.emulateMedia({ reducedMotion: null });
  });

  test('axe has nothing against it, light, dark and narrow', async () => {
    await open('timeline');
    await page.waitForSelector('.scenario-cards');
    expect(await faultsOf(page)).toEqual([]);
    await open('timeline?moment=7s&scenario=swap-pressure&until=8s');
    await page.waitForSelector(DONE);
    await page.waitForSelector('.chart-tall .u-over');
    await page.locator('.moment-frame canvas').focus();
    await page.getByText('samples as a table').click();
    expect(await faultsOf(page)).toEqual([]);
  });
});
