import { useRef } from 'preact/hooks';
import { type Geometry, pagesPerRange } from '../../src/core/memory/geometry.ts';
import { asOrder, formatOrder, hasLowerOrder } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { collapsePolicy } from '../../src/core/rules/policy.ts';
import { ignoredLimitLine } from '../../src/render/words/none-limit-note.ts';
import { hugepageOrders } from './choice.ts';
import { choice, choose } from './judgement.ts';
import { NumberField } from './number-field.tsx';

/** The three limits of khugepaged, in PTEs of one PMD range. */
export function Limits({ geometry }: { readonly geometry: Geometry }) {
  const { maxPtesNone, maxPtesSwap, maxPtesShared } = choice.value;
  const most = pagesPerRange(geometry) - 1;
  return (
    <div class="policy-limits">
      <LimitField
        name="max_ptes_none"
        value={maxPtesNone}
        most={most}
        onChange={(value, within) => choose({ maxPtesNone: value }, within)}
      />
      <NoneEnds geometry={geometry} />
      <LimitField
        name="max_ptes_swap"
        value={maxPtesSwap}
        most={most}
        onChange={(value, within) => choose({ maxPtesSwap: value }, within)}
      />
      <LimitField
        name="max_ptes_shared"
        value={maxPtesShared}
        most={most}
        onChange={(value, within) => choose({ maxPtesShared: value }, within)}
      />
    </div>
  );
}

interface LimitProps {
  readonly name: string;
  readonly value: number;
  readonly most: number;
  /** `within`: as the next value of a slider that is being moved. */
  readonly onChange: (value: number, within: boolean) => void;
}

/** A limit as a slider, which is followed at once, and as a number. */
function LimitField({ name, value, most, onChange }: LimitProps) {
  const isSliding = useRef(false);
  const rest = () => {
    isSliding.current = false;
  };
  return (
    <div class="policy-limit">
      <label for={name} class="mono">
        {name}
      </label>
      <NumberField
        id={name}
        value={value}
        kind={{ whole: true, most, orAny: false }}
        onChange={(typed) => typed !== undefined && onChange(typed, false)}
      />
      <input
        type="range"
        aria-label={`${name}, slider`}
        min={0}
        max={most}
        step={1}
        value={value}
        onInput={({ currentTarget }) => {
          onChange(currentTarget.valueAsNumber, isSliding.current);
          isSliding.current = true;
        }}
        onPointerUp={rest}
        onKeyUp={rest}
        onBlur={rest}
      />
    </div>
  );
}

/** The two values of max_ptes_none that sizes below the PMD size know, and what becomes of others. */
function NoneEnds({ geometry }: { readonly geometry: Geometry }) {
  const { model: name, maxPtesNone } = choice.value;
  const model = KERNEL_MODELS[name];
  const most = pagesPerRange(geometry) - 1;
  const policy = collapsePolicy(hugepageOrders(choice.value), choice.value, model, geometry);
  const pmdOrder = asOrder(geometry.pmdOrder);
  const ignored = ignoredLimitLine(policy, geometry);
  const ends = [
    { value: 0, meaning: 'full windows only' },
    { value: most, meaning: 'one page is enough' },
  ];
  return (
    <>
      <div class="policy-ends" role="group" aria-label="max_ptes_none that every size knows">
        {ends.map(({ value, meaning }) => (
          <button
            key={value}
            type="button"
            class="policy-end"
            aria-pressed={maxPtesNone === value}
            onClick={() => choose({ maxPtesNone: value })}
          >
            <strong>{value}</strong> {meaning}
          </button>
        ))}
      </div>
      {ignored && <p class="policy-note policy-warning">{ignored}</p>}
      {model.noneRule !== 'ends' && hasLowerOrder(policy.orders, pmdOrder) && (
        <p class="policy-note">
          {name}: below {formatOrder(pmdOrder, geometry)} the limit is scaled down with the size.
        </p>
      )}
    </>
  );
}
