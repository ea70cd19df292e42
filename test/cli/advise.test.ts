import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

const PROGRAMS = 'test/fixtures/programs';
const RECORDINGS = ['examples/redis.parquet', ...readdirSync(PROGRAMS).map((name) => `${PROGRAMS}/${name}`)];

/** The flags of predict that ask about settings which advice would set on this machine. */
function asPolicy({ policy }: { policy: { orders: number[]; maxPtesNone: number } }): string[] {
  const orders = policy.orders.length > 0 ? ['--orders', policy.orders.join(',')] : [];
  return [...orders, '--max-ptes-none', String(policy.maxPtesNone)];
}

test('six real programs are recorded', () => {
  expect(RECORDINGS.length).toBeGreaterThanOrEqual(6);
});

describe.each(RECORDINGS)('advice for %s', (recording) => {
  test.each(['0%', '2%', '30%', '16M'])(
    'of at most %s growth is what predict says of it, and fits',
    async (growth) => {
      const { stdout, code } = await thpscope(['advise', recording, '--max-growth', growth, '--json']);
      expect(code).toBe(0);
      const advice = JSON.parse(stdout);
      expectSchema('advise', advice);
      const { outcome, budget, memory } = advice;
      expect(outcome.filledPages + outcome.swappedInPages).toBeLessThanOrEqual(budget.growthPages);
      expect(budget.growthPages).toBe(
        growth === '16M' ? 4096 : Math.floor((memory.residentPages * Number.parseInt(growth, 10)) / 100),
      );
      const predicted = JSON.parse(
        (await thpscope(['predict', recording, ...asPolicy(advice), '--json'])).stdout,
      );
      expect([outcome.attempts, outcome.filledPages, outcome.copiedPages]).toEqual([
        predicted.cost.attempts,
        predicted.totals.filledPages,
        predicted.cost.copiedPages,
      ]);
      const sum = (key: string) =>
        advice.processes.reduce((total: number, each: Record<string, number>) => total + each[key], 0);
      for (const key of ['attempts', 'laterAttempts', 'filledPages', 'newlyHugePages'])
        expect(sum(key)).toBe(outcome[key]);
    },
  );
});

test.each([RECORDINGS[0], RECORDINGS[2]])(
  'advice names what to write, how to go back and what it could not see: %s',
  async (recording) => {
    const asked = ['advise', recording, '--max-growth', '5%', '--kernel', 'linux-7.2'];
    const { stdout } = await thpscope(asked);
    expect(stdout).toMatch(/^ {2}Enable .* for all memory \(always\) and set max_ptes_none to \d+\.$/m);
    const [, set, restore] =
      /To set it, as root:\n([^]*)To go back:\n([^]*)\nWhat this could not/.exec(stdout) ?? [];
    for (const part of [set, restore])
      expect(
        part
          .trim()
          .split('\n')
          .every((line) => /^\s*echo \w+ > \/sys\/kernel\/mm\/transparent_hugepage\/\S+$/.test(line)),
      ).toBe(true);
    expect(stdout).toContain('whose khugepaged knows only the PMD size');
  },
);

test.each([
  ['2%', ''],
  ['10%', '--max-work 50'],
])('what a growth of %s buys is told against the best that grows nothing %s', async (growth, work) => {
  const ask = async (flags: string) =>
    (await thpscope(['advise', 'examples/redis.parquet', ...words(`${flags} ${work}`)])).stdout;
  const huge = ({ outcome, memory }: { outcome: Record<string, number>; memory: Record<string, number> }) =>
    (100 * (memory.hugePages + outcome.newlyHugePages)) / memory.residentPages;
  const [grown, without] = await Promise.all(
    [growth, '0%'].map(async (each) => JSON.parse(await ask(`--max-growth ${each} --json`))),
  );
  const points = (huge(grown) - huge(without)).toFixed(1);
  const [, share, bought] =
    /^ {2}without growth: (\S+)%; the \S+ buy (\S+) percentage points/m.exec(
      await ask(`--max-growth ${growth}`),
    ) ?? [];
  expect([share, bought]).toEqual([huge(without).toFixed(1), points]);
  expect(await ask('--max-growth 0%')).not.toContain('without growth');
});

test('a budget of work holds, and costs coverage', async () => {
  const ask = async (flags: string) =>
    JSON.parse(
      (
        await thpscope([
          'advise',
          'examples/redis.parquet',
          '--kernel',
          'linux-7.2',
          '--json',
          ...words(flags),
        ])
      ).stdout,
    );
  const free = await ask('--max-growth 2%');
  const bound = await ask('--max-growth 2% --max-work 50');
  expect(free.outcome.laterAttempts).toBeGreaterThan(50);
  expect(bound.outcome.laterAttempts).toBeLessThanOrEqual(50);
  expect(bound.outcome.newlyHugePages).toBeLessThan(free.outcome.newlyHugePages);
});

test('sizes can be kept to memory that asks for them', async () => {
  const { stdout } = await thpscope(words('advise examples/redis.parquet --max-growth 50% --words madvise'));
  expect(stdout).toContain('Enable no size');
});

test('a budget that cannot be meant is refused', async () => {
  const { stderr, code } = await thpscope(words('advise examples/redis.parquet --max-growth much'));
  expect(stderr).toMatch(/a share of the memory such as 2%, or a size such as 512M/);
  expect(code).toBe(2);
});

test('an advice that changes sizes says before the writes whom it reaches', async () => {
  const { stdout } = await thpscope(words('advise examples/redis.parquet --max-growth 10%'));
  const [before, after] = stdout.split('To set it, as root:');
  expect(before).toContain('khugepaged visits only processes on its list');
  expect(before).toContain('To be sure: restart the process');
  expect(after).not.toContain('on its list');
  const { stdout: json } = await thpscope(words('advise examples/redis.parquet --max-growth 10% --json'));
  expect(JSON.parse(json).assumed).toEqual(['registration']);
});
