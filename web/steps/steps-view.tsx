import { useEffect } from 'preact/hooks';
import { anonOrders, NO_ORDERS } from '../../src/core/memory/order.ts';
import { refusalLine } from '../../src/render/words/reasons.ts';
import { hugepageOrders } from '../policy/choice.ts';
import { choice } from '../policy/judgement.ts';
import type { Side } from './alignment.ts';
import { explainCommandLine } from './command.ts';
import { Controls, togglePlay } from './controls.tsx';
import { OutcomeDialog } from './outcome-dialog.tsx';
import { OutcomeRules } from './outcome-rules.tsx';
import { PolicyEditor } from './policy-editor.tsx';
import { PteGrid } from './pte-grid.tsx';
import { RangeEditor } from './range-editor.tsx';
import { RangeLegend } from './range-legend.tsx';
import { NO_SEARCH, SEARCHES } from './searches.ts';
import { StepList } from './step-list.tsx';
import { StepNow } from './step-now.tsx';
import { PRESET_GROUPS, PRESETS } from './steps-presets.ts';
import {
  alignment,
  alone,
  edit,
  goRow,
  origin,
  playing,
  preset,
  problems,
  redo,
  row,
  showPreset,
  state,
  undo,
} from './steps-signals.ts';
import { gainText, resultText } from './visit-words.ts';
import { WindowStrip } from './window-strip.tsx';
import './steps.css';

/** One range, searched in two ways, step by step. */
export function StepsView() {
  useEffect(() => {
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
  const isEnabled = state.value.orders !== 0;
  return (
    <div class="steps">
      <div class="steps-main">
        <h1 class="visually-hidden">One PMD range, step by step</h1>
        <PresetPicker />
        <div role="alert">
          {problems.value.map(({ message }) => (
            <p key={message} class="failure">
              the link: {message}
            </p>
          ))}
        </div>
        <Ignored />
        {isEnabled && <Controls />}
        <div class={alone.value ? 'columns columns-alone' : 'columns'}>
          <Column side="left" />
          {!alone.value && <Column side="right" />}
        </div>
        <RangeLegend />
        {isEnabled && <StepList />}
      </div>
      <aside class="panel steps-panel" aria-label="What is searched">
        <RangeEditor />
        <OutcomeRules />
        <PolicyEditor />
        <Commands />
      </aside>
      <OutcomeDialog />
    </div>
  );
}

function Column({ side }: { readonly side: Side }) {
  const run = alignment.value[side];
  const id = `search-${side}`;
  const isEnabled = state.value.orders !== 0;
  return (
    <section class="column" aria-label={`${side}: ${run.search.name}`}>
      <div class="column-head">
        <label class="visually-hidden" for={id}>
          Algorithm on the {side}
        </label>
        <select
          id={id}
          value={run.search.name}
          onChange={({ currentTarget }) => edit({ [side]: currentTarget.value })}
        >
          <SearchOptions />
          {side === 'right' && <option value={NO_SEARCH}>no second column</option>}
        </select>
        {alone.value && (
          <select
            value=""
            aria-label="Compare with"
            onChange={({ currentTarget }) => edit({ right: currentTarget.value })}
          >
            <option value="">compare with…</option>
            <SearchOptions />
          </select>
        )}
        {isEnabled && <p class="column-result">{resultText(run, state.value.range)}</p>}
      </div>
      <PteGrid side={side} />
      {isEnabled && (
        <>
          <WindowStrip side={side} />
          <StepNow side={side} />
        </>
      )}
    </section>
  );
}

function SearchOptions() {
  return (
    <>
      {Object.entries(SEARCH_GROUPS).map(([kind, label]) => (
        <optgroup key={kind} label={label}>
          {[...SEARCHES.values()]
            .filter((search) => search.kind === kind)
            .map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
        </optgroup>
      ))}
    </>
  );
}

/** That khugepaged would not make these steps, and why. */
function Ignored() {
  const { orders, range } = state.value;
  const { ignored } = origin.value;
  if (orders !== 0 && (ignored === undefined || ignored === 'settings')) return null;
  const enabled = hugepageOrders(choice.value);
  return (
    <div class="ignored" role="status">
      <p>
        khugepaged does not look at this range:{' '}
        {refusalLine(ignored ?? 'settings', ignored ? enabled : NO_ORDERS)}
        {orders !== 0 && '. These are the steps that it would take otherwise'}
      </p>
      {orders === 0 && (
        <button
          type="button"
          class="button small"
          onClick={() => edit({ orders: enabled === 0 ? anonOrders(range.geometry) : enabled })}
        >
          Step as if it were enabled
        </button>
      )}
    </div>
  );
}

const SEARCH_GROUPS = {
  'built-in': 'Algorithms',
  rules: 'With rules of their own',
  mistake: 'Mistakes (examples/algorithms)',
};

function PresetPicker() {
  const { from } = origin.value;
  const current = from === undefined ? preset.value : undefined;
  return (
    <div class={from === undefined ? 'presets' : 'presets presets-from'}>
      <label for="steps-preset">Case</label>
      <select
        id="steps-preset"
        value={current?.id ?? ''}
        onChange={({ currentTarget }) => {
          const chosen = PRESETS.find(({ id }) => id === currentTarget.value);
          if (chosen) showPreset(chosen);
        }}
      >
        {current === undefined && (
          <option value="">{from === undefined ? 'your own' : 'from the map'}</option>
        )}
        {PRESET_GROUPS.map(({ title, presets }) => (
          <optgroup key={title} label={title}>
            {presets.map((each) => (
              <option key={each.id} value={each.id}>
                {each.title}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      <p>
        {from === undefined ? (
          (current?.look ?? 'A range of your own: paint it, choose sizes and outcomes, and step through.')
        ) : (
          <>
            <strong>{from}</strong>: {gainText(alignment.value.left, state.value.range)}
          </>
        )}
      </p>
    </div>
  );
}

function Commands() {
  const { left, right } = state.value;
  const commands = [...new Set([left, right])].flatMap((name) => explainCommandLine(state.value, name) ?? []);
  if (commands.length === 0) return null;
  return (
    <details>
      <summary>The same in a terminal</summary>
      {commands.map((command) => (
        <pre key={command} class="command" tabindex={0}>
          {command}
        </pre>
      ))}
    </details>
  );
}

/** Keys that work wherever nothing else wants them. */
function onKeyDown(event: KeyboardEvent): void {
  const target =
    event.target instanceof HTMLElement || event.target instanceof SVGElement ? event.target : undefined;
  if (target?.closest('dialog')) return;
  const typing = target?.closest('input:not([type=radio]):not([type=checkbox]):not([type=range]), textarea');
  if ((event.ctrlKey || event.metaKey) && !event.altKey) {
    const key = event.key.toLowerCase();
    if (typing || (key !== 'z' && key !== 'y')) return;
    event.preventDefault();
    if (key === 'y' || event.shiftKey) redo();
    else undo();
    return;
  }
  if (event.altKey || event.shiftKey || typing || target?.closest('select, input')) return;
  const inList = target?.closest('[role=listbox]') !== null && target !== undefined;
  const move: Record<string, () => void> = {
    ' ': togglePlay,
    ArrowRight: () => goRow(row.value + 1),
    ArrowLeft: () => goRow(row.value - 1),
    Home: () => goRow(1),
    End: () => goRow(alignment.value.rows),
    ...(inList ? { ArrowDown: () => goRow(row.value + 1), ArrowUp: () => goRow(row.value - 1) } : {}),
  };
  if (!(event.key in move) || (event.key === ' ' && target?.closest('button, a, summary'))) return;
  event.preventDefault();
  if (event.key !== ' ') playing.value = false;
  move[event.key]();
}
