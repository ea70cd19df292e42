import { type LiveCase, outcomeOf, predictedPages } from '../../conform/live/live-case.ts';
import { layOutTable } from '../../render/text/layout/columns.ts';

const COLUMNS = [
  { title: 'STATE', align: 'left' as const },
  { title: 'AGREE', align: 'right' as const },
  { title: 'LATER PASS', align: 'right' as const },
  { title: 'ASSUMED', align: 'right' as const },
  { title: 'UNEXPLAINED', align: 'right' as const },
  { title: 'OF', align: 'right' as const },
  { title: 'WHICH ASSUMPTION', align: 'left' as const },
];

/** How many policies came to what in each state, and in all. */
export function liveTable(cases: readonly LiveCase[]): string[] {
  const states = [...new Set(cases.map(({ state }) => state))];
  const rows = states.map((state) =>
    countRow(
      state,
      cases.filter((live) => live.state === state),
    ),
  );
  return layOutTable(COLUMNS, [...rows, countRow('all', cases)]);
}

function countRow(title: string, cases: readonly LiveCase[]): string[] {
  const outcomes = cases.map(outcomeOf);
  const count = (kind: string) => String(outcomes.filter((outcome) => outcome.kind === kind).length);
  const facts = new Set(outcomes.flatMap((outcome) => (outcome.kind === 'assumed' ? [outcome.fact] : [])));
  return [
    title,
    count('agrees'),
    count('later pass'),
    count('assumed'),
    count('unexplained'),
    String(cases.length),
    [...facts].join(', '),
  ];
}

/** A case that nothing explains: each range that differs, as runs of pages. */
export function describeUnexplained(live: LiveCase): string {
  const after = predictedPages(live);
  const differing = live.before.flatMap((before, i) =>
    after[i] === live.real[i]
      ? []
      : [`  before ${runs(before)}`, `  model  ${runs(after[i])}`, `  kernel ${runs(live.real[i])}`],
  );
  const known = live.skipped ?? `assumed: ${live.assumed.join(', ') || 'nothing'}`;
  return [`difference in ${live.state} under ${live.policy} (${known}):`, ...differing].join('\n');
}

/** "0x300 .x212": how often each letter of the probe's line comes in a row. */
function runs(line: string): string {
  return [...line.matchAll(/(.)\1*/gs)].map(([run, page]) => `${page}x${run.length}`).join(' ');
}
