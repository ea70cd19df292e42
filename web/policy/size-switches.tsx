import type { Geometry } from '../../src/core/memory/geometry.ts';
import { anonOrders, asOrder, formatOrder, type Order, ordersOf } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { switchedTo, wordFor } from './choice.ts';
import { choice, choose } from './judgement.ts';

const POSITIONS = [
  { word: 'never', label: 'off', title: 'not used' },
  { word: 'madvise', label: 'madvise', title: 'for memory with MADV_HUGEPAGE' },
  { word: 'always', label: 'always', title: 'for all memory' },
] as const;

/** A switch for each size that anonymous memory can have: off, for advised memory, for all memory. */
export function SizeSwitches({ geometry }: { readonly geometry: Geometry }) {
  const { pmdOrderOnly, name } = KERNEL_MODELS[choice.value.model];
  const pmdSize = formatOrder(asOrder(geometry.pmdOrder), geometry);
  return (
    <div class="policy-sizes">
      {ordersOf(anonOrders(geometry)).map((order) => (
        <SizeSwitch key={order} order={order} geometry={geometry} />
      ))}
      {pmdOrderOnly && (
        <p class="policy-note">
          {name}: sizes below {pmdSize} are for page faults; khugepaged leaves them alone.
        </p>
      )}
    </div>
  );
}

function SizeSwitch({ order, geometry }: { readonly order: Order; readonly geometry: Geometry }) {
  const size = formatOrder(order, geometry);
  const current = wordFor(choice.value, order);
  return (
    <div class="policy-size" role="radiogroup" aria-label={`${size} folios`}>
      <span class="policy-size-name">{size}</span>
      <span class="policy-switch">
        {POSITIONS.map(({ word, label, title }) => (
          <label key={word} title={title} class={word === current ? `is-on is-${word}` : undefined}>
            <input
              type="radio"
              name={`size-${order}`}
              checked={word === current}
              onChange={() => choose(switchedTo(choice.value, order, word))}
            />
            {label}
          </label>
        ))}
      </span>
    </div>
  );
}
