import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, launchBrowser } from '../support/browser.ts';
import { thpscope } from '../support/thpscope.ts';
import { goTo, openApp } from './app-page.ts';
import { violationsOf } from './axe.ts';

const PAIR = '#steps?limit=7&orders=2&pmd=3&present=0,4&left=walk&right=stack';

const collapsing = (body: string) =>
  `export default { collapse(range, policy, attempt, observe) { ${body} } };\n`;

describe.skipIf(!CHROMIUM)('a module in Steps', () => {
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];

  beforeAll(async () => {
    browser = await launchBrowser();
    ({ page, complaints } = await openApp(browser, PAIR, { viewport: { width: 1400, height: 1000 } }));
    await page.waitForSelector('.columns');
  });
  afterAll(() => browser?.close());
  afterEach(() => expect(complaints).toEqual([]));

  const open = (hash = PAIR) => goTo(page, hash);

  const choose = (name: string, text: string) =>
    page
      .locator('section[aria-label="Your own search"] input[type=file]')
      .setInputFiles({ name, mimeType: 'text/javascript', buffer: Buffer.from(text) });
  const right = () => page.locator('.column').nth(1);
  const resultWith = (text: string) => right().locator('.column-result', { hasText: text }).waitFor();
  const said = () => page.locator('section[aria-label="Your own search"] .failure').innerText();

  test('searches the range beside the walk, step by step, and says that no link carries it', async () => {
    await open();
    await choose('mine.js', readFileSync('examples/algorithms/right-before-left.js', 'utf8'));
    await resultWith('2 attempts');
    expect(await right().locator('.step-window strong').innerText()).toBe('0:3');
    await page.locator('.comparison.differs').click();
    await right().locator('.step-window strong', { hasText: '4:2' }).waitFor();
    expect(await page.locator('.steps-panel').innerText()).toContain(
      'The link of this page names mine.js, but does not carry it',
    );
    // The range is searched again when it changes.
    await page.fill('#pages-present', '4-5');
    await page.press('#pages-present', 'Enter');
    await resultWith('1 attempt');
    expect(await violationsOf(page)).toEqual([]);
  });

  test.each([[[]], [['--machine']]])('may be what verify --new writes: %j', async (machine) => {
    const { stdout } = await thpscope(['verify', '--new', '-', ...machine]);
    await open('#steps?limit=0&present=4-7,12-27&orders=2-8&left=walk&right=none');
    await choose('mine.js', stdout);
    const own = await page.locator('.column').first().locator('.column-result').innerText();
    await resultWith(own);
    expect(await page.locator('.comparison').innerText()).toMatch(/same/);
  });

  test('is told what it does that no search may, and the page lives on', async () => {
    const faults: [string, string, string][] = [
      ['junk.js', 'return 5;', 'junk.js returns 5, which is no result'],
      ['odd.js', 'attempt([{ offset: 1, order: 2 }]);', 'odd.js attempts 1:2, which is not aligned'],
      ['visits.js', 'observe({ offset: 0 });', 'visits.js reports 0:undefined to observe'],
      ['loops.js', 'for (;;);', 'loops.js does not come back'],
      ['loops.js', "return 'SCAN_FAIL';", 'SCAN_FAIL'],
    ];
    await open();
    for (const [name, body, message] of faults) {
      await choose(name, collapsing(body));
      await resultWith(message);
    }
  }, 60_000);

  test('can be dropped on the page', async () => {
    await open();
    const files = await page.evaluateHandle((text) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], 'dropped.js'));
      return transfer;
    }, collapsing("return 'SCAN_FAIL';"));
    await page.getByRole('link', { name: 'Start', exact: true }).click();
    await page.locator('.start-page').waitFor();
    await page.dispatchEvent('.page', 'drop', { dataTransfer: files });
    await resultWith('SCAN_FAIL');
    expect(await page.locator('.column select').nth(1).inputValue()).toBe('dropped.js');
  });

  test('a link that names one asks for the file, and is followed when it is there', async () => {
    await open(PAIR.replace('stack', 'named.js'));
    expect(await page.locator('.steps-main [role=alert]').first().innerText()).toContain(
      'named.js is a module, which no link carries: open it under “Your own search”',
    );
    await choose('named.js', collapsing("return 'SCAN_FAIL';"));
    await resultWith('SCAN_FAIL');
    expect(await page.locator('.steps-main [role=alert]').first().innerText()).toBe('');
  });

  test('is refused in a sentence where it cannot be loaded', async () => {
    const refusals: [string, string, RegExp][] = [
      ['broken.js', '\n\nexport default {', /^broken\.js cannot be loaded: SyntaxError: .* in line \d+$/],
      ['throws.js', '\nthrow new TypeError("no");', /^throws\.js cannot be loaded: TypeError: no in line 2$/],
      ['empty.js', 'export default 1;', /^empty\.js exports no algorithm$/],
      ['imports.js', 'import x from "./x.js";', /^imports\.js cannot be loaded: .*import.* in line 1$/],
      [
        'made.js',
        'export default () => { throw new Error("no"); };',
        /^made\.js: its exported function throws Error: no$/,
      ],
      ['walk.c', 'int x;', /^walk\.c: a search is a module in JavaScript/],
    ];
    await open();
    for (const [name, text, sentence] of refusals) {
      await choose(name, text);
      await page.locator('section[aria-label="Your own search"] .failure', { hasText: name }).waitFor();
      expect(await said()).toMatch(sentence);
    }
    // It never comes back, however patient the page is.
    await page.evaluate(() => {
      const { setTimeout } = window;
      window.setTimeout = ((...[act, ms]: Parameters<typeof setTimeout>) =>
        setTimeout(act, Math.min(ms ?? 0, 500))) as typeof setTimeout;
    });
    await choose('stuck.js', 'for (;;);');
    await page.locator('section[aria-label="Your own search"] .failure', { hasText: 'stuck.js' }).waitFor();
    expect(await said()).toMatch(/^stuck\.js does not come back$/);
    expect(await page.locator('.column select').nth(1).inputValue()).toBe('stack');
  }, 60_000);
});
