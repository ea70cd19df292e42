import { breachesOf, pagesIn } from '../../conform/advice/advice-check.ts';
import type { AdviceCase } from '../../conform/advice/advice-suite.ts';
import { PROBE_GEOMETRY } from '../../conform/probe/probe-batch.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { orderBytes, pageBytes } from '../../core/memory/geometry.ts';
import { asOrder } from '../../core/memory/order.ts';
import { layOutTable } from '../../render/text/layout/columns.ts';

const PAGE_BYTES = pageBytes(PROBE_GEOMETRY);
const COLUMNS = [
  { title: 'SIZE', align: 'left' as const },
  ...['RECORDED', 'SAID', 'RESTARTED', 'SETTLED'].map((title) => ({ title, align: 'right' as const })),
];

/** One advice: what asked for it, what it writes, and memory by the size of its folios before and after. */
export function describeAdvice(advice: AdviceCase): string[] {
  const { start, writes, recorded, said, restarted, settled } = advice;
  const columns = [recorded, said, restarted, settled];
  const orders = [...new Set(columns.flatMap((pages) => Object.keys(pages).map(Number)))].sort(
    (a, b) => a - b,
  );
  const bytes = (pages: number) => formatBytes(pages * PAGE_BYTES);
  const rows = orders.map((order) => [
    formatBytes(orderBytes(asOrder(order), PROBE_GEOMETRY)),
    ...columns.map((pages) => bytes(pages[order] ?? 0)),
  ]);
  return [
    `${start}, ${wordsOf(advice)}: ${writes.length > 0 ? 'write' : 'leave the settings as they are'}`,
    ...writes.map(({ path, value }) => `  echo ${value} > ${path}`),
    ...layOutTable(COLUMNS, [...rows, ['all', ...columns.map((pages) => bytes(pagesIn(pages)))]]),
    ...breachesOf(advice).map((breach) => `difference: ${breach}`),
  ];
}

/** "--growth now --max-growth 0%|1%": the questions, those that differ in their budget alone as one. */
function wordsOf({ questions }: AdviceCase): string {
  const budgets = new Map<string, string[]>();
  for (const { growth, budget, tlb } of questions) {
    const others = `--growth ${growth}${tlb ? ` --tlb ${tlb}` : ''}`;
    budgets.set(others, [...(budgets.get(others) ?? []), budget]);
  }
  return [...budgets].map(([others, each]) => `${others} --max-growth ${each.join('|')}`).join(', ');
}
