import { useEffect } from 'preact/hooks';
import { type Geometry, pagesPerRange } from '../../src/core/memory/geometry.ts';
import type { PageSpan } from '../../src/core/memory/page-span.ts';
import { spanFrom } from '../../src/core/rules/vma.ts';
import { memory, memoryWorker } from '../memory/open-memory.ts';
import { hugepageOrders } from '../policy/choice.ts';
import { choice } from '../policy/judgement.ts';
import { followOpening } from '../policy/opening-policy.ts';
import { PolicyPanel } from '../policy/policy-panel.tsx';
import { showHelp } from '../shell/help-dialog.tsx';
import { lazy } from '../shell/lazy.tsx';
import { Segmented } from '../shell/segmented.tsx';
import { NoMemory } from '../start/no-memory.tsx';
import { go, link, setParams } from '../state/link.ts';
import { FindBox } from './find-box.tsx';
import { Inspector } from './inspector.tsx';
import { Legend } from './legend.tsx';
import { MapCanvas } from './map-canvas.tsx';
import { layer, SHOWN, type Shown, shown } from './map-state.ts';
import { memorySubject } from './memory-subject.ts';
import { LAYER_NAMES, LAYERS } from './picture/layers.ts';
import { ProcessPicker } from './process-picker.tsx';
import { rangeWords } from './range-words.ts';
import { SplitHandles } from './split-handles.tsx';
import { provideSubject } from './subject.ts';
import { ZoomButtons } from './zoom-buttons.tsx';
import './map.css';

const AdviceLine = lazy(async () => (await import('./advice-line.tsx')).AdviceLine);
const WhyNote = lazy(async () => (await import('./why-note.tsx')).WhyNote);
const ProcessOverview = lazy(async () => (await import('./lists/process-overview.tsx')).ProcessOverview);
const FileTables = lazy(async () => (await import('../cache/file-tables.tsx')).FileTables);
const VmaTable = lazy(async () => (await import('./lists/vma-table.tsx')).VmaTable);

provideSubject('map', memorySubject);

export function MapView() {
  useEffect(followOpening, []);
  if (!memory.value?.rows) return <NoMemory />;
  const isMap = shown.value === 'map';
  return (
    <div class="beside">
      <section class={isMap ? 'map' : 'map map-as-list'} aria-label="Map">
        <h1 class="visually-hidden">Map of {memory.value.name}</h1>
        {/* It keeps its place while it is awaited, so that nothing moves. */}
        <div class="map-advice" role="region" aria-label="Advice" tabIndex={0}>
          <AdviceLine />
        </div>
        <Toolbar />
        {isMap && <TheMap />}
        {shown.value === 'processes' && <ProcessOverview />}
        {shown.value === 'vmas' && <VmaTable />}
        {shown.value === 'files' && <FileTables />}
      </section>
      <PolicyPanel
        reasonsFirst={layer.value === 'why' || link.value.params.why !== undefined}
        listsProcesses={shown.value !== 'processes'}
      />
    </div>
  );
}

function TheMap() {
  return (
    <>
      <div class="map-frame">
        <MapCanvas onOpen={openSteps} />
        <ZoomButtons />
        <SplitHandles />
        <WhyNote />
      </div>
      <Legend />
      <Inspector onOpen={openSteps} />
      <p id="map-keys" class="quiet map-keys">
        Arrows move, Enter steps through a range, 1 to {LAYERS.length} change the colours, + and − zoom,{' '}
        <button type="button" class="list-link" onClick={showHelp}>
          ? shows all keys
        </button>
      </p>
    </>
  );
}

/** Goes to the steps of a range, with the orders that its VMA may have under the policy. */
async function openSteps(row: number): Promise<void> {
  const open = memory.value;
  if (!open) return;
  const policy = choice.value;
  // Loaded when it is wanted: it is as large as the map itself.
  const [{ stepsParams }, detail] = await Promise.all([
    import('../steps/steps-link.ts'),
    memoryWorker.detail(row, policy),
  ]);
  if (!detail) return;
  const of = open.vmas[open.vmaOf[row]];
  const orders = of.vma.flags.includes('hg') ? hugepageOrders(policy) : policy.always;
  const { where, address } = rangeWords(open, undefined, row, detail);
  const from = `${where.split(', ', 1)[0]}, ${address}`;
  const vma = partInRange(spanFrom(of.vma, detail.range.address, open.host.geometry), open.host.geometry);
  go('steps', stepsParams(detail.range, policy, orders, { from, ignored: detail.ignored, vma }));
}

/** The pages of a VMA that lie in a range. */
function partInRange({ start, end }: PageSpan, geometry: Geometry): PageSpan {
  return { start: Math.max(0, start), end: Math.min(pagesPerRange(geometry), end) };
}

function Toolbar() {
  return (
    <div class="toolbar">
      <Segmented
        name="show"
        legend="What is shown"
        values={SHOWN}
        labels={SHOWN_NAMES}
        value={shown.value}
        onChange={(show) => go('map', { show })}
      />
      {shown.value === 'map' && <FindBox />}
      {shown.value === 'map' && <MapTools />}
    </div>
  );
}

const SHOWN_NAMES: Record<Shown, string> = {
  map: 'Map',
  processes: 'Processes',
  vmas: 'VMAs',
  files: 'Files',
};

function MapTools() {
  return (
    <>
      <Segmented
        name="layer"
        legend="Colours"
        values={LAYERS}
        labels={LAYER_NAMES}
        value={layer.value}
        onChange={(each) => setParams({ layer: each })}
      />
      <ProcessPicker />
    </>
  );
}
