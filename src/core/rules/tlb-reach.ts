import { parseBytes } from '../base/bytes.ts';
import { fail, type Result, succeed } from '../base/failure.ts';
import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import type { Cpu } from './cpu.ts';

/** How sure a reach is: `asked` where `--tlb` says it; `reported` by others than the vendor. */
export const REACH_CERTAINTIES = ['documented', 'reported', 'asked', 'unknown'] as const;

/** How many pages one TLB entry can map below the PMD, and who says so. */
export interface TlbReach {
  /** A power of two: 1 where nothing is known or said. A folio needs at least as many pages to gain by it. */
  readonly pages: number;
  /** Whose line of the table it is: "AMD Zen", "arm64 with 4K pages". */
  readonly cpu: string;
  readonly certainty: (typeof REACH_CERTAINTIES)[number];
  /** Where it is written. */
  readonly source: string;
}

/** The reach of an entry that maps a folio of any size. */
export const FOLIO_REACH = 2 ** 30;

/** AMD's family 17h, the first Zen. */
const FIRST_ZEN = 0x17;

/** arm64 maps 16 pages of 4K, 128 of 16K, 32 of 64K by one entry of contiguous PTEs. */
const ARM64_CONTIGUOUS: Readonly<Record<number, number>> = { 12: 16, 14: 128, 16: 32 };

/**
 * What one TLB entry of a CPU maps below the PMD. A PMD entry always maps all of its range. Unknown CPUs, and
 * those about which no document says more, map one page. Sources: docs/advice.md#tlb-reach.
 */
export function tlbReachOf(cpu: Cpu | undefined, { pageShift }: Geometry): TlbReach {
  if (!cpu)
    return { pages: 1, cpu: 'not recorded', certainty: 'unknown', source: 'the CPU is not known: one page' };
  if (cpu.architecture === 'aarch64' && ARM64_CONTIGUOUS[pageShift] !== undefined)
    return {
      pages: ARM64_CONTIGUOUS[pageShift],
      cpu: `arm64 with ${2 ** (pageShift - 10)}K pages`,
      certainty: 'documented',
      source: 'contiguous PTEs for user mappings, Linux 6.9; Documentation/arch/arm64/hugetlbpage.rst',
    };
  if (cpu.vendor === 'AuthenticAMD' && (cpu.family ?? 0) >= FIRST_ZEN)
    return {
      pages: 4,
      cpu: 'AMD Zen',
      certainty: 'reported',
      source: 'An Empirical Evaluation of PTE Coalescing, MemSys 2023',
    };
  if (cpu.architecture === 'x86_64')
    return {
      pages: 1,
      cpu: 'x86-64',
      certainty: 'documented',
      source: 'no vendor document says that an entry maps more than a page',
    };
  return { pages: 1, cpu: cpu.architecture, certainty: 'unknown', source: 'nothing is known: one page' };
}

/** What machines taken together have in common: one page where they differ. */
export function commonReach([first, ...others]: readonly TlbReach[]): TlbReach {
  if (others.every(({ pages }) => pages === first.pages)) return first;
  const source = 'the CPUs differ in what an entry maps: one page';
  return { pages: 1, cpu: 'of several kinds', certainty: 'unknown', source };
}

/** What `--tlb` asks for, or what the CPU can do. */
export function reachAsked(
  text: string | undefined,
  cpu: Cpu | undefined,
  geometry: Geometry,
): Result<TlbReach> {
  return text === undefined ? succeed(tlbReachOf(cpu, geometry)) : parseTlbReach(text, geometry);
}

/** Reads `--tlb`: a size such as 4K or 64K, or `folio` where one entry maps a folio of any size. */
function parseTlbReach(text: string, geometry: Geometry): Result<TlbReach> {
  const asked = { cpu: `--tlb ${text}`, certainty: 'asked', source: '' } as const;
  if (text === 'folio') return succeed({ ...asked, pages: FOLIO_REACH });
  const pages = (parseBytes(text) ?? 0) / 2 ** geometry.pageShift;
  if (Number.isInteger(Math.log2(pages)) && pages >= 1 && pages <= pagesPerRange(geometry))
    return succeed({ ...asked, pages });
  return fail(
    'usage',
    `--tlb ${text}: write a page size times a power of two up to the PMD size, such as 64K, or 'folio'`,
  );
}

/**
 * TLB entries of a folio of this order that PTEs map whole and naturally aligned: one for each block of
 * `reachPages`. A folio smaller than such a block takes an entry a page, because a block has to lie in one
 * folio (contpte_try_fold).
 */
function folioEntries(order: number, reachPages: number): number {
  if (reachPages === FOLIO_REACH) return 1;
  const pages = 2 ** order;
  return pages < reachPages ? pages : pages / reachPages;
}

/** How many entries fewer than pages such a folio takes. */
export function savedEntries(order: number, reachPages: number): number {
  return 2 ** order - folioEntries(order, reachPages);
}
