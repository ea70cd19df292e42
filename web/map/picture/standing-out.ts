import type { Refusal } from '../../../src/analysis/ranges/tally.ts';
import { plural } from '../../../src/core/base/plural.ts';
import { formatSize } from '../../../src/core/memory/format-size.ts';
import { refusalLine } from '../../../src/render/words/explain/reasons.ts';
import type { Judgement } from '../../memory/memory-worker-protocol.ts';
import type { OpenMemory } from '../../memory/open-memory.ts';
import { hugepageOrders } from '../../policy/choice.ts';

/** In links, in place of a reason: ranges in which something collapses. */
export const COLLAPSES = 'collapses';

/** The ranges of a judgement that stand out: those with this code; 0 is where something collapses. */
export interface StandingOut {
  readonly refusals: Uint8Array;
  readonly code: number;
}

/** What stands out for a reason, by its name or COLLAPSES. No range does before it is judged. */
export function standingOutFor(
  why: string,
  { refusals, reasons }: Pick<Judgement, 'refusals' | 'reasons'>,
): StandingOut {
  if (why === COLLAPSES) return { refusals, code: 0 };
  const at = reasons.indexOf(why as Refusal);
  // A reason that no range has is no code that one has.
  return { refusals, code: at < 0 ? -1 : at + 1 };
}

/** Says what stands out: the reason, how many ranges have it, and how much memory is in use in them. */
export function standingOutWords(memory: OpenMemory, judged: Judgement, { code }: StandingOut): string {
  let ranges = 0;
  let pages = 0;
  for (let row = 0; row < Math.min(judged.rows, memory.rows); row++) {
    if (judged.refusals[row] !== code) continue;
    ranges++;
    pages += memory.residentPages[row];
  }
  if (ranges === 0) return 'no range stays as it is for that reason under this policy';
  const why =
    code === 0 ? 'something collapses' : refusalLine(judged.reasons[code - 1], hugepageOrders(judged.choice));
  return `${why}: ${formatSize(pages, memory.host.geometry)} in ${plural(ranges, 'range')}`;
}

/** The next row that stands out after one, or before it, round the end. */
export function nextStandingOut(
  { refusals, code }: StandingOut,
  from: number | undefined,
  by: 1 | -1,
): number | undefined {
  const rows = refusals.length;
  let row = from ?? (by === 1 ? -1 : rows);
  for (let seen = 0; seen < rows; seen++) {
    row = (row + by + rows) % rows;
    if (refusals[row] === code) return row;
  }
  return undefined;
}
