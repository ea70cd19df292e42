import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { formatBytes } from '../../src/core/base/bytes.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { plainRange } from '../../src/core/memory/range-state.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { processItem, vmaItem } from '../analysis/streams.ts';
import { hostOf, sourceOf } from '../snapshot/sources.ts';
import { valueOf } from '../support/ranges.ts';
import { thpscope, words } from '../support/thpscope.ts';

const REDIS = 'examples/redis.parquet';
const PROGRAMS = 'examples/programs';
const RECORDINGS = [REDIS, ...readdirSync(PROGRAMS).map((name) => `${PROGRAMS}/${name}`)];

const folder = mkdtempSync(join(tmpdir(), 'thpscope-report-'));
const file = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

async function reportOn(line: string): Promise<string> {
  const { code, stderr } = await thpscope([...words(line), '-o', file('report.html')]);
  expect(stderr).toMatch(/^thpscope: wrote .*report\.html: /m);
  expect(code).toBe(0);
  return readFileSync(file('report.html'), 'utf8');
}

async function json(line: string) {
  return JSON.parse((await thpscope(words(`${line} --json`))).stdout);
}

/** A key figure of a report and what it says in small print. */
function figure(page: string, name: string): string {
  const [, value, small] = new RegExp(`<dt>${name}</dt><dd>(.*?) <small>(.*?)</small>`).exec(page) ?? [];
  return `${value} ${small}`;
}

describe.each(RECORDINGS)('a report on %s', (recording) => {
  test.each(['--policy default', '--orders 64K,2M --max-ptes-none 255'])(
    'says under %s what predict says',
    async (flags) => {
      const page = await reportOn(`report ${recording} ${flags}`);
      const { cost, totals, processes, refused } = await json(`predict ${recording} ${flags}`);
      const bytes = (pages: number) => formatBytes(4096 * pages);
      const growth = totals.filledPages + cost.swappedInPages;
      expect(figure(page, 'growth')).toContain(growth === 0 ? 'none' : `+${bytes(growth)} `);
      const { before, after, restart } = cost.tlbEntries;
      const [now, then, restarted] = [before, after, restart].map((count) => count.toLocaleString('en-US'));
      expect(figure(page, 'TLB entries')).toBe(
        `${now} → ${then} by khugepaged; after a restart ${restarted}`,
      );
      expect(page).toContain(
        'Of TLB entries one entry maps one page below 2M (not known: CPU not recorded);',
      );
      expect(figure(page, 'work at once')).toBe(
        `${cost.attempts.toLocaleString('en-US')} attempts, ${Object.values<number>(totals.collapses)
          .reduce((sum, count) => sum + count, 0)
          .toLocaleString('en-US')} collapses, ${bytes(cost.copiedPages)} copied`,
      );
      expect(figure(page, 'memory read')).toContain(`${totals.ranges.toLocaleString('en-US')} PMD range`);
      for (const { pages, ranges } of Object.values<{ pages: number; ranges: number }>(refused))
        expect(page).toContain(
          `<td class="number">${bytes(pages)}</td><td class="number">${ranges.toLocaleString('en-US')}</td>`,
        );
      for (const { pid, command } of processes)
        expect(page).toContain(`<td class="number">${pid}</td><th scope="row" class="name">${command}</th>`);
    },
  );
});

test('a report gives the advice of advise, for three budgets', async () => {
  const page = await reportOn(`report ${REDIS}`);
  for (const growthLimit of ['0%', '5%', '20%']) {
    const { set, restore } = await json(`advise ${REDIS} --max-growth ${growthLimit}`);
    const inPage = (list: { path: string; value: string }[]) =>
      list
        .map(({ path, value }) => `\necho ${value} &gt; ${path.replace(/^.*transparent_hugepage\//, '')}`)
        .join('');
    for (const list of set.length === 0 ? [] : [set, restore])
      expect(page).toContain(`cd /sys/kernel/mm/transparent_hugepage${inPage(list)}</pre>`);
  }
});

test('a report says whose settings it speaks of: those in force, or those that flags made of them', async () => {
  for (const [flags, whose] of [
    ['', 'settings in force'],
    ['--max-ptes-none 511', 'settings in force'],
    ['--max-ptes-none 0', 'settings asked about'],
    ['--orders 64K', 'settings asked about'],
  ]) {
    const out = join(folder, 'whose.html');
    await thpscope([...words(`report examples/redis.parquet -o ${out}`), ...words(flags)]);
    expect(readFileSync(out, 'utf8').match(/settings (in force|asked about)(?=,)/)?.[0]).toBe(whose);
  }
});

test('the style of a report is the one that its policy allows', async () => {
  const page = await reportOn(`report ${REDIS}`);
  const [, style] = /<style>([^]*)<\/style>/.exec(page) ?? [];
  const hash = createHash('sha256').update(style).digest('base64');
  expect(page).toContain(`style-src &#39;sha256-${hash}&#39;`);
  expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<style>'));
});

test('the same command makes the same file, and the file says which command', async () => {
  const line = `report ${REDIS} --policy default`;
  const page = await reportOn(line);
  expect(await reportOn(line)).toBe(page);
  expect(page).toContain(`<pre>thpscope ${line} -o ${file('report.html')}</pre>`);
});

test('the step by step command of a report explains the range that it shows', async () => {
  const page = await reportOn(`report ${REDIS} --policy default`);
  const [, command] = /<code>thpscope (explain [^<]*)<\/code>/.exec(page) ?? [];
  const { stdout, code } = await thpscope(words(command));
  expect(code).toBe(0);
  const [, address] = /<h4>One range: <code>(0x[0-9a-f]+)/.exec(page) ?? [];
  expect(stdout).toContain(`PMD range ${address}`);
  const [, copied, filled] = /: (\d+) pages copied, (\d+) filled/.exec(page) ?? [];
  expect(stdout).toContain(`${copied} copied, ${filled} filled`);
});

test('a digest gives the same figures, without maps', async () => {
  await thpscope(['digest', REDIS, '-o', file('redis.json')]);
  const figures = (page: string) => /<dl class="figures">[^]*?<\/dl>/.exec(page)?.[0];
  const full = await reportOn(`report ${REDIS} --policy default`);
  const counted = await reportOn(`report ${file('redis.json')} --policy default`);
  expect(figures(counted)).toBe(figures(full));
  expect(counted).toContain('This is a digest');
  expect(counted).not.toContain('class="map"');
});

test('running processes can be reported on', async () => {
  const page = await reportOn(`report -p ${process.pid} --orders all --max-ptes-none 0`);
  expect(page).toContain(`(pid ${process.pid})`);
  expect(page).toContain('running processes');
});

test('--json says what was written', async () => {
  const { stdout, code } = await thpscope(['report', REDIS, '-o', file('a.html'), '--json']);
  expect(code).toBe(0);
  const bytes = readFileSync(file('a.html')).length;
  expect(JSON.parse(stdout)).toEqual({
    schema: 'thpscope/report@1',
    file: file('a.html'),
    processes: 1,
    bytes,
    notes: [],
    origin: expect.objectContaining({ read: [expect.objectContaining({ source: REDIS, host: 'example' })] }),
  });
});

test('what cannot be read leaves an earlier report as it is', async () => {
  writeFileSync(file('earlier.html'), 'earlier');
  writeFileSync(file('bad.parquet'), readFileSync(REDIS).fill(0, 5000, 9000));
  for (const source of [file('bad.parquet'), file('none.parquet'), 'package.json', '-p 999999999']) {
    const { code, stderr } = await thpscope([...words(`report ${source}`), '-o', file('earlier.html')]);
    expect(code).toBe(5);
    expect(stderr).toMatch(/^thpscope: .+\n$/);
    expect(readFileSync(file('earlier.html'), 'utf8')).toBe('earlier');
  }
  expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toEqual([]);
});

test('what cannot be written is said', async () => {
  const { code, stderr } = await thpscope(['report', REDIS, '-o', file('nowhere/a.html')]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('create it first')]);
  chmodSync(folder, 0o755);
  expect((await thpscope(['report', REDIS, '-o', '/dev/null'])).stderr).toContain('not a regular file');
  expect((await thpscope(['report', REDIS])).code).toBe(2);
});

test('snapshots under other settings need a policy, and then all are named', async () => {
  const source = sourceOf([processItem(1), vmaItem()], { ...hostOf(), name: 'db2.example' });
  valueOf(await writeSnapshot(file('other.parquet'), source));
  const both = `report ${REDIS} ${file('other.parquet')}`;
  const { code, stderr } = await thpscope([...words(both), '-o', file('both.html')]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('give --policy')]);
  const unsaid = await thpscope([...words(`${both} --policy default`), '-o', file('both.html')]);
  expect([unsaid.code, unsaid.stderr]).toEqual([2, expect.stringContaining('say which to ask, --kernel')]);
  const page = await reportOn(`${both} --policy default --kernel linux-7.3`);
  for (const name of ['db2.example', 'other.parquet', 'redis.parquet']) expect(page).toContain(name);
  expect(page).toContain('Settings in force: not known, or not the same everywhere');
});

test('a host of 64G makes a report of less than two megabytes', async () => {
  const items = function* () {
    for (let pid = 1; pid <= 64; pid++) {
      yield processItem(pid);
      yield vmaItem({ end: 512 * 2 ** 21 });
      const ranges = Array.from({ length: 512 }, (_, i) => {
        const present = Uint32Array.from({ length: 16 }, (_, word) => Math.imul(i * pid + word, 0x9e3779b1));
        return { ...plainRange(x86_64, present, undefined), address: i * 2 ** 21 };
      });
      yield { kind: 'ranges' as const, ranges };
    }
  };
  valueOf(await writeSnapshot(file('host.parquet'), sourceOf(items())));
  const page = await reportOn(`report ${file('host.parquet')} --orders all --max-ptes-none 0`);
  expect(page).toContain('64 processes');
  expect(page.length).toBeLessThan(2_000_000);
});
