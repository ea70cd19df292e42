import { fail, type Result, succeed } from '../core/base/failure.ts';
import type { Geometry } from '../core/memory/geometry.ts';
import type { Work } from '../machine/work.ts';
import x86 from './calibration/x86-64.json' with { type: 'json' };

const NAMES = [
  'wakeUp',
  'slotVisit',
  'areaVisit',
  'pmdCheck',
  'rangeSetup',
  'scanPte',
  'lock',
  'revalidate',
  'allocation',
  'free',
  'tlbFlush',
  'isolatePage',
  'releasePage',
  'copyPage',
  'clearPage',
  'removePage',
  'installPte',
  'installPmd',
  'swapRead',
  'swapWrite',
  'compactScanned',
  'compactMoved',
  'reclaimScanned',
  'reclaimed',
  'split',
  'pmdSplit',
] as const;

/**
 * What one unit of work takes, in ns of one CPU; the calibration file says what each is and where it is from.
 */
export type Costs = Readonly<Record<(typeof NAMES)[number], number>>;

/** A calibration file: each number with the source of it, "measured: ..." or "estimated: ...". */
export interface Calibration {
  readonly name: string;
  readonly about: string;
  readonly costs: Readonly<Record<string, { readonly ns: number; readonly source: string }>>;
}

/** The calibration that comes with thpscope. */
export const DEFAULT_CALIBRATION: Calibration = x86;

/**
 * The costs of a calibration, for pages of this geometry. Fails when a number is missing or cannot be meant.
 */
export function costsOf({ name, costs }: Calibration, geometry: Geometry): Result<Costs> {
  const scale = 2 ** (geometry.pageShift - 12);
  const found: Partial<Record<(typeof NAMES)[number], number>> = {};
  for (const key of NAMES) {
    const ns = costs[key]?.ns;
    if (typeof ns !== 'number' || !Number.isFinite(ns) || ns < 0) {
      return fail('usage', `calibration '${name}': ${key} must be nanoseconds, 0 or more`);
    }
    found[key] = key === 'copyPage' || key === 'clearPage' ? ns * scale : ns;
  }
  if (found.wakeUp === 0)
    return fail('usage', `calibration '${name}': wakeUp must take time, or time would stand still`);
  return succeed(found as Costs);
}

/**
 * The ns that all work of memory management so far takes: the difference of two moments is what was done
 * between.
 */
export function workNs(work: Work, costs: Costs): number {
  return (
    work.zeroedPages * costs.clearPage +
    work.copiedPages * costs.copyPage +
    work.swapReads * costs.swapRead +
    work.swapWrites * costs.swapWrite +
    work.compactScanned * costs.compactScanned +
    work.compactMoved * (costs.compactMoved - costs.copyPage) +
    work.reclaimScanned * costs.reclaimScanned +
    work.reclaimed * costs.reclaimed +
    work.splits * costs.split +
    work.pmdSplits * costs.pmdSplit
  );
}
