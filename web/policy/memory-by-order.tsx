import type { Tally } from '../../src/analysis/tally.ts';
import { sum } from '../../src/core/base/sum.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { asOrder, formatOrder } from '../../src/core/memory/order.ts';
import { cssColor, inkOn, orderColor } from '../../src/render/svg/palette.ts';

/** A part of a bar with less of it than this has no room for a name. */
const NAMED_SHARE = 0.12;

/** Resident memory by the order of its folios, before and after, as two bars and in numbers. */
export function MemoryByOrder({ tally }: { readonly tally: Tally }) {
  const { geometry, pagesBefore, pagesAfter } = tally;
  const most = Math.max(1, sum(pagesBefore), sum(pagesAfter));
  const present = pagesBefore.map((_, order) => order).filter((o) => pagesBefore[o] + pagesAfter[o] > 0);
  const name = (order: number) => formatOrder(asOrder(order), geometry);
  const bar = (label: string, pages: readonly number[]) => (
    <div class="policy-bar">
      <span>{label}</span>
      <span class="policy-bar-parts" aria-hidden="true">
        {present.map((order) => {
          const color = orderColor(order, geometry.pmdOrder);
          const share = pages[order] / most;
          return (
            <span
              key={order}
              title={`${name(order)}: ${formatSize(pages[order], geometry)}`}
              style={{ width: `${100 * share}%`, background: cssColor(color), color: inkOn(color) }}
            >
              {share >= NAMED_SHARE ? name(order) : ''}
            </span>
          );
        })}
      </span>
    </div>
  );
  return (
    <section aria-labelledby="policy-orders">
      <h2 id="policy-orders">Memory by folio size</h2>
      <p class="policy-note">then: with the pages that collapses fill</p>
      {bar('now', pagesBefore)}
      {bar('then', pagesAfter)}
      <table class="policy-table">
        <thead>
          <tr>
            <th scope="col">size</th>
            <th scope="col">now</th>
            <th scope="col">then</th>
          </tr>
        </thead>
        <tbody>
          {present.map((order) => (
            <tr key={order}>
              <th scope="row">
                <span
                  class="policy-swatch"
                  style={{ background: cssColor(orderColor(order, geometry.pmdOrder)) }}
                />
                {name(order)}
              </th>
              <td>{formatSize(pagesBefore[order], geometry)}</td>
              <td>{formatSize(pagesAfter[order], geometry)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">resident</th>
            <td>{formatSize(sum(pagesBefore), geometry)}</td>
            <td>{formatSize(sum(pagesAfter), geometry)}</td>
          </tr>
        </tfoot>
      </table>
    </section>
  );
}
