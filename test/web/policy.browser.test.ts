import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { growthOf, restartGrowthOf } from '../../src/analysis/ranges/tally.ts';
import { tallyEntries } from '../../src/analysis/ranges/tally-entries.ts';
import { writesBetween } from '../../src/analysis/sweep/sysfs-writes.ts';
import { formatBytes } from '../../src/core/base/bytes.ts';
import { percent } from '../../src/core/base/percent.ts';
import { sum } from '../../src/core/base/sum.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { NO_ORDERS, orderSet } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { writeScript } from '../../src/render/text/advise/write-script.ts';
import { writeCaveats } from '../../src/render/words/advise/advise-view.ts';
import { reachWords } from '../../src/render/words/tlb-words.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { firstChoice, type PolicyChoice, settingsFrom, settingsOf } from '../../web/policy/choice.ts';
import { processItem, rangesItem, vmaItem } from '../analysis/streams.ts';
import { CHROMIUM, launchBrowser } from '../support/browser.ts';
import { rangeOf, valueOf } from '../support/ranges.ts';
import { goTo, openApp, typeNumber } from './app-page.ts';
import { faultsOf } from './axe.ts';
import { type KnownMemory, readKnown } from './library.ts';

/** What the example was recorded under. */
const RECORDED = 'always=none&madvise=9&none=511&swap=64&shared=256&kernel=linux-6.18';
const MIXED = 'always=2-6,9&madvise=none&none=124';

describe.skipIf(!CHROMIUM)('policy panel', () => {
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];
  let redis: KnownMemory;
  beforeAll(async () => {
    browser = await launchBrowser();
    ({ page, complaints } = await openApp(browser, '#map?source=example:redis'));
    redis = await readKnown('examples/redis.parquet');
  });
  afterAll(() => browser?.close());
  afterEach(() => expect(complaints).toEqual([]));

  async function openPanel(params: string): Promise<void> {
    await goTo(page, `#map?source=example:redis${params && '&'}${params}`);
    await whenJudged(page);
  }

  /** Waits until the address bar, which follows with a delay, says what the page shows. */
  const linkWith = (part: string) =>
    page.waitForFunction((text) => location.hash.split(/[?&]/).includes(text), part);

  test('switches of sizes, limits and kernels say what the library says, and the link follows', async () => {
    await openPanel(RECORDED);
    let choice = firstChoice(redis.host);
    expect(choice.model).toBe('linux-6.18');
    await expectOutcome(page, redis, choice);
    await page.selectOption('#kernel-model', 'linux-7.2');
    choice = { ...choice, model: 'linux-7.2' };

    for (const order of [2, 4, 9]) {
      const size = formatBytes(2 ** (12 + order));
      await page.locator(`[aria-label="${size} folios"] >> text=always`).click();
    }
    choice = { ...choice, always: orderSet([2, 4, 9]), madvise: NO_ORDERS };
    await expectOutcome(page, redis, choice);
    await linkWith('always=2,4,9');

    await typeNumber(page, '#max_ptes_none', '300');
    choice = { ...choice, maxPtesNone: 300 };
    await expectOutcome(page, redis, choice);
    await page.waitForSelector('.policy >> text=for them 300 counts as 0');
    await page.click('.policy-end >> nth=1');
    choice = { ...choice, maxPtesNone: 511 };
    await expectOutcome(page, redis, choice);
    expect(await page.locator('.policy-warning').count()).toBe(0);

    for (const model of Object.keys(KERNEL_MODELS) as (keyof typeof KERNEL_MODELS)[]) {
      choice = { ...choice, maxPtesNone: 300, model };
      await typeNumber(page, '#max_ptes_none', '300');
      await page.selectOption('#kernel-model', model);
      await expectOutcome(page, redis, choice);
    }
  });

  test.each(['gcc', 'java', 'node', 'postgresql', 'python'])(
    '%s, dropped as a file: process by process, and what stays as it is',
    async (program) => {
      const path = `examples/programs/${program}.parquet`;
      const known = await readKnown(path);
      await goTo(page, `#start?${MIXED}`);
      await page.setInputFiles('input[type=file]', path);
      await whenJudged(page);
      const first = firstChoice(known.host);
      const always = orderSet([2, 3, 4, 5, 6, 9]);
      const choice = { ...first, always, madvise: NO_ORDERS, maxPtesNone: 124 };
      await expectOutcome(page, known, choice);

      const { total, processes } = await known.predict(choice);
      const rows = processes
        .filter(({ tally }) => tally.ranges > 0)
        .toSorted((a, b) => b.tally.residentPages - a.tally.residentPages)
        .toSorted((a, b) => growthOf(b.tally) - growthOf(a.tally))
        .map(({ process, tally }) => [
          process.command,
          `+${formatSize(growthOf(tally), known.host.geometry)}`,
          formatSize(tally.residentPages, known.host.geometry),
          formatSize(sum(tally.pagesBefore.slice(1)), known.host.geometry),
          // In use, as in the summary: filled pages were not.
          formatSize(sum(tally.pagesAfter.slice(1)) - tally.filledPages, known.host.geometry),
          String(process.pid),
        ]);
      await expect.poll(() => cellsOf(page, '.policy .sortable tbody tr')).toEqual(rows);

      const reasons = await page.locator('.policy-reasons li').allTextContents();
      const refused = [...total.refused.values()];
      const collapsing = {
        pages: total.residentPages - sum(refused.map(({ pages }) => pages)),
        ranges: total.ranges - sum(refused.map(({ ranges }) => ranges)),
      };
      const kinds = collapsing.ranges > 0 ? [collapsing, ...refused] : refused;
      expect(reasons).toHaveLength(kinds.length);
      for (const { pages, ranges } of kinds)
        expect(
          reasons.some(
            (text) =>
              text.startsWith(formatSize(pages, known.host.geometry)) &&
              text.includes(`${ranges.toLocaleString('en-US')} range`),
          ),
        ).toBe(true);
    },
  );

  test('each change is a step that the browser goes back from, a slide of a slider is one', async () => {
    await openPanel(RECORDED);
    const hash = () => page.evaluate(() => location.hash);
    const links = [await hash()];
    const changed = async () => {
      await page.waitForFunction((before) => location.hash !== before, links.at(-1));
      links.push(await hash());
    };
    await page.locator('[aria-label="64K folios"] >> text=always').click();
    await changed();
    await page.focus('[aria-label="max_ptes_none, slider"]');
    await page.keyboard.down('ArrowLeft');
    await page.keyboard.down('ArrowLeft');
    await page.keyboard.down('ArrowLeft');
    await page.keyboard.up('ArrowLeft');
    await page.waitForFunction(() => /none=508/.test(location.hash));
    await changed();
    for (const link of links.slice(0, -1).reverse()) {
      await page.goBack();
      expect(await hash()).toBe(link);
    }
  });

  test('memory by folio size is in a table as in the bars', async () => {
    await openPanel(`${MIXED}&kernel=linux-7.2`);
    const { total } = await redis.predict({
      ...firstChoice(redis.host),
      model: 'linux-7.2',
      always: orderSet([2, 3, 4, 5, 6, 9]),
      madvise: NO_ORDERS,
      maxPtesNone: 124,
    });
    const rows = [0, 2, 3, 4, 5, 6, 9].map((order) => [
      formatBytes(2 ** (12 + order)),
      formatSize(total.pagesBefore[order], redis.host.geometry),
      formatSize(total.pagesAfter[order], redis.host.geometry),
      formatSize(total.restart.pagesByOrder[order], redis.host.geometry),
    ]);
    await expect.poll(() => cellsOf(page, '.policy-table tbody tr')).toEqual(rows);
    expect(await cellsOf(page, '.policy-table tfoot tr')).toEqual([
      [
        'resident',
        formatSize(total.residentPages, redis.host.geometry),
        formatSize(total.residentPages + growthOf(total), redis.host.geometry),
        formatSize(sum(total.restart.pagesByOrder), redis.host.geometry),
      ],
    ]);
  });

  test('the writes set the policy and go back, and are copied or selected', async () => {
    await openPanel(`${MIXED}&swap=5&shared=9&kernel=linux-7.2`);
    const current = redis.host.settings;
    if (!current) throw new Error('the example has settings');
    const { geometry } = redis.host;
    const wanted = settingsFrom(
      current,
      {
        always: orderSet([2, 3, 4, 5, 6, 9]),
        madvise: NO_ORDERS,
        maxPtesNone: 124,
        maxPtesSwap: 5,
        maxPtesShared: 9,
        model: 'linux-7.2',
      },
      geometry,
    );
    const there = writeScript(writesBetween(current, wanted, geometry));
    expect(await page.locator('.policy-script pre').allTextContents()).toEqual([
      there,
      writeScript(writesBetween(wanted, current, geometry)),
    ]);
    expect(there).toContain('\necho 5 > khugepaged/max_ptes_swap');
    const release = redis.host.kernelRelease;
    expect(await page.locator('.policy-caveats li').allTextContents()).toEqual(
      writeCaveats(release, KERNEL_MODELS['linux-7.2']),
    );
    expect(await page.innerText('#kernel-words')).toContain(`memory read on Linux ${release}`);

    await page.evaluate(() => {
      Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true });
    });
    await page.click('.policy-script button >> nth=0');
    await page.waitForSelector('.policy-script >> text=selected: copy with the keyboard');
    expect(await page.evaluate(() => getSelection()?.toString().trim())).toBe(there);
    await page.evaluate(() => {
      const writeText = async (text: string) => void (document.title = text);
      Object.defineProperty(navigator, 'clipboard', { value: { writeText }, configurable: true });
    });
    await page.click('.policy-script button >> nth=0');
    await page.waitForFunction(() => /^cd \/sys\/kernel.*echo /.test(document.title));
  });

  test('a policy that does nothing says why at the top, with a way to another', async () => {
    await openPanel(RECORDED);
    const first = page.locator('.policy > :first-child');
    await expect
      .poll(() => first.innerText())
      .toMatch(/^As recorded nothing collapses: sizes are enabled only for memory with MADV_HUGEPAGE/);
    await first.locator('button >> text=kernel default').click();
    await expectOutcome(page, redis, firstChoice({ ...redis.host, settings: undefined }));
    // It follows the ranges, which are judged after the totals.
    await page.waitForSelector('.policy-nothing', { state: 'detached' });
    await page.click('text=no size');
    await page.waitForSelector('text=Under this policy nothing collapses: no size is enabled.');
    // A link that names no policy opens with one that does something, and says so.
    await goTo(page, '#map?source=example:redis');
    await page.waitForSelector('text=What is shown is the kernel default.');
    await expectOutcome(page, redis, firstChoice({ ...redis.host, settings: undefined }));
    await first.locator('button >> text=as recorded').click();
    await expectOutcome(page, redis, firstChoice(redis.host));
  });

  test('presets say what they are called', async () => {
    await openPanel(MIXED);
    const preset = (name: string) => page.locator('.policy-presets button', { hasText: name });
    const pressed = () => page.locator('.policy-presets button[aria-pressed=true]').allTextContents();
    const first = firstChoice(redis.host);
    await preset('as recorded').click();
    await expectOutcome(page, redis, first);
    expect(await pressed()).toEqual(['as recorded']);
    await preset('kernel default').click();
    await expectOutcome(page, redis, firstChoice({ ...redis.host, settings: undefined }));
    expect(await pressed()).toEqual(['kernel default']);
    await preset('all sizes, none 511').click();
    expect(await pressed()).toEqual(['all sizes, none 511']);
    await linkWith('none=511');
    await preset('all sizes, none 0').click();
    expect(await pressed()).toEqual(['all sizes, none 0']);
    await linkWith('always=2-9');
    await linkWith('none=0');
    await preset('no size').click();
    await page.waitForSelector('.policy >> text=no size is enabled');
  });

  test('a machine without settings, with what could not be seen: nothing to go back to, and it is said', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'thpscope-policy-'));
    try {
      const path = join(folder, 'unknown.parquet');
      await recordUnknown(path);
      await goTo(page, '#start?always=9&madvise=4');
      await page.setInputFiles('input[type=file]', path);
      // Of so many processes a list is the first picture.
      await page.waitForSelector(
        '.map-sentence >> text=/40 processes use 47M. Under this policy khugepaged/',
      );
      expect(await cellsOf(page, '.map-list tbody tr')).toHaveLength(40);
      await page.fill('#map-filter', '139');
      await page.waitForSelector('text=1 of 40');
      await page.click('text=by service');
      await expect.poll(() => cellsOf(page, '.map-list tbody tr')).toHaveLength(40);
      await page.click('.map-list tbody .list-link >> nth=0');
      await page.waitForSelector('text=1 of 40');
      await page.click('.map-list tbody .list-link >> nth=0');
      await page.waitForSelector('#map-inspector >> text=/p1\\d\\d/');
      await whenJudged(page);
      expect(await page.locator('.policy-presets button').allTextContents()).not.toContain('as recorded');
      await page.waitForSelector('.policy >> text=there is no way back to show');
      await page.waitForSelector('.policy-unseen >> text=no page is pinned');
      await page.waitForSelector('.policy-unseen >> text=pid 7: permission denied');
      expect(await page.locator('.policy-script pre').count()).toBe(1);
      expect(await cellsOf(page, '.policy .sortable tbody tr')).toHaveLength(30);
      await page.click('text=Show all 40');
      expect(await cellsOf(page, '.policy .sortable tbody tr')).toHaveLength(40);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('by keyboard alone: a size, a limit, the order of the table; the link shows the same again', async () => {
    await openPanel('always=none&madvise=none&none=0');
    await page.focus('[aria-label="2M folios"] input >> nth=0');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => location.hash.includes('always=9'));
    await page.keyboard.press('Tab');
    for (const key of ['4', '0', '0']) await page.keyboard.press(key);
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => location.hash.includes('none=401'));
    await page.focus('.policy .sortable button >> nth=5');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.hash.includes('sort=-pid'));
    expect(await page.getAttribute('.policy .sortable th >> nth=5', 'aria-sort')).toBe('descending');

    const choice = {
      ...firstChoice(redis.host),
      always: orderSet([9]),
      madvise: NO_ORDERS,
      maxPtesNone: 401,
    };
    await expectOutcome(page, redis, choice);
    await page.waitForSelector('.policy-outcome [role=status] >> text=/RSS .[1-9]/');
    const words = await page.innerText('.policy');
    await page.reload();
    await whenJudged(page);
    await expectOutcome(page, redis, choice);
    await expect.poll(() => page.innerText('.policy'), { timeout: 5000 }).toBe(words);
  });

  test('limits: nothing is applied before it is finished, and what the kernel would not take never', async () => {
    await openPanel(`${MIXED}&swap=124&shared=124`);
    // The address follows late: what it comes to is noted.
    await page.evaluate(() => {
      const links: string[] = [];
      const { pushState, replaceState } = history;
      const noted =
        (change: typeof pushState): typeof pushState =>
        (data, unused, url) => {
          links.push(String(url));
          change.call(history, data, unused, url);
        };
      Object.assign(history, { pushState: noted(pushState), replaceState: noted(replaceState) });
      Object.assign(window, { links });
    });
    const links = () => page.evaluate(() => (window as unknown as { links: string[] }).links.splice(0));
    for (const [limit, texts] of [
      ['none', ['512', '-1', '1.5', '', 'any', '0x10']],
      ['swap', ['512', '']],
      ['shared', ['512', '']],
    ] as const) {
      const field = page.locator(`#max_ptes_${limit}`);
      const message = page.locator(`#max_ptes_${limit}-reach`);
      for (const text of texts) {
        await field.focus();
        await field.press('ControlOrMeta+a');
        await field.press('Delete');
        await field.pressSequentially(text);
        expect(await field.getAttribute('aria-invalid'), text).toBe('true');
        expect(await message.innerText()).toBe('0 to 511');
        await field.press('Enter');
        expect(await field.inputValue()).toBe(text);
        await field.press('Tab');
        await expect.poll(() => field.inputValue()).toBe('124');
        expect(await message.count()).toBe(0);
      }
      await field.press('ControlOrMeta+a');
      await field.pressSequentially('51');
      await field.press('Enter');
      await linkWith(`${limit}=51`);
      expect((await links()).filter((each) => !new RegExp(`[?&]${limit}=51(&|$)`).test(each))).toEqual([]);
      await field.fill('7');
      await field.press('Tab');
      await linkWith(`${limit}=7`);
      await links();
    }
  });

  test('axe has nothing to say, light, dark and narrow, nothing is too wide', async () => {
    await openPanel(MIXED);
    expect(await faultsOf(page)).toEqual([]);
  });
});

/** 40 processes of a machine whose settings and pinned pages nobody saw. */
async function recordUnknown(path: string): Promise<void> {
  async function* items(): AsyncGenerator<MemoryItem> {
    yield { kind: 'skipped', pid: 7, failure: { kind: 'permission', message: 'pid 7: permission denied' } };
    for (let process = 0; process < 40; process++) {
      yield processItem(100 + process);
      yield vmaItem({ start: 0, end: 2 ** 30, flags: ['hg'] });
      yield rangesItem(rangeOf({ present: '0-300' }));
    }
  }
  const host = {
    name: 'unknown',
    bootId: '',
    kernelRelease: '7.2.0',
    time: '2026-01-01T00:00:00.000Z',
    geometry: x86_64,
    settings: undefined,
  };
  valueOf(await writeSnapshot(path, { host, items }));
}

/** All is read, and the panel has numbers. */
async function whenJudged(page: Page): Promise<void> {
  await page.waitForSelector('.policy-outcome dl');
  await page.waitForSelector('.policy .sortable tbody');
  await page.waitForFunction(() => document.querySelector('[role=status]')?.textContent === '');
}

async function cellsOf(page: Page, rows: string): Promise<string[][]> {
  const texts: string[][] = [];
  for (const row of await page.locator(rows).all())
    texts.push((await row.locator('th, td').allInnerTexts()).map((text) => text.trim()));
  return texts;
}

/** Waits until the panel says of a choice what the library says. */
async function expectOutcome(page: Page, known: KnownMemory, choice: PolicyChoice): Promise<void> {
  const { total } = await known.predict(choice);
  const model = KERNEL_MODELS[choice.model];
  const resident = total.residentPages;
  const growth = growthOf(total);
  const small = total.pagesAfter[0];
  const huge = sum(total.pagesAfter.slice(1)) - total.filledPages;
  expect(huge + small).toBe(resident + total.swappedInPages);
  const later =
    model.noneRule === 'ends'
      ? `now, ${sum(known.query.ask(settingsOf(choice), model).laterAttempts).toLocaleString('en-US')} in every later pass`
      : 'now; later passes are not known for this model';
  const { touchedPages, pagesByOrder } = total.restart;
  const restartHuge = touchedPages - pagesByOrder[0];
  const { reach } = known.digest;
  const entries = tallyEntries(total, reach.pages);
  const grouped = (count: number) => count.toLocaleString('en-US');
  const words = [
    `TLB entries ${grouped(entries.before)} → ${grouped(entries.after)} ${reachWords(reach, known.host.geometry)} attempts`,
    `TLB entries ${grouped(entries.restart)} if they fill that much why at most`,
    `RSS +${formatSize(growth, known.host.geometry)} +${percent(growth, resident)} of ${formatSize(resident, known.host.geometry)}`,
    `${percent(sum(total.pagesBefore.slice(1)), resident)} → ${percent(huge, resident)}`,
    `attempts ${total.attempts.toLocaleString('en-US')} ${later}`,
    `copied ${formatSize(total.copiedPages, known.host.geometry)}`,
    `After a restart, page faults RSS at most +${formatSize(restartGrowthOf(total), known.host.geometry)} +${percent(restartGrowthOf(total), resident)}, to ${formatSize(sum(pagesByOrder), known.host.geometry)}`,
    `huge pages at most ${percent(restartHuge, touchedPages)} ${formatSize(restartHuge, known.host.geometry)} in use TLB entries`,
  ];
  const said = async () => (await page.innerText('.policy-outcome')).replace(/\s+/g, ' ');
  await expect
    .poll(async () => {
      const text = await said();
      return words.filter((each) => !text.includes(each));
    })
    .toEqual([]);
}
