import { isHuge } from '../../src/analysis/tally.ts';
import { plural } from '../../src/core/base/plural.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { KERNEL_MODELS, resultName } from '../../src/core/rules/kernel-model.ts';
import { isScanResult } from '../../src/core/rules/scan-result.ts';
import { refusalLine } from '../../src/render/words/reasons.ts';
import type { Tallied } from '../memory/memory-worker-protocol.ts';
import { hugepageOrders } from './choice.ts';

/** What stays as it is, and why: the most memory first, what is huge already last. */
export function Unchanged({ tallied }: { readonly tallied: Tallied }) {
  const { total, choice } = tallied;
  const orders = hugepageOrders(choice);
  const refused = [...total.refused].sort(
    ([a, x], [b, y]) => Number(isHuge(a)) - Number(isHuge(b)) || y.pages - x.pages,
  );
  if (refused.length === 0 && total.leftSmallPages === 0) return null;
  return (
    <section aria-labelledby="policy-unchanged">
      <h2 id="policy-unchanged">Stays as it is</h2>
      <ul class="policy-reasons">
        {total.leftSmallPages > 0 && (
          <li>
            <strong>{formatSize(total.leftSmallPages, total.geometry)}</strong>
            <span>small pages in ranges that collapse in part</span>
          </li>
        )}
        {refused.map(([refusal, { ranges, pages }]) => (
          <li key={refusal}>
            <strong>{formatSize(pages, total.geometry)}</strong>
            <span>
              {refusalLine(refusal, orders)} <small>{plural(ranges, 'range')}</small>
              {isScanResult(refusal) && <code>{resultName(refusal, KERNEL_MODELS[choice.model])}</code>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
