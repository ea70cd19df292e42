import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { formatBytes } from '../../src/core/base/bytes.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { anonOrders, ordersOf } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { defaultLimits, noneLimit } from '../../src/core/rules/policy.ts';
import { thpscope } from '../support/thpscope.ts';

/** The rows of "Six real programs"; one without a name goes on with the program of the row before. */
const ROWS = (() => {
  const [, table] = readFileSync('docs/advice.md', 'utf8').split('## Six real programs');
  let program = '';
  return [
    ...table.matchAll(/^\| (\w*) ?\| ([^|]+) \| ([^|]+) \| ([\d,]+, [\d,]+, [\d,]+) \| ([^|]+) \|$/gm),
  ].map(([, name, growths, advice, entries, growth]) => {
    program = name || program;
    return { program, growth: growths.match(/\d+%?/g)?.at(-1) ?? '', advice, entries, grows: growth };
  });
})();

test('docs/advice.md has rows of six programs', () => {
  expect(new Set(ROWS.map(({ program }) => program)).size).toBe(6);
  expect(ROWS.length).toBeGreaterThan(12);
});

test.each(ROWS)('advice for $program with growth of $growth is what docs/advice.md says', async (row) => {
  const file =
    row.program === 'redis' ? 'examples/redis.parquet' : `examples/programs/${row.program}.parquet`;
  const maxGrowth = row.growth.includes('%') ? row.growth : `${row.growth}%`;
  const { stdout } = await thpscope(['advise', file, '--tlb', '16K', '--max-growth', maxGrowth, '--json']);
  const { advised, leave, inForce, memory } = JSON.parse(stdout);
  const { now, restart } = (leave ? inForce : advised).outcome;
  const entries = [memory.tlbEntries, now.tlbEntries, restart.tlbEntries].map((each) =>
    each.toLocaleString('en'),
  );
  expect(entries.join(', ')).toBe(row.entries);
  const grows = [now, restart].map(({ growthPages }) =>
    growthPages === 0 ? '0' : formatBytes(growthPages * 4096),
  );
  expect(grows.join(', ')).toBe(row.grows);
});

test('docs/advice.md says how many policies there are, and how many decide differently', () => {
  const set = anonOrders(x86_64);
  const orders = ordersOf(set);
  const model = KERNEL_MODELS['linux-7.2'];
  const limitsOf = Array.from({ length: 512 }, (_, maxPtesNone) =>
    orders.map((order) =>
      noneLimit(
        { ...defaultLimits(x86_64), orders: set, caller: 'khugepaged', model, maxPtesNone },
        order,
        x86_64,
      ),
    ),
  );
  const different = new Set<string>();
  for (let enabled = 0; enabled < 2 ** orders.length; enabled++)
    for (const limits of limitsOf)
      different.add(limits.map((limit, i) => ((enabled >> i) & 1 ? limit : '-')).join());
  const [all, some] = [2 ** orders.length * 512, different.size].map((each) => each.toLocaleString('en'));
  const page = readFileSync('docs/advice.md', 'utf8').replace(/\s+/g, ' ');
  expect(page).toContain(`are ${all} policies. On Linux 7.2 and later ${some} of them decide differently`);
});
