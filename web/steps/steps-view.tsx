import { useEffect } from 'preact/hooks';
import { intersectOrders, NO_ORDERS } from '../../src/core/memory/order.ts';
import { collapsibleOrders, KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { whyNoSize } from '../../src/core/rules/vma.ts';
import { refusalLine } from '../../src/render/words/explain/reasons.ts';
import { faultText } from '../faults/fault-list.tsx';
import { FaultsColumn } from '../faults/faults-column.tsx';
import { FaultsEditor } from '../faults/faults-editor.tsx';
import { FAULT_PRESETS } from '../faults/faults-presets.ts';
import { faultProblems, watchesFaults } from '../faults/faults-signals.ts';
import { hugepageOrders } from '../policy/choice.ts';
import { choice } from '../policy/judgement.ts';
import { formatLink, go, linkTo } from '../state/link.ts';
import type { Side } from './alignment.ts';
import { explainCommandLine } from './command.ts';
import { Controls, togglePlay } from './controls.tsx';
import { OutcomeDialog } from './outcome-dialog.tsx';
import { OutcomeRules } from './outcome-rules.tsx';
import { PolicyEditor } from './policy-editor.tsx';
import { PteGrid } from './range/pte-grid.tsx';
import { RangeEditor } from './range/range-editor.tsx';
import { RangeLegend } from './range/range-legend.tsx';
import { WindowStrip } from './range/window-strip.tsx';
import { OwnSearchField } from './searches/own-search-field.tsx';
import { ownSearches } from './searches/own-search-names.ts';
import { SearchControls } from './searches/search-controls.tsx';
import { NO_SEARCH, SEARCHES } from './searches/searches.ts';
import { StepList } from './step-list.tsx';
import { StepNow } from './step-now.tsx';
import { PRESET_GROUPS, PRESETS } from './steps-presets.ts';
import {
  alignment,
  alone,
  anyPossible,
  edit,
  goRow,
  origin,
  playing,
  preset,
  problems,
  row,
  rows,
  showPreset,
  state,
  watchFaults,
  watchSearches,
} from './steps-signals.ts';
import { gainText, resultText } from './visit-words.ts';
import './steps.css';

/** One range, searched in two ways, or the page faults of one VMA, step by step. */
export function StepsView() {
  useEffect(() => {
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
  const problemsNow = watchesFaults.value ? faultProblems.value : problems.value;
  return (
    <div class="steps">
      <div class="steps-main">
        <h1 class="visually-hidden">
          {watchesFaults.value ? 'Page faults, step by step' : 'One PMD range, step by step'}
        </h1>
        <PresetPicker />
        <div role="alert">
          {problemsNow.map(({ message }) => (
            <p key={message} class="failure">
              the link: {message}
            </p>
          ))}
        </div>
        {watchesFaults.value ? <Faults /> : <Searches />}
      </div>
      <aside class="panel steps-panel" aria-label="What is shown">
        {watchesFaults.value ? (
          <FaultsEditor />
        ) : (
          <>
            <RangeEditor />
            <OwnSearchField />
            <OutcomeRules />
            <PolicyEditor />
            <Commands />
          </>
        )}
      </aside>
      <OutcomeDialog />
    </div>
  );
}

function Searches() {
  const isEnabled = anyPossible.value;
  return (
    <>
      <Ignored />
      {isEnabled && <SearchControls />}
      <div class={alone.value ? 'steps-stage steps-stage-alone' : 'steps-stage'}>
        <div class={alone.value ? 'columns columns-alone' : 'columns'}>
          <Column side="left" />
          {!alone.value && <Column side="right" />}
        </div>
        <RangeLegend />
        {isEnabled && <StepList />}
      </div>
    </>
  );
}

function Faults() {
  return (
    <>
      {rows.value > 0 && <Controls unit="step" text={faultText()} />}
      <div class="columns columns-alone">
        <FaultsColumn />
      </div>
    </>
  );
}

function Column({ side }: { readonly side: Side }) {
  const run = alignment.value[side];
  const id = `search-${side}`;
  const isEnabled = anyPossible.value;
  return (
    <section class="column" aria-label={`${side}: ${run.search.name}`}>
      <div class="column-head">
        <label class="visually-hidden" for={id}>
          Algorithm on the {side}
        </label>
        <select
          id={id}
          value={run.search.name}
          onChange={({ currentTarget }) => {
            if (currentTarget.value === PAGE_FAULTS) watchFaults();
            else edit({ [side]: currentTarget.value });
          }}
        >
          <SearchOptions />
          <optgroup label="After a restart">
            <option value={PAGE_FAULTS}>page faults</option>
          </optgroup>
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
      {ownSearches.value.size > 0 && (
        <optgroup label="Your own">
          {[...ownSearches.value.keys()].map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </optgroup>
      )}
    </>
  );
}

/** What other settings in the panel take back. */
const BY_SETTINGS: ReadonlySet<string> = new Set(['settings', 'kernel-sizes']);

/** That khugepaged would not make these steps, and why. */
function Ignored() {
  const { range, orders } = state.value;
  const { ignored } = origin.value;
  const isPossible = anyPossible.value;
  if (isPossible && (ignored === undefined || BY_SETTINGS.has(ignored))) return null;
  const model = KERNEL_MODELS[state.value.model];
  const all = collapsibleOrders(model, range.geometry);
  const enabled = intersectOrders(hugepageOrders(choice.value), all);
  const why = whyNoSize(orders, model, range.geometry) ?? 'settings';
  return (
    <div class="ignored" role="status">
      <p>
        khugepaged does not look at this range:{' '}
        {ignored ? refusalLine(ignored, enabled) : refusalLine(why, NO_ORDERS)}
        {isPossible && '. These are the steps that it would take otherwise'}
      </p>
      {!isPossible && (
        <button
          type="button"
          class="button small"
          onClick={() => edit({ orders: enabled === 0 ? all : enabled })}
        >
          Step as if it were enabled
        </button>
      )}
    </div>
  );
}

/** Where algorithms are chosen: not a search, but who else makes large folios. */
const PAGE_FAULTS = 'page-faults';

const SEARCH_GROUPS = {
  'built-in': 'Algorithms',
  rules: 'With rules of their own',
  mistake: 'Mistakes (examples/algorithms)',
};

const GROUPS = [...PRESET_GROUPS, { title: 'Page faults', presets: FAULT_PRESETS }];
const OWN_RANGE = 'A range of your own: paint it, choose sizes and outcomes, and step through.';
const OWN_HISTORY = 'A history of your own: say what the program touches, and step through.';
const STARTED_AGAIN =
  'page faults, if the process starts again and writes the pages that it has in use here, in this order';

function PresetPicker() {
  const { from } = origin.value;
  const current = from === undefined ? preset.value : undefined;
  return (
    <div class={from === undefined ? 'presets' : 'presets presets-from'}>
      <Watched />
      <label for="steps-preset">Case</label>
      <select
        id="steps-preset"
        value={current?.id ?? ''}
        onChange={({ currentTarget }) => {
          const chosen = [...PRESETS, ...FAULT_PRESETS].find(({ id }) => id === currentTarget.value);
          if (chosen) showPreset(chosen);
        }}
      >
        {current === undefined && (
          <option value="">{from === undefined ? 'your own' : 'from the map'}</option>
        )}
        {GROUPS.map(({ title, presets }) => (
          <optgroup key={title} label={title}>
            {presets.map((each) => (
              <option key={each.id} value={each.id}>
                {each.title}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      {from !== undefined && <BackToMap from={from} />}
      <p>
        {from === undefined ? (
          (current?.look ?? (watchesFaults.value ? OWN_HISTORY : OWN_RANGE))
        ) : (
          <>
            <strong>{from}</strong>:{' '}
            {watchesFaults.value ? STARTED_AGAIN : gainText(alignment.value.left, state.value.range)}
          </>
        )}
      </p>
    </div>
  );
}

/** The way back to the range on the map, wherever the link was followed. */
function BackToMap({ from }: { readonly from: string }) {
  const [, pid, address] = /\((\d+)\).*?(0x[0-9a-f]+)/.exec(from) ?? [];
  const to = linkTo('map');
  const at: Record<string, string> = pid === undefined ? {} : { at: `${pid}:${address}` };
  return (
    <a
      class="button small"
      href={formatLink({ view: 'map', params: { ...to.params, ...at } })}
      onClick={(event) => {
        event.preventDefault();
        go('map', at);
      }}
    >
      Back to the map
    </a>
  );
}

/** Whether searches or page faults are watched. */
function Watched() {
  return (
    <fieldset class="segments">
      <legend class="visually-hidden">Watch</legend>
      <label title="khugepaged searches a range">
        <input type="radio" name="watched" checked={!watchesFaults.value} onChange={watchSearches} />
        <span>khugepaged</span>
      </label>
      <label title="A program touches its memory">
        <input type="radio" name="watched" checked={watchesFaults.value} onChange={watchFaults} />
        <span>page faults</span>
      </label>
    </fieldset>
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
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    event.shiftKey ||
    typing ||
    target?.closest('select, input')
  )
    return;
  const inList = target?.closest('[role=listbox]') !== null && target !== undefined;
  const move: Record<string, () => void> = {
    ' ': togglePlay,
    ArrowRight: () => goRow(row.value + 1),
    ArrowLeft: () => goRow(row.value - 1),
    Home: () => goRow(1),
    End: () => goRow(rows.value),
    ...(inList ? { ArrowDown: () => goRow(row.value + 1), ArrowUp: () => goRow(row.value - 1) } : {}),
  };
  if (!(event.key in move) || (event.key === ' ' && target?.closest('button, a, summary'))) return;
  event.preventDefault();
  if (event.key !== ' ') playing.value = false;
  move[event.key]();
}
