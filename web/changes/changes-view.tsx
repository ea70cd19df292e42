import { useEffect } from 'preact/hooks';
import { FindBox } from '../map/find-box.tsx';
import { MapCanvas } from '../map/map-canvas.tsx';
import { ProcessPicker } from '../map/process-picker.tsx';
import { StandingNote } from '../map/standing-note.tsx';
import { provideSubject } from '../map/subject.ts';
import { ZoomButtons } from '../map/zoom-buttons.tsx';
import { memory } from '../memory/open-memory.ts';
import { Segmented } from '../shell/segmented.tsx';
import { go, link, setParams } from '../state/link.ts';
import { CHANGE_LAYER_NAMES, CHANGE_LAYERS } from './change-layers.ts';
import { ChangeLegend } from './change-legend.tsx';
import { onlyWords } from './change-words.ts';
import { ChangedProcesses } from './changed-processes.tsx';
import { ChangedVmas } from './changed-vmas.tsx';
import { ChangesInspector } from './changes-inspector.tsx';
import { ChangesPanel } from './changes-panel.tsx';
import {
  changeLayer,
  changesStandingOut,
  comparedMemory,
  comparedReadings,
  earlier,
  followChanges,
  only,
} from './changes-state.ts';
import { changesSubject } from './changes-subject.ts';
import { NoPair } from './no-pair.tsx';
import { ReadingsLine } from './readings-line.tsx';
import '../map/map.css';
import './changes.css';

provideSubject('changes', changesSubject);

const SHOWN = ['map', 'processes', 'vmas'] as const;
const SHOWN_NAMES = { map: 'Map', processes: 'Processes', vmas: 'VMAs' };

/** Two readings of memory: what changed from one to the other, and whether it was foretold. */
export function ChangesView() {
  useEffect(followChanges, []);
  if (!memory.value || !earlier.value) return <NoPair />;
  const both = comparedReadings.value;
  const { show } = link.value.params;
  const hasMap = comparedMemory.value !== undefined;
  const shown = SHOWN.find((each) => each === show) ?? (hasMap ? 'map' : 'processes');
  return (
    <div class="beside">
      <section class={shown === 'map' ? 'map' : 'map map-as-list'} aria-label="Changes">
        <h1 class="visually-hidden">What changed until {memory.value.name}</h1>
        <ReadingsLine />
        {both && (
          <>
            <div class="toolbar">
              <Segmented
                name="show"
                legend="What is shown"
                values={SHOWN}
                labels={SHOWN_NAMES}
                value={shown}
                onChange={(each) => go('changes', { show: each })}
              />
              {shown === 'map' && <MapTools />}
            </div>
            {shown === 'map' && <TheMap />}
            {shown === 'processes' && <ChangedProcesses both={both} />}
            {shown === 'vmas' && <ChangedVmas both={both} />}
          </>
        )}
      </section>
      {both && <ChangesPanel both={both} />}
    </div>
  );
}

function MapTools() {
  return (
    <>
      <FindBox />
      <Segmented
        name="layer"
        legend="Colours"
        values={CHANGE_LAYERS}
        labels={CHANGE_LAYER_NAMES}
        value={changeLayer.value}
        onChange={(each) => setParams({ layer: each, only: undefined })}
      />
      <ProcessPicker />
    </>
  );
}

function TheMap() {
  if (!comparedMemory.value) return <p>No process has memory at the later reading.</p>;
  return (
    <>
      <div class="map-frame">
        <MapCanvas onOpen={() => undefined} />
        <ZoomButtons />
        <OnlyNote />
      </div>
      <ChangeLegend />
      <ChangesInspector />
    </>
  );
}

function OnlyNote() {
  const out = changesStandingOut.value;
  if (!out || only.value === undefined) return null;
  return <StandingNote out={out} words={onlyWords(only.value)} param="only" />;
}
