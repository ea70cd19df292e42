import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Advice, Adviser } from '../../src/analysis/advice/advise.ts';
import { paretoFront, type SweptResult } from '../../src/analysis/sweep/pareto.ts';
import { type SweepSpace } from '../../src/analysis/sweep/sweep.ts';
import { allNoneLimits, allOrderSets } from '../../src/analysis/sweep/sweep-space.ts';
import { percent } from '../../src/core/base/percent.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { formatOrders, NO_ORDERS } from '../../src/core/memory/order.ts';
import { modelOfRelease, NEWEST_MODEL } from '../../src/core/rules/kernel-release.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { writeScript } from '../../src/render/text/advise/write-script.ts';
import { adviceLine, worthCells } from '../../src/render/words/advise/advise-view.ts';
import { sizesLine } from '../../src/render/words/sizes.ts';
import { envelopeOf, frameOf, xOf, yOf } from '../../web/tradeoff/chart-frame.ts';
import { pointsOf } from '../../web/tradeoff/sweep-points.ts';
import { CHROMIUM, launchBrowser } from '../support/browser.ts';
import { sweepAll } from '../support/sweep-all.ts';
import { goTo, openApp, typeNumber } from './app-page.ts';
import { faultsOf } from './axe.ts';
import { type KnownMemory, readKnown } from './library.ts';

const REDIS = '#tradeoff?source=example:redis';

interface Known extends KnownMemory {
  readonly space: SweepSpace;
  readonly values: Float64Array;
  readonly front: readonly SweptResult[];
  advise(growthPages: number, laterAttempts: number | undefined): Advice;
}

/** All policies as the command line asks about them. */
async function sweepKnown(path: string): Promise<Known> {
  const known = await readKnown(path);
  const { memory, host } = known;
  const { maxPtesSwap, maxPtesShared } = host.settings ?? defaultSettings(host.geometry);
  const models = [modelOfRelease(host.kernelRelease) ?? NEWEST_MODEL];
  const space: SweepSpace = {
    models,
    enabled: ['always'],
    orders: allOrderSets(host.geometry, models),
    maxPtesNone: allNoneLimits(memory),
    maxPtesSwap,
    maxPtesShared,
    kept: NO_ORDERS,
  };
  const values = sweepAll(memory, space);
  const adviser = new Adviser({
    source: known.digest,
    memory,
    model: models[0],
    base: host.settings ?? defaultSettings(host.geometry),
    space,
    values,
  });
  return {
    ...known,
    space,
    values,
    front: paretoFront(space, values),
    advise: (growthPages, laterAttempts) =>
      adviser.advise({ growth: 'both', growthPages, laterAttempts, within: 0.01 }),
  };
}

describe.skipIf(!CHROMIUM)('trade-off', () => {
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];
  let redis: Known;
  beforeAll(async () => {
    browser = await launchBrowser();
    ({ page, complaints } = await openApp(browser, '#tradeoff'));
    redis = await sweepKnown('examples/redis.parquet');
  });
  afterAll(() => browser?.close());
  afterEach(() => expect(complaints).toEqual([]));

  async function openTradeoff(hash: string): Promise<void> {
    await goTo(page, hash);
    await whenSwept(page);
  }

  test('without memory it says so', async () => {
    await page.waitForSelector('text=No memory is open');
  });

  test('a row is taken: the panel and the link follow', async () => {
    await openTradeoff(REDIS);
    const { policy, metrics } = envelopeOf(redis.front)[0];
    await page.click('.tradeoff-front button[aria-label^=Take] >> nth=0');
    await page.waitForSelector('.tradeoff-front tr[aria-current] >> text=chosen');
    await page.waitForFunction(
      (text) => location.hash.includes(text),
      `always=${formatOrders(policy.orders)}&front=growth&kernel`.replace('&front=growth', ''),
    );
    expect(await page.inputValue('#max_ptes_none')).toBe(String(policy.maxPtesNone));
    await page.goBack();
    await expect.poll(() => page.inputValue('#max_ptes_none')).toBe('511');
    expect(await page.locator('.tradeoff-front tr[aria-current]').count()).toBe(0);
    await page.goForward();
    const share = percent(metrics.hugePages, redis.memory.residentPages);
    await page.waitForSelector(`.policy-outcome >> text=${share}`);
    // What was taken is copied at the next click.
    await page.evaluate(() => {
      const writeText = async (text: string) => void Object.assign(window, { written: text });
      Object.defineProperty(navigator, 'clipboard', { value: { writeText }, configurable: true });
    });
    await page.getByRole('button', { name: 'Copy its writes' }).click();
    await page.waitForSelector('.tradeoff-chosen >> text=copied');
    expect(await page.evaluate(() => (window as unknown as { written: string }).written)).toBe(
      await page.locator('.policy-script pre').first().textContent(),
    );
  });

  test('by keyboard: along the front, Enter takes, a reload shows the same', async () => {
    await openTradeoff(REDIS);
    const chart = page.locator('.tradeoff-chart canvas');
    await page.focus('input[name=axis]:checked');
    await page.keyboard.press('Tab');
    await page.waitForSelector('.tradeoff-tip');
    expect(await chart.getAttribute('aria-valuemax')).toBe(String(redis.front.length));
    for (const key of ['End', 'PageDown', 'ArrowLeft', 'ArrowLeft']) await page.keyboard.press(key);
    const at = redis.front[redis.front.length - 13];
    expect(await chart.getAttribute('aria-valuenow')).toBe(String(redis.front.length - 12));
    const words = `max_ptes_none ${at.policy.maxPtesNone}`;
    expect(await chart.getAttribute('aria-valuetext')).toContain(words);
    expect(await page.innerText('.tradeoff-tip')).toContain(words);
    await page.keyboard.press('Enter');
    await page.waitForFunction(
      ([always, none]) => location.hash.includes(always) && location.hash.includes(none),
      [`always=${formatOrders(at.policy.orders)}&`, `none=${at.policy.maxPtesNone}`],
    );
    await page.waitForSelector('.tradeoff-front tr[aria-current]');
    await chart.blur();
    const text = await page.innerText('.tradeoff');
    await page.reload();
    await whenSwept(page);
    await expect.poll(() => page.innerText('.tradeoff')).toBe(text);
  });

  test('pointing at a policy names it, a click takes it', async () => {
    await openTradeoff(REDIS);
    const box = await page.locator('.tradeoff-chart canvas').boundingBox();
    if (!box) throw new Error('the chart has no place');
    // The line around the canvas is no part of the chart.
    const frame = frameOf(
      box.width - 2,
      box.height - 2,
      pointsOf(redis.space, redis.values),
      redis.memory.residentPages,
      'log',
    );
    const envelope = envelopeOf(redis.front);
    const { policy, metrics } = envelope[Math.floor(envelope.length / 2)];
    const x = box.x + 1 + xOf(frame, metrics.growthPages);
    const y = box.y + 1 + yOf(frame, metrics.hugePages);
    await page.mouse.move(x, y);
    const tip = page.locator('.tradeoff-tip', { hasText: `max_ptes_none ${policy.maxPtesNone}` });
    await tip.locator(`text=RSS +${formatSize(metrics.growthPages, redis.host.geometry)}`).waitFor();
    await page.mouse.down();
    await page.mouse.up();
    await expect.poll(() => page.inputValue('#max_ptes_none')).toBe(String(policy.maxPtesNone));
  });

  test('the front is that of the command line, in a table that can be sorted', async () => {
    await openTradeoff(`${REDIS}&front=-huge`);
    await page.waitForSelector(`text=${redis.front.length} policies are beaten by no other`);
    const cells = (results: readonly SweptResult[]) =>
      results.map(({ policy, metrics }) => [
        sizesLine(policy.orders, redis.host.geometry),
        String(policy.maxPtesNone),
        percent(metrics.hugePages, redis.memory.residentPages),
        `+${formatSize(metrics.growthPages, redis.host.geometry)}`,
        metrics.attempts.toLocaleString('en-US'),
        metrics.laterAttempts.toLocaleString('en-US'),
      ]);
    const envelope = new Set(cells(envelopeOf(redis.front)).map(String));
    const few = await frontOf(page);
    expect(few).toHaveLength(20);
    expect(few.filter((row) => !envelope.has(String(row)))).toEqual([]);
    await page.click(`text=Show all ${redis.front.length}`);
    const byHuge = redis.front.toSorted((a, b) => b.metrics.hugePages - a.metrics.hugePages);
    expect(await frontOf(page)).toEqual(cells(byHuge));
    await page.click('.tradeoff-front th button >> text=later');
    await page.click('.tradeoff-front th button >> text=later');
    await page.waitForFunction(() => /front=later/.test(location.hash));
    expect(await frontOf(page)).toEqual(
      cells(redis.front.toSorted((a, b) => a.metrics.laterAttempts - b.metrics.laterAttempts)),
    );
  });

  test('other axes have a front of their own', async () => {
    await openTradeoff(REDIS);
    await page.selectOption('select[aria-label="Upward axis"]', 'tlb');
    await page.selectOption('select[aria-label="Axis to the right"]', 'restart');
    const front = paretoFront(redis.space, redis.values, { cost: 'restartGrowthPages', gain: 'tlbEntries' });
    await page.waitForSelector(`text=${front.length} policies are beaten by no other`);
    const entries = Math.round(front[0].metrics.tlbEntries).toLocaleString('en-US');
    expect(await frontOf(page)).toContainEqual(expect.arrayContaining([entries]));
    expect(await page.evaluate(() => location.hash)).toContain('cost=restart&gain=tlb');
  });

  test('a budget that cannot be meant is refused: nothing is applied, and the one in force comes back', async () => {
    await openTradeoff(`${REDIS}&budget=-5&work=-1`);
    expect(await page.inputValue('#budget-growth')).toBe('5');
    expect(await page.inputValue('#budget-work')).toBe('any');
    for (const [id, texts, value] of [
      ['#budget-growth', ['-5', '', 'much', '1e-9'], '5'],
      ['#budget-work', ['-5', '', '1.5', 'many'], '100'],
    ] as const) {
      await typeNumber(page, '#budget-work', '100');
      const field = page.locator(id);
      for (const text of texts) {
        await field.fill(text);
        expect(await field.getAttribute('aria-invalid'), text).toBe('true');
        expect(await page.innerText(`${id}-reach`)).toBe('0 or more, or any');
        await field.blur();
        await expect.poll(() => field.inputValue()).toBe(value);
      }
    }
    await page.waitForFunction(() => location.hash.includes('work=100'));
    expect(await page.evaluate(() => location.hash)).not.toContain('budget=none');
    await typeNumber(page, '#budget-growth', 'any');
    await page.waitForFunction(() => location.hash.includes('budget=none'));
    expect(await page.inputValue('#budget-growth')).toBe('any');
  });

  test('the sliders of the budget go from 0 to no limit by keyboard; the advice is taken', async () => {
    await openTradeoff(REDIS);
    const slider = page.locator('.tradeoff-limit input[type=range]').first();
    await slider.focus();
    await page.keyboard.press('End');
    await page.waitForFunction(() => location.hash.includes('budget=none'));
    expect(await slider.getAttribute('aria-valuetext')).toBe('any growth');
    await page.keyboard.press('Home');
    await page.waitForFunction(() => location.hash.includes('budget=0'));
    const none = redis.advise(0, undefined);
    expect(none.leave).toBe(true);
    await page.waitForSelector(`.tradeoff-sentence >> text=${adviceLine(none, redis.host.geometry)}`);
    await page.keyboard.press('End');
    const any = redis.advise(Infinity, undefined);
    expect(any.leave).toBe(false);
    await page.waitForSelector(`.tradeoff-sentence >> text=${adviceLine(any, redis.host.geometry)}`);
    await page.click('text=Take it');
    await page.waitForSelector('.tradeoff-advice button:disabled >> text=Chosen');
    expect(await page.inputValue('#max_ptes_none')).toBe(String(any.advised.settings.maxPtesNone));
  });

  test('what is shown keeps its place while all policies are asked again', async () => {
    await openTradeoff(REDIS);
    await page.evaluate(() => {
      const tops = new Set<number>();
      const note = () => {
        const busy = document.querySelector('.tradeoff-progress:not(.is-idle)');
        const chart = document.querySelector('.tradeoff-chart');
        if (chart) tops.add(chart.getBoundingClientRect().top);
        document.body.dataset.tops = [...tops].join();
        if (busy) document.body.dataset.busy = 'seen';
      };
      new MutationObserver(note).observe(document.body, {
        subtree: true,
        childList: true,
        attributeFilter: ['class'],
      });
      note();
    });
    await typeNumber(page, '#max_ptes_swap', '3');
    await page.waitForSelector('body[data-busy]');
    await page.waitForSelector('.tradeoff-progress.is-idle', { state: 'attached' });
    await whenSwept(page);
    expect(await page.evaluate(() => document.body.dataset.tops?.split(','))).toHaveLength(1);
  });

  test('a kernel that no digest answers for is refused in words, with another one to ask', async () => {
    await goTo(page, `${REDIS}&kernel=scaled`);
    await page.waitForSelector('text=thpscope sweep does so for up to 4,096 policies');
    await page.waitForSelector('.policy-outcome >> text=later passes are not known');
    await page.click('text=Ask linux-7.3');
    await whenSwept(page);
    await page.selectOption('#kernel-model', 'linux-6.18');
    await page.waitForSelector('text=by the rules of linux-6.18');
  });

  test('axe has nothing to say, light, dark and narrow, nothing is too wide', async () => {
    await openTradeoff(`${REDIS}&axis=linear&budget=none`);
    await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
    });
    expect(await faultsOf(page)).toEqual([]);
  });

  test.each(['redis', 'gcc', 'java', 'node', 'postgresql', 'python'])(
    '%s: what fits a budget is what thpscope advise says',
    async (program) => {
      const path = program === 'redis' ? 'examples/redis.parquet' : `examples/programs/${program}.parquet`;
      const known = program === 'redis' ? redis : await sweepKnown(path);
      const { memory, host } = known;
      await goTo(page, '#start');
      await page.setInputFiles('input[type=file]', path);
      await page.waitForSelector('.policy-outcome dl');
      await page.click('nav >> text=Trade-off');
      await whenSwept(page);
      for (const [growth, work] of [
        ['5', 'any'],
        ['2', '50'],
        ['any', 'any'],
        ['0', '0'],
      ]) {
        await typeNumber(page, '#budget-growth', growth);
        await typeNumber(page, '#budget-work', work);
        const growthPages =
          growth === 'any' ? Infinity : Math.floor((memory.residentPages * Number(growth)) / 100);
        const laterAttempts = work === 'any' ? undefined : Number(work);
        const advice = known.advise(growthPages, laterAttempts);
        await page.waitForSelector(
          `.tradeoff-sentence >> text=${JSON.stringify(adviceLine(advice, host.geometry))}`,
        );
        const { advised, inForce, leave, set, restore } = advice;
        const columns = [...(inForce ? [inForce] : []), ...(leave ? [] : [advised])];
        const cells = columns.map((each) => worthCells(each, memory));
        await expect
          .poll(() => page.locator('.tradeoff-worth tbody td').allTextContents())
          .toEqual(
            (['entries', 'restartEntries', 'growth', 'restartGrowth', 'laterAttempts'] as const).flatMap(
              (name) => cells.map((each) => each[name]),
            ),
          );
        await expect
          .poll(() => page.locator('.tradeoff-advice pre').allTextContents())
          .toEqual(leave ? [] : [set, ...(restore ? [restore] : [])].map((list) => writeScript(list)));
      }
    },
  );
});

async function whenSwept(page: Page): Promise<void> {
  await page.waitForSelector('.tradeoff-front tbody tr');
  await page.waitForSelector('.tradeoff-sentence');
  await page.waitForFunction(() => /beaten by no other/.test(document.body.textContent ?? ''));
}

/** The front as the table has it, without its buttons. */
function frontOf(page: Page): Promise<string[][]> {
  return page
    .locator('.tradeoff-front tbody tr')
    .evaluateAll((rows) =>
      rows.map((row) => [...row.querySelectorAll('td')].slice(0, -1).map((cell) => cell.textContent ?? '')),
    );
}
