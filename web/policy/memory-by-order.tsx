import { growthOf, restartGrowthOf, type Tally } from '../../src/analysis/ranges/tally.ts';
import { sum } from '../../src/core/base/sum.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { asOrder, formatOrder } from '../../src/core/memory/order.ts';
import { cssColor, FILLED, inkOn, orderColor } from '../../src/render/svg/palette.ts';

/** A part of a bar with less of it than this has no room for a name. */
const NAMED_SHARE = 0.12;

/**
 * Resident memory by the order of its folios: now, after khugepaged and after a restart, as bars and in
 * numbers.
 */
export function MemoryByOrder({ tally }: { readonly tally: Tally }) {
  const { geometry } = tally;
  const states = [
    { name: 'now', pages: tally.pagesBefore, growth: 0 },
    { name: 'then', pages: tally.pagesAfter, growth: growthOf(tally) },
    { name: 'restart', pages: tally.restart.pagesByOrder, growth: Math.max(0, restartGrowthOf(tally)) },
  ];
  const most = Math.max(1, ...states.map(({ pages }) => sum(pages)));
  const present = tally.pagesBefore
    .map((_, order) => order)
    .filter((order) => states.some(({ pages }) => pages[order] > 0));
  const name = (order: number) => formatOrder(asOrder(order), geometry);
  const bar = (label: string, pages: readonly number[], growth: number) => (
    <div key={label} class="policy-bar">
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
        {growth > 0 && (
          <span
            class="policy-bar-growth"
            title={`growth: ${formatSize(growth, geometry)}`}
            style={{
              left: `${(100 * (sum(pages) - growth)) / most}%`,
              width: `${(100 * growth) / most}%`,
              background: cssColor(FILLED),
            }}
          />
        )}
      </span>
    </div>
  );
  return (
    <section aria-labelledby="policy-orders">
      <h2 id="policy-orders">Memory by folio size</h2>
      <p class="policy-note">
        then: after khugepaged, with the pages that collapses fill; restart: after page faults, at most; the
        pink edge is what memory grows by
      </p>
      {states.map(({ name, pages, growth }) => bar(name, pages, growth))}
      <table class="policy-table">
        <thead>
          <tr>
            <th scope="col">size</th>
            {states.map((state) => (
              <th key={state.name} scope="col">
                {state.name}
              </th>
            ))}
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
              {states.map((state) => (
                <td key={state.name}>{formatSize(state.pages[order], geometry)}</td>
              ))}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">resident</th>
            {states.map((state) => (
              <td key={state.name}>{formatSize(sum(state.pages), geometry)}</td>
            ))}
          </tr>
        </tfoot>
      </table>
    </section>
  );
}
