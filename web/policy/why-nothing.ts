import { isHuge, type Refusal } from '../../src/analysis/ranges/tally.ts';
import { sum } from '../../src/core/base/sum.ts';
import { refusalLine } from '../../src/render/words/explain/reasons.ts';
import type { Tallied } from '../memory/memory-worker-protocol.ts';
import { hugepageOrders } from './choice.ts';

const isBySettings = (refusal: Refusal) => refusal === 'settings' || refusal === 'kernel-sizes';

/**
 * Why nothing at all collapses under a policy: the settings, where they keep anything back, or else what
 * holds for most memory that is not huge already. Undefined where something does collapse, or nothing could.
 */
export function whyNothing({ total, choice }: Pick<Tallied, 'total' | 'choice'>): string | undefined {
  if (sum(total.collapses) > 0) return undefined;
  const [main] = [...total.refused]
    .filter(([refusal]) => !isHuge(refusal))
    .sort(([a, x], [b, y]) => Number(isBySettings(b)) - Number(isBySettings(a)) || y.pages - x.pages);
  return main && refusalLine(main[0], hugepageOrders(choice));
}
