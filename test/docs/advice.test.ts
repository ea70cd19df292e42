import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { formatBytes } from '../../src/core/base/bytes.ts';
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
