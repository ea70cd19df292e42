import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

const APP = resolve('dist/web/thpscope.html');

export interface AppPage {
  readonly page: Page;
  /**
   * What went wrong in the page: errors, and what the content security policy forbade. A test that means to
   * see one takes it out.
   */
  readonly complaints: string[];
}

/** Opens the app from the disk at a link such as `#map?source=example:redis`. */
export async function openApp(
  browser: Browser,
  hash: string,
  options: BrowserContextOptions = {},
): Promise<AppPage> {
  if (!existsSync(APP)) throw new Error('the app is not built: run `npm run build`');
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (/^(https?|wss?):/.test(request.url())) complaints.push(`asked for ${request.url()}`);
  });
  await page.goto(pathToFileURL(APP).href + hash);
  return { page, complaints };
}

/** Goes to another link in a page that is open, as somebody who types it: what is read stays read. */
export async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate(async (to) => {
    // The page may show more than its address says yet.
    if (location.hash === to) history.replaceState(null, '', '#');
    const gone = new Promise((done) => addEventListener('hashchange', done, { once: true }));
    location.hash = to;
    await gone;
    await new Promise(requestAnimationFrame);
    await new Promise((done) => setTimeout(done));
  }, hash);
}

/** Whether the page would have to be scrolled sideways. */
export function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
}

/** Types a number into a field and finishes it. */
export async function typeNumber(page: Page, field: string, text: string): Promise<void> {
  await page.fill(field, text);
  await page.press(field, 'Enter');
}
