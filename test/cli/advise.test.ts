import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { expectSchema } from '../support/schemas.ts';
import { writeSparseHost } from '../support/service-host.ts';
import { thpscope, words } from '../support/thpscope.ts';

const PROGRAMS = 'examples/programs';
const JAVA = `${PROGRAMS}/java.parquet`;
const RECORDINGS = ['examples/redis.parquet', ...readdirSync(PROGRAMS).map((name) => `${PROGRAMS}/${name}`)];

const folder = mkdtempSync(join(tmpdir(), 'thpscope-advise-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The settings that an advice leads to, as a file for --policy. */
function policyFile({ advised }: { advised: { settings: Record<string, unknown> } }): string {
  const { orders: _orders, ...settings } = advised.settings;
  const path = join(folder, `${Math.random()}.json`);
  writeFileSync(path, JSON.stringify(settings));
  return path;
}

test('six real programs are recorded', () => {
  expect(RECORDINGS.length).toBeGreaterThanOrEqual(6);
});

async function adviceOf(recording: string, flags: string) {
  const { stdout, code } = await thpscope(['advise', recording, '--json', ...words(flags)]);
  expect(code).toBe(0);
  const advice = JSON.parse(stdout);
  expectSchema('advise', advice);
  return advice;
}

describe.each(RECORDINGS)('advice for %s', (recording) => {
  test.each(['0%', '2%', '30%', '16M'])(
    'of at most %s growth is what predict says of it, and fits',
    async (growth) => {
      const advice = await adviceOf(recording, `--max-growth ${growth} --kernel linux-7.3 --tlb 16K`);
      const { now, restart } = advice.advised.outcome;
      const { budget, memory } = advice;
      expect(now.growthPages).toBeLessThanOrEqual(budget.growthPages);
      expect(restart.growthPages).toBeLessThanOrEqual(budget.growthPages);
      expect(budget.growthPages).toBe(
        growth === '16M' ? 4096 : Math.floor((memory.residentPages * Number.parseInt(growth, 10)) / 100),
      );
      const policy = ['--policy', policyFile(advice), '--kernel', 'linux-7.3', '--tlb', '16K', '--json'];
      const predicted = JSON.parse((await thpscope(['predict', recording, ...policy])).stdout);
      const { cost, totals } = predicted;
      expect([now.attempts, now.filledPages, now.copiedPages, now.growthPages]).toEqual([
        cost.attempts,
        totals.filledPages,
        cost.copiedPages,
        cost.machineGrowthPages,
      ]);
      expect([memory.tlbEntries, now.tlbEntries, restart.tlbEntries]).toEqual([
        cost.tlbEntries.before,
        cost.tlbEntries.after,
        cost.tlbEntries.restart,
      ]);
      const sum = (key: string) =>
        advice.processes.reduce(
          (total: number, each: { now: Record<string, number> }) => total + each.now[key],
          0,
        );
      for (const key of ['attempts', 'laterAttempts', 'filledPages', 'tlbEntries'])
        expect(sum(key)).toBe(now[key]);
    },
  );
});

test('advice names what to write, how to go back and what it could not see', async () => {
  const { stdout } = await thpscope(['advise', JAVA, '--max-growth', '10%', '--kernel', 'linux-7.2']);
  expect(stdout).toMatch(
    /^ {2}Enable .* for all memory \(always\); (set max_ptes_none to|max_ptes_none stays) \d+\.$/m,
  );
  const [, set, restore] =
    /To set it, as root, until the next boot [^\n]*\n([^]*)To go back:\n([^]*?)\n\nBefore you do:/.exec(
      stdout,
    ) ?? [];
  for (const part of [set, restore])
    expect(
      part
        .trim()
        .split('\n')
        .every((line) => /^\s*echo \w+ > \/sys\/kernel\/mm\/transparent_hugepage\/\S+$/.test(line)),
    ).toBe(true);
  expect(stdout).toContain('whose khugepaged knows only the PMD size');
  expect(stdout).toContain('khugepaged visits only processes on its list');
});

test('where nothing within the budget is worth a change, nothing is to be written', async () => {
  const { stdout, code } = await thpscope(words('advise examples/redis.parquet'));
  expect(code).toBe(0);
  expect(stdout).toContain('Leave the settings as they are.');
  expect(stdout).not.toContain('echo');
  const advice = await adviceOf('examples/redis.parquet', '');
  expect(advice).toMatchObject({ leave: true, set: [], restore: [], assumed: [] });
});

test.each([
  '--policy default',
  '--enabled always',
  '--set enabled=always',
  '--max-growth 0 --enabled always',
])(
  'settings asked about with %s are measured against those in force: what breaks the budget is not written',
  async (flags) => {
    const { leave, set, asked, inForce } = await adviceOf('examples/redis.parquet', flags);
    expect([leave, set, asked.keepsBudget, inForce.settings.enabled]).toEqual([true, [], false, 'madvise']);
  },
);

test('settings asked about that break the budget are said to, in texts and scripts', async () => {
  const { stdout } = await thpscope(words('advise examples/redis.parquet --policy default'));
  expect(stdout).toContain('Leave the settings as they are.');
  expect(stdout).toMatch(
    /The settings asked about \(enabled always, .*\) break this budget: khugepaged may fill 220M .*\. They are not/,
  );
  expect(stdout).toMatch(/^ {2}in force: enabled madvise.*\n {2}asked about: enabled always/m);
  expect(stdout).not.toContain('echo');
  const script = await thpscope(words('advise examples/redis.parquet --policy default --format sh'));
  expect(script.stdout).not.toMatch(/^echo/m);
  expect(script.stdout).toMatch(/^# .*break this budget/m);
});

test('settings asked about that keep the budget are advised', async () => {
  const { leave, asked } = await adviceOf('examples/redis.parquet', '--enabled always --max-growth none');
  expect([leave, asked.keepsBudget, asked.losesReach, asked.gains]).toEqual([false, true, false, true]);
  expect((await adviceOf('examples/redis.parquet', '')).asked).toBe(null);
});

test('settings asked about that lose reach are not advised', async () => {
  const recording = join(folder, 'always.parquet');
  await writeSparseHost(recording, '/system.slice/sparse.service');
  const { stdout } = await thpscope(words(`advise ${recording} --max-growth none --set enabled=never`));
  expect(stdout).toMatch(/The settings asked about \(enabled never, .*\) need more TLB entries than/);
  expect(stdout).not.toContain('echo never');
});

test('a budget of work holds, and costs reach', async () => {
  const asked = '--kernel linux-7.2 --growth now --tlb 16K';
  const free = await adviceOf('examples/redis.parquet', asked);
  const bound = await adviceOf('examples/redis.parquet', `${asked} --max-work 50`);
  expect(free.advised.outcome.now.laterAttempts).toBeGreaterThan(50);
  expect(bound.advised.outcome.now.laterAttempts).toBeLessThanOrEqual(50);
  expect(bound.advised.outcome.now.tlbEntries).toBeGreaterThan(free.advised.outcome.now.tlbEntries);
});

test('whose growth the budget is for decides', async () => {
  const growth = async (flags: string) => (await adviceOf('examples/redis.parquet', flags)).advised.outcome;
  const now = await growth('--growth now --max-growth 50% --kernel linux-7.3');
  expect(now.restart.growthPages).toBeGreaterThan(now.now.growthPages);
  const both = await growth('--max-growth 50% --kernel linux-7.3');
  expect(both.restart.growthPages).toBeLessThanOrEqual(Math.floor(17_063 / 2));
  const any = await growth('--max-growth none');
  expect(any.now.growthPages).toBeGreaterThan(3 * 17_063);
});

/** The cells of a line of the table of processes: memory, then TLB entries and growth. */
const cellsOf = (line: string | undefined) => line?.trim().split(/ {2,}/) ?? [];

test('the table of processes has the largest first where none grows, and its columns add up', async () => {
  const { stdout } = await thpscope(words('advise examples/services.digest.json --top 3'));
  const lines = stdout.split('\n');
  const head = lines.findIndex((line) => /^ *pid {2}command/.test(line));
  const rows = lines.slice(head + 1, head + 5).map(cellsOf);
  expect(rows.slice(0, 3).map(([, command]) => command)).toEqual(['node', 'java', 'java']);
  expect(rows[3][0]).toBe('and 12 more');
  const number = (text: string | undefined) => Number(text?.replaceAll(',', ''));
  const [, now] = /TLB entries by khugepaged \(now ([\d,]+)\)/.exec(stdout) ?? [];
  // The line of the others has no pid.
  const sum = rows.reduce((total, row, at) => total + number(row[at < 3 ? 3 : 2]), 0);
  expect(sum).toBe(number(now));
});

test('memory that is huge already is named among what is not seen: what was filled there counts', async () => {
  const filled =
    /82\.2M \(99\.6%\) lie in large folios already: what .* filled there counts as memory in use/;
  const { stdout } = await thpscope(words('advise test/fixtures/diff/redis-after.parquet'));
  expect(stdout).toMatch(filled);
  expect(stdout).toContain('ask about memory from before it grew');
  const { stdout: small } = await thpscope(words('advise examples/redis.parquet'));
  expect(small).not.toContain('large folios already');
});

test('a pass is over the ranges that khugepaged scans under what is advised, as predict counts them', async () => {
  const recording = 'test/fixtures/diff/forking-server-before.parquet';
  const advice = await adviceOf(recording, '--max-growth none --growth now');
  expect(advice.leave).toBe(false);
  const line = ['predict', recording, '--policy', policyFile(advice), '--json'];
  const { cost } = JSON.parse((await thpscope(line)).stdout);
  expect(advice.pass.ranges).toBe(cost.scannedRanges);
  const { stdout } = await thpscope(words(`advise ${recording} --max-growth none --growth now`));
  expect(stdout).toContain(`a pass over the ${cost.scannedRanges} PMD ranges that it scans then takes`);
});

test('sizes can be kept to memory that asks for them', async () => {
  const advice = await adviceOf(JAVA, '--words madvise --max-growth none');
  expect(advice.advised.settings.orders.always).toEqual([]);
});

test('a budget that cannot be meant is refused', async () => {
  const { stderr, code } = await thpscope(words('advise examples/redis.parquet --max-growth much'));
  expect(stderr).toMatch(/a share of the memory such as 2%, a size such as 512M, or none for no limit/);
  expect(code).toBe(2);
});
