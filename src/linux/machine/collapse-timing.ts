import type * as Koffi from 'koffi';
import { type Failure, fail, failWith, type Result, succeed } from '../../core/base/failure.ts';
import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import { loadKoffi } from '../kernel/koffi.ts';

/**
 * How long the kernel took to collapse a PMD range with so many pages, the rest of it holes: the best of
 * many, in ns.
 */
export interface CollapseTiming {
  readonly pages: number;
  readonly ns: number;
}

const RANGES = 24;
const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MADV_HUGEPAGE = 14;
const MADV_NOHUGEPAGE = 15;
const MADV_COLLAPSE = 25;

/**
 * Collapses fresh memory of this process with MADV_COLLAPSE, ranges with few and with many pages, and takes
 * the time. Takes about a second and 50 MB for a while. Unsupported without koffi, before Linux 6.1, and
 * where the kernel has no memory in large blocks.
 */
export async function timeCollapses(geometry: Geometry): Promise<Result<CollapseTiming[]>> {
  const koffi = await loadKoffi();
  if (!koffi) return fail('unsupported', 'calibration needs the optional package koffi; npm install it');
  const calls = systemCalls(koffi);
  const pages = pagesPerRange(geometry);
  const timings: CollapseTiming[] = [];
  // The first collapses get memory that a virtual machine may not have touched yet.
  const warmUp = timeRanges(calls, geometry, 1);
  if (!warmUp.ok) return warmUp;
  for (const eighths of [0, 1, 2, 4, 6, 8]) {
    const touched = Math.max(1, (pages * eighths) / 8);
    const ns = timeRanges(calls, geometry, touched);
    if (!ns.ok) return ns;
    timings.push({ pages: touched, ns: ns.value });
  }
  return succeed(timings);
}

type SystemCalls = ReturnType<typeof systemCalls>;

function systemCalls(koffi: typeof Koffi) {
  const libc = koffi.load(null);
  return {
    mmap: libc.func('void *mmap(void *at, size_t length, int rights, int flags, int fd, long offset)'),
    munmap: libc.func('int munmap(void *start, size_t length)'),
    madvise: libc.func('int madvise(uintptr_t start, size_t length, int advice)'),
    address: (pointer: unknown): bigint => koffi.address(pointer as never),
    view: (pointer: unknown, length: number) => new Uint8Array(koffi.view(pointer as never, length)),
    errno: () => koffi.errno(),
  };
}

/** The fastest collapse of ranges with this many pages, in ns. */
function timeRanges(calls: SystemCalls, geometry: Geometry, pages: number): Result<number> {
  const range = rangeBytes(geometry);
  const page = pageBytes(geometry);
  const length = (RANGES + 1) * range;
  const pointer = calls.mmap(null, length, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  const start = calls.address(pointer);
  const first = Number((BigInt(range) - (start % BigInt(range))) % BigInt(range));
  try {
    const memory = calls.view(pointer, length);
    calls.madvise(start, length, MADV_NOHUGEPAGE);
    for (let i = 0; i < RANGES; i++) {
      for (let p = 0; p < pages; p++) memory[first + i * range + p * page] = 1;
    }
    calls.madvise(start, length, MADV_HUGEPAGE);
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < RANGES; i++) {
      const at = start + BigInt(first + i * range);
      const begin = process.hrtime.bigint();
      const status = calls.madvise(at, range, MADV_COLLAPSE);
      const ns = Number(process.hrtime.bigint() - begin);
      if (status === 0) best = Math.min(best, ns);
      else if (best === Number.POSITIVE_INFINITY && i === RANGES - 1) return failWith(refusal(calls.errno()));
    }
    return succeed(best);
  } finally {
    calls.munmap(pointer, length);
  }
}

function refusal(errno: number): Failure {
  const why =
    errno === 22
      ? 'MADV_COLLAPSE is not known here; it needs Linux 6.1 with transparent huge pages'
      : `MADV_COLLAPSE fails with errno ${errno}; try again when memory is less busy`;
  return fail('unsupported', `calibration: ${why}`).failure;
}
