import { isHuge, type Refusal } from '../../src/analysis/ranges/tally.ts';
import { plural } from '../../src/core/base/plural.ts';
import { sum } from '../../src/core/base/sum.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { KERNEL_MODELS, resultName } from '../../src/core/rules/kernel-model.ts';
import { isScanResult } from '../../src/core/rules/scan-result.ts';
import { refusalLine } from '../../src/render/words/explain/reasons.ts';
import { COLLAPSES } from '../map/picture/standing-out.ts';
import type { Tallied } from '../memory/memory-worker-protocol.ts';
import { go, link } from '../state/link.ts';
import { hugepageOrders } from './choice.ts';

interface Kind {
  /** As the link has it. */
  readonly why: Refusal | typeof COLLAPSES;
  readonly words: string;
  readonly result?: string;
  readonly ranges: number;
  readonly pages: number;
}

/**
 * What stays as it is, and why: the most memory first, what is huge already last. Each reason leads to its
 * ranges on the map. All ranges are in one of them, or collapse.
 */
export function Unchanged({ tallied }: { readonly tallied: Tallied }) {
  const { total } = tallied;
  const size = (pages: number) => formatSize(pages, total.geometry);
  const kinds = kindsOf(tallied);
  if (kinds.length === 0) return null;
  const shown = link.value.view === 'map' ? link.value.params.why : undefined;
  return (
    <section aria-labelledby="policy-unchanged">
      <h2 id="policy-unchanged">Why not</h2>
      <p class="policy-note">memory in use by why it stays as it is; press one to see its ranges alone</p>
      <ul class="policy-reasons">
        {kinds.map(({ why, words, result, ranges, pages }) => (
          <li key={why}>
            <button
              type="button"
              aria-pressed={why === shown}
              onClick={() => go('map', { why: why === shown ? undefined : why, show: 'map' })}
            >
              <strong>{size(pages)}</strong>
              <span>
                {words} <small>{plural(ranges, 'range')}</small>
                {result && <code>{result}</code>}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {total.leftSmallPages > 0 && (
        <p class="policy-note">
          {size(total.leftSmallPages)} of it are small pages in ranges that collapse in part.
        </p>
      )}
    </section>
  );
}

function kindsOf({ total, choice }: Tallied): readonly Kind[] {
  const orders = hugepageOrders(choice);
  const refused = [...total.refused]
    .sort(([a, x], [b, y]) => Number(isHuge(a)) - Number(isHuge(b)) || y.pages - x.pages)
    .map(([why, memory]) => ({
      why,
      words: refusalLine(why, orders),
      result: isScanResult(why) ? resultName(why, KERNEL_MODELS[choice.model]) : undefined,
      ...memory,
    }));
  const collapsing = {
    why: COLLAPSES,
    words: 'something collapses',
    ranges: total.ranges - sum(refused.map(({ ranges }) => ranges)),
    pages: total.residentPages - sum(refused.map(({ pages }) => pages)),
  } as const;
  return collapsing.ranges > 0 ? [collapsing, ...refused] : refused;
}
