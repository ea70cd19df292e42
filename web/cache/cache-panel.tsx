import { useEffect } from 'preact/hooks';
import { addCacheTally, emptyCacheTally } from '../../src/analysis/cache/cache-tally.ts';
import { sizeFolder } from '../../src/core/base/sysfs.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { type Geometry, rangeBytes } from '../../src/core/memory/geometry.ts';
import { TOP_LEVEL_WORDS } from '../../src/core/rules/settings-words.ts';
import { SHMEM_SIZE_WORDS, SHMEM_WORDS } from '../../src/core/rules/shmem-settings.ts';
import { writeScript } from '../../src/render/text/advise/write-script.ts';
import { memory } from '../memory/open-memory.ts';
import { go } from '../state/link.ts';
import { type CacheChoice, writesOfCacheChoice } from './cache-choice.ts';
import {
  askingCache,
  cacheChoice,
  chooseCache,
  followCache,
  pageCache,
  recordedCacheChoice,
} from './cache-state.ts';
import { fallWords } from './cache-words.ts';
import './cache.css';

/** Shared memory and files beside the totals of anonymous memory: what becomes of them, what governs them. */
export function CachePanel() {
  useEffect(followCache, []);
  const open = memory.value;
  const settings = cacheChoice.value;
  if (!open || !settings) return null;
  const { geometry } = open.host;
  return (
    <section aria-labelledby="cache-panel" aria-busy={askingCache.value}>
      <h2 id="cache-panel">Shared memory and files</h2>
      <Totals geometry={geometry} />
      <Knobs settings={settings} geometry={geometry} />
      <Writes settings={settings} geometry={geometry} />
    </section>
  );
}

function Totals({ geometry }: { readonly geometry: Geometry }) {
  const total = emptyCacheTally(geometry);
  for (const tally of pageCache.value?.byKind.values() ?? []) addCacheTally(total, tally);
  const size = (pages: number) => (pageCache.value ? formatSize(pages, geometry) : '…');
  const { hugePages, collapsedPages, cachedPages, growthPages } = total;
  return (
    <>
      <dl class="cache-totals">
        <dt>page cache</dt>
        <dd>
          <strong>+{size(growthPages)}</strong> <span>of {size(cachedPages)}, in no RSS</span>
        </dd>
        <dt>huge pages</dt>
        <dd>
          {size(hugePages)} → <strong>{size(hugePages + collapsedPages)}</strong> <span>in memory</span>
        </dd>
        <dt>RSS falls</dt>
        <dd>
          <strong>{pageCache.value ? fallWords(total) : '…'}</strong> <span>until it is touched again</span>
        </dd>
      </dl>
      <p class="policy-note">
        Each file counts once, whoever maps it.{' '}
        <button type="button" class="list-link" onClick={() => go('map', { show: 'files' })}>
          All files
        </button>
      </p>
    </>
  );
}

function Knobs({ settings, geometry }: { readonly settings: CacheChoice; readonly geometry: Geometry }) {
  return (
    <div class="cache-knobs">
      <Knob
        id="cache-shmem"
        file="shmem_enabled"
        of="memfd, System V and shared anonymous memory"
        words={SHMEM_WORDS}
        value={settings.shmem}
        onChange={(shmem) => chooseCache({ shmem })}
      />
      <Knob
        id="cache-shmem-size"
        file={`${sizeFolder(rangeBytes(geometry))}/shmem_enabled`}
        of="the same, for the PMD size"
        words={SHMEM_SIZE_WORDS}
        value={settings.shmemSize}
        onChange={(shmemSize) => chooseCache({ shmemSize })}
      />
      <Knob
        id="cache-enabled"
        file="enabled"
        of="files on disks; a tmpfs goes by huge= of its mount"
        words={TOP_LEVEL_WORDS}
        value={settings.enabled}
        onChange={(enabled) => chooseCache({ enabled })}
      />
    </div>
  );
}

interface KnobProps<Word extends string> {
  readonly id: string;
  readonly file: string;
  /** What it governs. */
  readonly of: string;
  readonly words: readonly Word[];
  readonly value: Word;
  readonly onChange: (word: Word) => void;
}

function Knob<Word extends string>({ id, file, of, words, value, onChange }: KnobProps<Word>) {
  return (
    <div class="cache-knob">
      <label for={id} class="mono">
        {file}
      </label>
      <select
        id={id}
        aria-describedby={`${id}-of`}
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value as Word)}
      >
        {words.map((word) => (
          <option key={word} value={word}>
            {word}
          </option>
        ))}
      </select>
      <span id={`${id}-of`} class="policy-note">
        {of}
      </span>
    </div>
  );
}

/** What sets them on the machine, where they are others than it had. */
function Writes({ settings, geometry }: { readonly settings: CacheChoice; readonly geometry: Geometry }) {
  const recorded = recordedCacheChoice.value;
  const writes = recorded ? writesOfCacheChoice(recorded, settings, geometry) : [];
  if (writes.length === 0) return null;
  return (
    <pre class="cache-writes" tabIndex={0} aria-label="writes that set what governs shared memory and files">
      {writeScript(writes)}
    </pre>
  );
}
