import { expect, test } from 'vitest';
import { simulateCsv } from '../../src/render/csv/simulate.ts';
import { styleOf } from '../../src/render/text/layout/style.ts';
import { scenarioListText } from '../../src/render/text/simulate/scenario-list.ts';
import { simulateText } from '../../src/render/text/simulate/simulate.ts';
import type { SimulationReport } from '../../src/simulation/simulation-report.ts';
import { event, MIB, onPages, runScenario, S, small, wantHuge } from '../simulation/scenarios.ts';
import { withoutColor } from './without-color.ts';

const plain = (report: SimulationReport) => simulateText(report, undefined, styleOf(false));
const golden = (name: string) => `./golden/simulate-${name}.txt`;

const half = [event(0, onPages('touch', { density: 0.4, block: 8192 })), event(S, wantHuge)];
const sizes = [16, 32, 64, 128, 256, 512, 1024].map((kb) => ({
  file: `hugepages-${kb}kB/enabled`,
  value: 'inherit',
}));
const all = [
  { file: 'enabled', value: 'madvise' },
  ...sizes,
  { file: 'khugepaged/max_ptes_none', value: '256' },
];

test('a run that settles', async () => {
  await expect(plain(runScenario(small(half)))).toMatchFileSnapshot(golden('settled'));
});

test('sizes below 2M, their endless work, and what the kernel says of max_ptes_none', async () => {
  await expect(plain(runScenario(small(half, { settings: all })))).toMatchFileSnapshot(golden('mthp'));
});

test('creep', async () => {
  const sparse = [event(0, onPages('touch', { density: 0.12, block: 8192 })), event(S, wantHuge)];
  const report = runScenario(small(sparse, { settings: all, kernel: 'scaled' }));
  await expect(plain(report)).toMatchFileSnapshot(golden('creep'));
});

test('processes, swap, memory that is not there, a time limit', async () => {
  const { processes, machine } = small([]);
  const events = [
    event(0, onPages('touch')),
    event(S, { do: 'fork', child: '\u001b[31mchild', does: [{ at: S, action: onPages('touch') }] }),
    event(20 * S, onPages('pageout', { density: 0.2 })),
    event(30 * S, wantHuge),
    event(40 * S, { do: 'exit' }, '\u001b[31mchild'),
  ];
  const report = runScenario(
    small(events, {
      machine: { ...machine, swapBytes: 4 * MIB },
      processes: processes.map((process) => ({ ...process, memoryMax: 24 * MIB })),
      until: 60 * S,
    }),
  );
  expect(report.incidents).not.toEqual([]);
  await expect(plain(report)).toMatchFileSnapshot(golden('pressure'));
});

test('nothing to do', async () => {
  await expect(plain(runScenario(small([])))).toMatchFileSnapshot(golden('nothing'));
});

test('colour changes nothing but colour, and every line fits 80 columns', () => {
  const report = runScenario(small(half, { settings: all }));
  const colored = simulateText(report, undefined, styleOf(true));
  expect(withoutColor(colored)).toBe(plain(report));
  expect(colored).not.toBe(plain(report));
  const ours = plain(report)
    .split('\n')
    .filter((line) => !line.startsWith('  kernel log'));
  for (const line of ours) expect(line.length, line).toBeLessThanOrEqual(80);
});

test('CSV has the same columns in every row', () => {
  const [head, ...rows] = simulateCsv(
    runScenario(small(half, { settings: all })),
    'db7,2026-01-01T00:00:00.000Z,a.parquet,1',
  )
    .trim()
    .split('\n');
  expect(head).toContain('SCAN_PTE_MAPPED_HUGEPAGE');
  for (const row of rows) expect(row.split(',')).toHaveLength(head.split(',').length);
});

test('a list of scenarios is wrapped', () => {
  const about = 'word '.repeat(40).trim();
  const text = scenarioListText([{ name: 'n', title: 't', about }], styleOf(false));
  expect(text.split('\n')[0]).toBe('n: t');
  expect(text.replace(/\s+/g, ' ')).toContain(about);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});
