import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { isTooWide } from './app-page.ts';

const AXE = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');

/** The only rule that looks at colours: a page's other scheme needs no other. */
const CONTRAST = ['color-contrast'];

interface Options {
  readonly runOnly?: { readonly type: 'rule'; readonly values: readonly string[] };
  readonly rules?: Readonly<Record<string, { readonly enabled: boolean }>>;
  readonly resultTypes: readonly string[];
}

interface Axe {
  run(
    options: Options,
  ): Promise<{ violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[] }>;
}

/** What axe-core has against a page, one line for each element. */
export function violationsOf(page: Page): Promise<string[]> {
  return run(page, {});
}

/**
 * What is against a page for anybody: what axe-core finds where it is light, the contrasts where it is dark,
 * what axe-core finds on a narrow screen besides contrasts, and whether it is wider or higher than either
 * screen. The page is left light and as wide as it was.
 */
export async function faultsOf(page: Page): Promise<string[]> {
  const wide = page.viewportSize();
  if (!wide) throw new Error('the page has no size');
  await page.emulateMedia({ colorScheme: 'light' });
  const light = [...(await run(page, {})), ...(await tooLarge(page))];
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await run(page, { runOnly: { type: 'rule', values: CONTRAST } });
  await page.setViewportSize({ width: 360, height: 740 });
  const narrow = await run(page, { rules: { [CONTRAST[0]]: { enabled: false } } });
  narrow.push(...(await tooLarge(page)));
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(wide);
  return Object.entries({ light, dark, narrow }).flatMap(([where, all]) =>
    all.map((each) => `${where}: ${each}`),
  );
}

/** What of a page would have to be scrolled as a whole: its views scroll, it does not. */
async function tooLarge(page: Page): Promise<string[]> {
  // Charts follow the size of their box a moment later.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const tooHigh = await page.evaluate(() => document.documentElement.scrollHeight > innerHeight);
  return [...((await isTooWide(page)) ? ['too wide'] : []), ...(tooHigh ? ['too high'] : [])];
}

async function run(page: Page, options: Omit<Options, 'resultTypes'>): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    (options) => (globalThis as unknown as { axe: Axe }).axe.run(options),
    { ...options, resultTypes: ['violations'] },
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
  );
}
