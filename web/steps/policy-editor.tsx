import { pagesPerRange } from '../../src/core/memory/geometry.ts';
import {
  anonOrders,
  formatOrder,
  hasOrder,
  NO_ORDERS,
  type Order,
  ordersOf,
  withOrder,
  withoutOrder,
} from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import type { CollapseLimits } from '../../src/core/rules/policy.ts';
import { cssColor, orderColor } from '../../src/render/svg/palette.ts';
import { ignoredLimitLine } from '../../src/render/words/none-limit-note.ts';
import { alignment, edit, editLimits, state } from './steps-signals.ts';
import { withPmdOrder } from './steps-state.ts';

const PMD_ORDERS: readonly (readonly [number, string])[] = [
  [3, '8 PTEs, made up'],
  [4, '16 PTEs, made up'],
  [9, '512 PTEs of 4K, 2M'],
  [11, '2048 PTEs of 16K, 32M'],
  [13, '8192 PTEs of 64K, 512M'],
];

/** The policy for the range, the kernel whose rules hold, and the shape of its page tables. */
export function PolicyEditor() {
  const { range, orders, model } = state.value;
  const { geometry } = range;
  const all = anonOrders(geometry);
  const switchOrder = (order: Order) =>
    edit({ orders: hasOrder(orders, order) ? withoutOrder(orders, order) : withOrder(orders, order) });
  const ignored = ignoredLimitLine(alignment.value.left.policy, geometry);
  return (
    <section aria-label="Policy for the range">
      <h2>Policy</h2>
      <fieldset class="sizes">
        <legend>Enabled sizes</legend>
        {ordersOf(all).map((order) => (
          <label key={order} title={`order ${order}`}>
            <input type="checkbox" checked={hasOrder(orders, order)} onChange={() => switchOrder(order)} />
            <span class="size">
              <span class="swatch" style={{ background: cssColor(orderColor(order, geometry.pmdOrder)) }} />
              {formatOrder(order, geometry)}
            </span>
          </label>
        ))}
      </fieldset>
      <p class="row-of-buttons">
        <button type="button" class="button small" onClick={() => edit({ orders: all })}>
          All
        </button>
        <button type="button" class="button small" onClick={() => edit({ orders: NO_ORDERS })}>
          None
        </button>
      </p>
      <Limit limit="maxPtesNone" name="max_ptes_none" />
      {ignored && <p class="note">{ignored}</p>}
      <Limit limit="maxPtesSwap" name="max_ptes_swap" />
      <Limit limit="maxPtesShared" name="max_ptes_shared" />
      <div class="field">
        <label for="steps-model">Kernel</label>
        <select
          id="steps-model"
          value={model}
          onChange={({ currentTarget }) => edit({ model: currentTarget.value as KernelModelName })}
        >
          {Object.keys(KERNEL_MODELS).map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="steps-pmd">PMD order</label>
        <select
          id="steps-pmd"
          value={geometry.pmdOrder}
          onChange={({ currentTarget }) => edit(withPmdOrder(state.value, Number(currentTarget.value)))}
        >
          {PMD_ORDERS.some(([order]) => order === geometry.pmdOrder) || (
            <option value={geometry.pmdOrder}>{geometry.pmdOrder}</option>
          )}
          {PMD_ORDERS.map(([order, shape]) => (
            <option key={order} value={order}>
              {order}: {shape}
            </option>
          ))}
        </select>
      </div>
    </section>
  );
}

function Limit({ limit, name }: { readonly limit: keyof CollapseLimits; readonly name: string }) {
  const { limits, range } = state.value;
  const most = pagesPerRange(range.geometry) - 1;
  const id = `steps-${limit}`;
  const set = (text: string, within: boolean) => {
    const value = Number(text);
    if (text !== '' && Number.isInteger(value) && value >= 0 && value <= most)
      editLimits({ [limit]: value }, within);
  };
  return (
    <div class="field limit">
      <label for={id} class="mono">
        {name}
      </label>
      <input
        id={id}
        type="number"
        min={0}
        max={most}
        value={limits[limit]}
        onInput={({ currentTarget }) => set(currentTarget.value, false)}
      />
      {limit === 'maxPtesNone' && (
        <span class="row-of-buttons ends">
          {[0, most].map((end) => (
            <button
              key={end}
              type="button"
              class="button small"
              aria-pressed={limits[limit] === end}
              onClick={() => set(String(end), false)}
            >
              {end}
            </button>
          ))}
        </span>
      )}
    </div>
  );
}
