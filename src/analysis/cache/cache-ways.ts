import { type Geometry, rangeBytes } from '../../core/memory/geometry.ts';
import { asOrder } from '../../core/memory/order.ts';
import {
  type CacheIneligible,
  type CacheSettings,
  whyNoCacheCollapse,
} from '../../core/rules/cache-orders.ts';
import type { CachedFile } from '../../core/rules/page-cache.ts';
import type { TopLevelWord } from '../../core/rules/settings-words.ts';
import type { HugeMountWord, ShmemSizeWord, ShmemWord } from '../../core/rules/shmem-settings.ts';
import type { FileMapper } from './file-mappers.ts';

/** A setting that governs shared memory or files, and the word to write. */
export type KnobWrite =
  | { readonly knob: 'enabled'; readonly word: TopLevelWord }
  | { readonly knob: 'shmem'; readonly word: ShmemWord }
  | { readonly knob: 'shmem-size'; readonly word: ShmemSizeWord }
  | { readonly knob: 'mount'; readonly word: HugeMountWord };

/** Changes that allow huge pages of a mapping, which its settings refuse. */
export interface CacheWay {
  readonly writes: readonly KnobWrite[];
  /** Whether the program has to call MADV_HUGEPAGE, too, which it has not. */
  readonly needsAdvice: boolean;
}

type Vma = FileMapper['vma'];

/** What settings and filesystem have against a mapping, were it aligned and large enough. */
export function settingsRefusal(
  { mapping, flags, ...vma }: Vma,
  file: CachedFile,
  governing: CacheSettings,
  geometry: Geometry,
): CacheIneligible | undefined {
  // As long as three ranges: whatever its offset, one of them is whole.
  const [start, end] = [mapping.offset, mapping.offset + 3 * rangeBytes(geometry)];
  const ideal = { ...vma, mapping, start, end, flags: flags.filter((flag) => flag === 'hg') };
  return whyNoCacheCollapse(ideal, file, governing, geometry, false);
}

/**
 * The fewest changes of settings that allow huge pages of a mapping: with MADV_HUGEPAGE of its program first,
 * then without. Each is what the rule itself says of the settings after it.
 */
export function waysToAllow(
  vma: Vma,
  file: CachedFile,
  governing: CacheSettings,
  geometry: Geometry,
): CacheWay[] {
  if (file.kind === 'file' && !governing.model.collapsesFiles) return [];
  const isAdvised = vma.flags.includes('hg');
  const works = (writes: readonly KnobWrite[], flags: readonly string[]) => {
    const after = writes.reduce<Governed>((each, write) => withWrite(each, write, geometry), {
      file,
      governing,
    });
    return settingsRefusal({ ...vma, flags }, after.file, after.governing, geometry) !== 'settings';
  };
  const candidates = changesOf(file);
  const advised = candidates.find((writes) => works(writes, ['hg']));
  const plain = isAdvised ? undefined : candidates.find((writes) => works(writes, []));
  return [
    ...(advised ? [{ writes: advised, needsAdvice: !isAdvised }] : []),
    ...(plain ? [{ writes: plain, needsAdvice: false }] : []),
  ];
}

interface Governed {
  readonly file: CachedFile;
  readonly governing: CacheSettings;
}

const TOP: readonly KnobWrite[] = [
  { knob: 'shmem', word: 'advise' },
  { knob: 'shmem', word: 'always' },
];
const SIZE: readonly KnobWrite[] = [
  { knob: 'shmem-size', word: 'inherit' },
  { knob: 'shmem-size', word: 'advise' },
  { knob: 'shmem-size', word: 'always' },
];
const MOUNT: readonly KnobWrite[] = [
  { knob: 'mount', word: 'advise' },
  { knob: 'mount', word: 'always' },
];
/** Takes `deny` back, and nothing else. */
const ALLOW: readonly KnobWrite[] = [{ knob: 'shmem', word: 'never' }];
const ENABLED: readonly KnobWrite[] = [
  { knob: 'enabled', word: 'madvise' },
  { knob: 'enabled', word: 'always' },
];

/** Changes of what governs a kind, the fewest first. */
function changesOf({ kind }: CachedFile): KnobWrite[][] {
  const single = (writes: readonly KnobWrite[]) => writes.map((write) => [write]);
  const both = (first: readonly KnobWrite[], second: readonly KnobWrite[]) =>
    first.flatMap((a) => second.map((b) => [a, b]));
  switch (kind) {
    case 'shared-anonymous':
    case 'internal':
      return [[], ...single(TOP), ...single(SIZE), ...both(TOP, SIZE)];
    case 'tmpfs':
      return [[], ...single(MOUNT), ...single(ALLOW), ...both(ALLOW, MOUNT)];
    case 'file':
      return [[], ...single(ENABLED)];
  }
}

function withWrite({ file, governing }: Governed, { knob, word }: KnobWrite, geometry: Geometry): Governed {
  const { settings, shmem } = governing;
  const governed = (after: Partial<CacheSettings>) => ({ file, governing: { ...governing, ...after } });
  switch (knob) {
    case 'enabled':
      return governed({ settings: { ...settings, enabled: word } });
    case 'shmem':
      return governed({ shmem: { ...shmem, enabled: word } });
    case 'shmem-size':
      const sizes = new Map(shmem.sizes).set(asOrder(geometry.pmdOrder), word);
      return governed({ shmem: { ...shmem, sizes } });
    case 'mount':
      return { file: { ...file, hugeMount: word }, governing };
  }
}
