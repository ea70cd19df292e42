import { type UnderLocks, uncounted } from './cost-meter.ts';
import { KernelReadError } from './kernel-file.ts';
import { loadKoffi } from './koffi.ts';

/** Page categories of the PAGEMAP_SCAN ioctl that we ask for (docs/khugepaged.md#pagemap_scan). */
export const PAGE_IS = { present: 1 << 3, swapped: 1 << 4, zeroPage: 1 << 5, pmdMapped: 1 << 6 } as const;

/** A run of pages with the same categories. */
interface PageRegion {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly categories: number;
}

/**
 * Reports the regions of [start, end) whose pages are in any of the categories, in address order. Holes are
 * skipped at the speed of the kernel's own page-table walk. Throws KernelReadError when the kernel refuses; a
 * process that has ended has no regions.
 */
export type PagemapScan = (
  fd: number,
  start: number,
  end: number,
  categories: number,
) => Iterable<PageRegion>;

const EINTR = 4;

/** _IOWR('f', 16, struct pm_scan_arg) */
const PAGEMAP_SCAN = 0xc0606610;
const ARGUMENT = {
  size: 0,
  start: 2,
  end: 3,
  walkEnd: 4,
  vec: 5,
  vecLength: 6,
  anyOf: 10,
  returned: 11,
} as const;
const ARGUMENT_FIELDS = 12;
const REGION_FIELDS = 3;
const REGIONS_PER_CALL = 4096;

/** The ioctl with the memory that it reads and writes. What it writes is to be taken before the next call. */
interface ScanIoctl {
  readonly argument: BigUint64Array;
  readonly regions: BigUint64Array;
  /** The number of regions, or less than 0 where `errno` says why. */
  call(fd: number, start: number, end: number, categories: number): number;
  errno(): number;
}

/** Opened once: koffi frees nothing that it allocates, and memory is read again and again. */
let opened: Promise<ScanIoctl | undefined> | undefined;

async function openIoctl(): Promise<ScanIoctl | undefined> {
  const koffi = await loadKoffi();
  if (!koffi) return undefined;
  const ioctl = koffi.load(null).func('int ioctl(int fd, unsigned long request, void *argument)');
  const argumentMemory = koffi.alloc('uint64_t', ARGUMENT_FIELDS);
  const regionMemory = koffi.alloc('uint64_t', REGION_FIELDS * REGIONS_PER_CALL);
  const argument = new BigUint64Array(koffi.view(argumentMemory, 8 * ARGUMENT_FIELDS));
  const regions = new BigUint64Array(koffi.view(regionMemory, 8 * REGION_FIELDS * REGIONS_PER_CALL));
  return {
    argument,
    regions,
    call(fd, start, end, categories) {
      argument.fill(0n);
      argument[ARGUMENT.size] = BigInt(8 * ARGUMENT_FIELDS);
      argument[ARGUMENT.start] = BigInt(start);
      argument[ARGUMENT.end] = BigInt(end);
      argument[ARGUMENT.vec] = koffi.address(regionMemory);
      argument[ARGUMENT.vecLength] = BigInt(REGIONS_PER_CALL);
      argument[ARGUMENT.anyOf] = BigInt(categories);
      argument[ARGUMENT.returned] = BigInt(categories);
      return ioctl(fd, PAGEMAP_SCAN, argumentMemory);
    },
    errno: () => koffi.errno(),
  };
}

/**
 * The ioctl, called through koffi; undefined where koffi is not installed or the kernel is older than 6.7, so
 * that readers do without it. Trying it on the given pagemap decides.
 */
export async function loadPagemapScan(
  tryFd: number,
  underLocks: UnderLocks = uncounted,
): Promise<PagemapScan | undefined> {
  opened ??= openIoctl();
  const ioctl = await opened;
  if (!ioctl || ioctl.call(tryFd, 0, 0, PAGE_IS.present) < 0) return undefined;
  return function* scan(fd, start, end, categories) {
    for (let from = start; from < end; ) {
      const at = from;
      const count = underLocks(() => ioctl.call(fd, at, end, categories));
      if (count < 0) {
        const errno = ioctl.errno();
        if (errno === EINTR) continue;
        throw new KernelReadError(`PAGEMAP_SCAN failed with errno ${errno}`);
      }
      const walkEnd = Number(ioctl.argument[ARGUMENT.walkEnd]);
      // Whoever takes the regions may scan again, or another reader may, before it takes the next one.
      const found = ioctl.regions.slice(0, count * REGION_FIELDS);
      for (let i = 0; i < found.length; i += REGION_FIELDS) {
        yield { start: Number(found[i]), end: Number(found[i + 1]), categories: Number(found[i + 2]) };
      }
      if (walkEnd <= from) return;
      from = walkEnd;
    }
  };
}
