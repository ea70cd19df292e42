import { plural } from '../../src/core/base/plural.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { NumberField } from '../policy/number-field.tsx';
import { link, setParams } from '../state/link.ts';
import {
  type BudgetChoice,
  budgetFromParams,
  budgetOf,
  GROWTH_STOPS,
  paramsOfBudget,
  stopOf,
  WORK_STOPS,
} from './budget.ts';

interface Props {
  readonly machinePages: number;
  readonly geometry: Geometry;
}

/** What a policy may cost: growth, and attempts in every later pass. */
export function BudgetSliders({ machinePages, geometry }: Props) {
  const budget = budgetFromParams(link.value.params);
  const set = (changes: Partial<BudgetChoice>) => setParams(paramsOfBudget({ ...budget, ...changes }));
  const { growthPages, laterAttempts } = budgetOf(budget, machinePages);
  return (
    <div class="tradeoff-budget">
      <BudgetSlider
        id="budget-growth"
        label="growth of at most, now by khugepaged and at a restart by page faults"
        unit="%"
        whole={false}
        stops={GROWTH_STOPS}
        value={budget.growthPercent}
        words={budget.growthPercent === undefined ? 'any growth' : `${formatSize(growthPages, geometry)}`}
        onChange={(growthPercent) => set({ growthPercent })}
      />
      <BudgetSlider
        id="budget-work"
        label="attempts in every later pass, at most"
        unit=""
        whole
        stops={WORK_STOPS}
        value={budget.laterAttempts}
        words={laterAttempts === undefined ? 'any number' : plural(laterAttempts, 'attempt')}
        onChange={(later) => set({ laterAttempts: later })}
      />
    </div>
  );
}

interface SliderProps {
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  readonly whole: boolean;
  readonly stops: readonly number[];
  readonly value: number | undefined;
  readonly words: string;
  readonly onChange: (value: number | undefined) => void;
}

/** A slider over round values, whose last place is no limit, and a field for any other value. */
function BudgetSlider({ id, label, unit, whole, stops, value, words, onChange }: SliderProps) {
  return (
    <div class="tradeoff-limit">
      <label for={id}>{label}</label>
      <NumberField
        id={id}
        unit={unit}
        value={value}
        kind={{ whole, most: Infinity, orAny: true }}
        onChange={onChange}
      />
      <input
        type="range"
        aria-label={`${label}, slider`}
        aria-valuetext={value === undefined ? words : `${value}${unit}`}
        min={0}
        max={stops.length}
        step={1}
        value={stopOf(value, stops)}
        onInput={({ currentTarget }) => onChange(stops[currentTarget.valueAsNumber])}
      />
      <span class="tradeoff-words">{words}</span>
    </div>
  );
}
