import type { CacheExplanation } from '../../../analysis/cache/cache-explanation.ts';
import type { CacheWay, KnobWrite } from '../../../analysis/cache/cache-ways.ts';
import { formatBytes } from '../../../core/base/bytes.ts';
import { sizeFolder } from '../../../core/base/sysfs.ts';
import { type Geometry, pagesPerRange, rangeBytes } from '../../../core/memory/geometry.ts';
import { countPages } from '../../../core/memory/occupancy.ts';
import type { CachedFile } from '../../../core/rules/page-cache.ts';

/** What would let the range become huge, for each thing in its way; nothing where it collapses. */
export function cacheAdvice(explained: CacheExplanation): string[] {
  const { asked, ways, geometry, plan, refusal } = explained;
  if (refusal !== undefined)
    return [...mappingAdvice(explained), ...settingsAdvice(ways, asked.isAllowed, geometry)];
  return plan ? scanAdvice(explained) : [];
}

function mappingAdvice(explained: CacheExplanation): string[] {
  const { asked, file, takesFolios, geometry } = explained;
  const { forbidden, isAligned, isWhole, vma } = asked;
  const size = formatBytes(rangeBytes(geometry));
  const offset = vma.mapping.offset % rangeBytes(geometry);
  return [
    ...(forbidden === 'nohugepage'
      ? ['the program asked for it: it would have to leave out MADV_NOHUGEPAGE']
      : []),
    ...(forbidden === 'prctl' ? ['the process, or who started it, called prctl(PR_SET_THP_DISABLE)'] : []),
    ...(isAligned
      ? []
      : [
          ...(file && file.kind !== 'file' ? [restartAligns(file, explained)] : []),
          `${file && file.kind !== 'file' ? 'or' : 'to align it,'} the program has to map it at an address that is ${offset === 0 ? 'a' : `0x${offset.toString(16)} above a`} multiple of ${size}`,
        ]),
    ...(isAligned && !isWhole ? [`a mapping that holds all ${size} of the range would be needed`] : []),
    ...(takesFolios === false ? ['ext4, XFS and btrfs take folios of that size'] : []),
  ];
}

/** What aligns shared memory without a change of its program (docs/shared-memory.md). */
function restartAligns(file: CachedFile, explained: CacheExplanation): string {
  const { asked, isMappedAligned: isAligned, geometry } = explained;
  const which = isAligned
    ? 'under these settings'
    : file.kind === 'tmpfs'
      ? 'where huge= of the mount is not never'
      : 'where the top-level shmem_enabled is not never';
  const size = formatBytes(rangeBytes(geometry));
  const atOnce = isAligned && asked.isAllowed === true ? ', and page faults make it huge at once' : '';
  return `to align it, start the program again ${which}: the kernel then maps shared memory of ${size} and more aligned, unless the program chooses the address${atOnce}`;
}

function settingsAdvice(
  ways: readonly CacheWay[],
  isAllowed: boolean | undefined,
  geometry: Geometry,
): string[] {
  if (isAllowed !== false || ways.length === 0) return [];
  return [
    `settings that allow it: ${ways.map((way) => wayWords(way, geometry)).join('; or ')}`,
    ...alsoGoverned(ways),
  ];
}

/** "shmem_enabled advise + MADV_HUGEPAGE". */
function wayWords({ writes, needsAdvice }: CacheWay, geometry: Geometry): string {
  const parts = writes.map((write) =>
    write.knob === 'mount' ? `huge=${write.word} of the mount` : `${knobName(write, geometry)} ${write.word}`,
  );
  return [...parts, ...(needsAdvice ? ['MADV_HUGEPAGE'] : [])].join(' + ');
}

/** A setting by its file below the folder of THP, or as an option of the mount. */
export function knobName({ knob }: KnobWrite, geometry: Geometry): string {
  switch (knob) {
    case 'enabled':
      return 'enabled';
    case 'shmem':
      return 'shmem_enabled';
    case 'shmem-size':
      return `${sizeFolder(rangeBytes(geometry))}/shmem_enabled`;
    case 'mount':
      return 'huge= of the mount';
  }
}

function alsoGoverned(ways: readonly CacheWay[]): string[] {
  const written = new Set(ways.flatMap(({ writes }) => writes.map(({ knob }) => knob)));
  return [
    ...(written.has('enabled') ? ['(sizes of anonymous memory that inherit follow enabled, too)'] : []),
    ...(written.has('mount')
      ? ['(mounts do not start the thread: it runs if enabled, a size or shmem_enabled wants it to)']
      : []),
  ];
}

function scanAdvice({ plan, range, geometry }: CacheExplanation): string[] {
  if (!plan || !range) return [];
  const absent = pagesPerRange(geometry) - countPages(range.present);
  switch (plan.result) {
    case 'SCAN_EXCEED_NONE_PTE':
      return absent === pagesPerRange(geometry)
        ? ['nothing of it is in memory: no setting changes that']
        : [`with max_ptes_none ${absent} or more it collapses; that limit is one of anonymous memory, too`];
    case 'SCAN_EXCEED_SWAP_PTE':
      return [
        `max_ptes_swap would have to be ${range.swapPages} or more; that limit is one of anonymous memory, too`,
      ];
    case 'SCAN_PAGE_DIRTY_OR_WRITEBACK':
      return ['khugepaged writes nothing back: the range fails until somebody does, such as sync'];
    default:
      return [];
  }
}
