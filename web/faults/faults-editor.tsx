import { historyText, parseHistory } from '../../src/core/fault/history.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { anonOrders, intersectOrders } from '../../src/core/memory/order.ts';
import { type PageSpan, parseSpan } from '../../src/core/memory/page-span.ts';
import { PmdOrderField } from '../steps/pmd-order-field.tsx';
import { TypedField } from '../steps/range/typed-field.tsx';
import { SizeFields } from '../steps/size-fields.tsx';
import { editFaults } from '../steps/steps-signals.ts';
import { faultsView } from './faults-signals.ts';
import { faultsCommandLine, shownHistory } from './faults-state.ts';

const vmaText = ({ start, end }: PageSpan) => `${start}-${end}`;

/** The VMA, what the program does with it, and what page faults may use. */
export function FaultsEditor() {
  const { geometry, vma, acts, policy } = faultsView.value;
  return (
    <>
      <section aria-label="Program">
        <h2>Program</h2>
        <TypedField
          id="faults-vma"
          label="VMA, in pages from a PMD border; the end exclusive"
          placeholder="3-1024"
          shown={vmaText(vma)}
          parse={(text) => {
            const span = parseSpan(text);
            if (!span.ok) return span;
            const fits = parseHistory(historyText(acts), span.value);
            return fits.ok ? span : fits;
          }}
          format={vmaText}
          onTake={(next, within) => editFaults({ vma: next }, within)}
        />
        <TypedField
          id="faults-history"
          label="History: w writes, r reads, d gives back"
          placeholder="w37 w101 r5 d0-511"
          shown={historyText(acts)}
          parse={(text) => shownHistory(text, vma)}
          format={historyText}
          onTake={(next, within) => editFaults({ acts: next }, within)}
        />
        <p class="row-of-buttons"></p>
      </section>
      <section aria-label="What page faults may use">
        <h2>Page faults may use</h2>
        <SizeFields
          legend="Enabled sizes"
          orders={policy.orders}
          geometry={geometry}
          onChange={(orders) => editFaults({ policy: { ...policy, orders } })}
        />
        <label>
          <input
            type="checkbox"
            checked={policy.hugeZeroPage}
            onChange={() => editFaults({ policy: { ...policy, hugeZeroPage: !policy.hugeZeroPage } })}
          />{' '}
          huge zero page (<code>use_zero_page</code>)
        </label>
        <p class="note">
          Memory is free. max_ptes_none plays no part in page faults; Linux before 6.8 gives them the PMD
          order alone.
        </p>
        <PmdOrderField pmdOrder={geometry.pmdOrder} onChange={setPmdOrder} />
      </section>
      <details>
        <summary>The same in a terminal</summary>
        <pre class="command" tabindex={0}>
          {faultsCommandLine(faultsView.value)}
        </pre>
      </details>
    </>
  );
}

/** The same VMA and history where PMD ranges are larger or smaller: sizes that are not there are left out. */
function setPmdOrder(pmdOrder: number): void {
  const { policy } = faultsView.value;
  const geometry = geometryOfPmdOrder(pmdOrder);
  const all = anonOrders(geometry);
  const orders = intersectOrders(policy.orders, all);
  editFaults({ geometry, policy: { ...policy, orders: orders === 0 ? all : orders } });
}
