import { countPages, emptyOccupancy, fullOccupancy } from '../../../src/core/memory/occupancy.ts';
import { asOrder, formatOrder } from '../../../src/core/memory/order.ts';
import { formatPages, parsePages } from '../../../src/core/memory/page-list.ts';
import { ASSUMPTIONS, plainRange, unknownFacts } from '../../../src/core/memory/range-state.ts';
import { applyPlan } from '../../../src/core/plan/apply-plan.ts';
import { collapsesOf } from '../../../src/core/plan/collapses.ts';
import type { Side } from '../alignment.ts';
import { alignment, alone, brush, edit, goRow, state } from '../steps-signals.ts';
import { type Brush, type ListedFact, withPages } from './edit-range.ts';
import { TypedField } from './typed-field.tsx';

const BRUSHES: readonly { readonly kind: Exclude<Brush['kind'], 'folio'>; readonly label: string }[] = [
  { kind: 'present', label: 'present' },
  { kind: 'empty', label: 'empty' },
  { kind: 'swap', label: 'swap' },
  { kind: 'zero', label: 'zero page' },
  { kind: 'shared', label: 'shared' },
  { kind: 'pinned', label: 'pinned' },
];

const LISTS: readonly { readonly fact: ListedFact; readonly label: string }[] = [
  { fact: 'present', label: 'Present' },
  { fact: 'swap', label: 'In swap' },
  { fact: 'zero', label: 'Zero page' },
  { fact: 'shared', label: 'Shared' },
];

/** The brush, the range as lists, and what can be done to all of it. */
export function RangeEditor() {
  const { range } = state.value;
  const { geometry } = range;
  const chosen = brush.value;
  const unknown = unknownFacts(range);
  const { scan } = alignment.value.left;
  return (
    <section aria-label="Range">
      <h2>Range</h2>
      {range.address !== 0 && <p class="quiet mono">0x{range.address.toString(16)}</p>}
      <fieldset class="brushes">
        <legend>Paint PTEs as</legend>
        {BRUSHES.map(({ kind, label }) => (
          <label key={kind}>
            <input
              type="radio"
              name="brush"
              checked={chosen.kind === kind}
              onChange={() => (brush.value = { kind })}
            />
            <span class={`brush brush-${kind}`}>{label}</span>
          </label>
        ))}
        <label>
          <input
            type="radio"
            name="brush"
            checked={chosen.kind === 'folio'}
            onChange={() => (brush.value = { kind: 'folio', order: asOrder(Math.min(4, geometry.pmdOrder)) })}
          />
          <span class="brush">folio of</span>
        </label>
        <select
          aria-label="Size of painted folios"
          value={chosen.kind === 'folio' ? chosen.order : Math.min(4, geometry.pmdOrder)}
          onChange={({ currentTarget }) =>
            (brush.value = { kind: 'folio', order: asOrder(Number(currentTarget.value)) })
          }
        >
          {Array.from({ length: geometry.pmdOrder - 1 }, (_, i) => asOrder(i + 2)).map((order) => (
            <option key={order} value={order}>
              {formatOrder(order, geometry)}
            </option>
          ))}
        </select>
      </fieldset>
      <p class="row-of-buttons">
        <button
          type="button"
          class="button small"
          onClick={() => edit({ range: withPages(clear(), 'present', fullOccupancy(geometry)) })}
        >
          Fill
        </button>
        <button type="button" class="button small" onClick={() => edit({ range: clear() })}>
          Clear
        </button>
      </p>
      {LISTS.map(({ fact, label }) => (
        <PageList key={fact} fact={fact} label={label} />
      ))}
      <p class="note">
        {countPages(scan.occupied)} occupied, {scan.noneOrZero} none or zero page, {scan.unmapped} not
        present, {scan.shared} shared
      </p>
      <p class="row-of-buttons">
        <NextPass side="left" />
        {!alone.value && <NextPass side="right" />}
      </p>
      {unknown.length > 0 && (
        <details>
          <summary>Assumed, because it could not be seen</summary>
          <ul class="assumed">
            {unknown.map((fact) => (
              <li key={fact}>{ASSUMPTIONS[fact]}</li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );

  function clear() {
    const { address, uffdArmed } = range;
    return { ...plainRange(geometry, emptyOccupancy(geometry), undefined), address, uffdArmed };
  }
}

/** The range as the next pass finds it after what a search has done. */
function NextPass({ side }: { readonly side: Side }) {
  const { search, plan } = alignment.value[side];
  const changes = plan && (plan.swappedInPages > 0 || collapsesOf(plan).length > 0);
  if (!plan || (side === 'right' && search.name === alignment.value.left.search.name)) return null;
  return (
    <button
      type="button"
      class="button small"
      aria-disabled={!changes}
      title={changes ? undefined : 'Nothing changes any more'}
      onClick={() => {
        if (!changes) return;
        const { range } = state.value;
        const known = {
          ...range,
          folioOrders: range.folioOrders ?? new Uint8Array(1 << range.geometry.pmdOrder),
        };
        edit({ range: applyPlan(known, plan) });
        goRow(1);
      }}
    >
      Next pass after {search.name}
    </button>
  );
}

/** PTEs in the kernel's list notation. */
function PageList({ fact, label }: { readonly fact: ListedFact; readonly label: string }) {
  const { range } = state.value;
  const pages = range.facts[fact];
  return (
    <TypedField
      id={`pages-${fact}`}
      label={label}
      placeholder={fact === 'present' ? '0-15,100' : 'none'}
      shown={pages ? formatPages(pages) : ''}
      parse={(text) => parsePages(text, range.geometry)}
      format={formatPages}
      onTake={(list, within) => edit({ range: withPages(range, fact, list) }, within)}
    />
  );
}
