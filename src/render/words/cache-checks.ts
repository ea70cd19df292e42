import type { CacheExplanation } from '../../analysis/cache/cache-explanation.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { rangeBytes } from '../../core/memory/geometry.ts';
import { CACHE_INELIGIBLE_REASONS } from '../../core/rules/cache-orders.ts';
import { governingFiles } from './cache-words.ts';
import { printable } from './printable.ts';

/** One check of whether a mapping may have huge pages. */
export interface CacheCheck {
  /** Undefined where it is not known. */
  readonly passes: boolean | undefined;
  readonly text: string;
}

/** The checks of the mapping asked about, in the kernel's order, with the values that they go by. */
export function checksOf(explained: CacheExplanation): CacheCheck[] {
  const { asked, file, takesFolios } = explained;
  const { forbidden, isAligned, isWhole } = asked;
  const flags =
    forbidden === undefined
      ? 'no MADV_NOHUGEPAGE, no prctl and no special mapping forbids it'
      : CACHE_INELIGIBLE_REASONS[forbidden];
  return [
    { passes: forbidden === undefined, text: flags },
    { passes: isAligned, text: alignmentWords(explained) },
    { passes: isWhole, text: coverageWords(explained) },
    settingsCheck(explained),
    ...(file?.kind === 'file' ? [filesystemCheck(file.filesystem, takesFolios)] : []),
  ];
}

function alignmentWords({ asked: { vma, isAligned }, geometry }: CacheExplanation): string {
  const bytes = rangeBytes(geometry);
  const size = formatBytes(bytes);
  const above = (place: number) =>
    `0x${place.toString(16)} is ${place % bytes === 0 ? 'a' : `0x${(place % bytes).toString(16)} above a`} multiple of ${size}`;
  const which = `address ${above(vma.start)}, its offset in the file ${above(vma.mapping.offset)}`;
  return isAligned
    ? `${which}: aligned to each other`
    : `${which}: not aligned to each other, so no range of the file fits into a PMD entry`;
}

function coverageWords({ asked: { vma, address, isWhole }, geometry }: CacheExplanation): string {
  const bytes = rangeBytes(geometry);
  const size = formatBytes(vma.end - vma.start);
  if (isWhole) return `the mapping, of ${size}, holds the whole range`;
  const missing = [
    ...(address < vma.start
      ? [`begins ${formatBytes(vma.start - address)} behind the start of the range`]
      : []),
    ...(address + bytes > vma.end ? [`ends ${formatBytes(address + bytes - vma.end)} before its end`] : []),
  ];
  return `the mapping, of ${size}, ${missing.join(' and ')}`;
}

function settingsCheck({ asked, file, governing, geometry }: CacheExplanation): CacheCheck {
  if (!file)
    return {
      passes: undefined,
      text: 'the settings that govern it: of which kind the file is is not known, for it was not opened',
    };
  const files = governingFiles(file.kind, governing, geometry).map((each) => `${each.file} ${each.value}`);
  const mount =
    file.kind === 'tmpfs'
      ? [
          file.hugeMount === undefined
            ? 'huge= of the mount not known, taken for never'
            : `huge=${file.hugeMount} of the mount`,
        ]
      : [];
  const advised = asked.vma.flags.includes('hg') ? 'with MADV_HUGEPAGE' : 'without MADV_HUGEPAGE';
  return {
    passes: asked.isAllowed,
    text: `${[...files, ...mount].join(', ')}; mapped ${advised}`,
  };
}

function filesystemCheck(filesystem: string | undefined, takes: boolean | undefined): CacheCheck {
  const name = filesystem === undefined ? 'its filesystem' : printable(filesystem);
  if (takes === undefined)
    return {
      passes: undefined,
      text: `${name}: whether it takes folios of the PMD size is not known; taken for one that does`,
    };
  return { passes: takes, text: `${name} takes ${takes ? '' : 'no '}folios of the PMD size` };
}
