import { type UnderLocks, uncounted } from '../cost-meter.ts';
import { KernelReadError } from '../kernel/kernel-file.ts';
import { loadKoffi } from '../kernel/koffi.ts';

/** Page categories of the PAGEMAP_SCAN ioctl that we ask for (docs/khugepaged.md#pagemap_scan). */
export const PAGE_IS = {
  file: 1 << 2,
  present: 1 << 3,
  swapped: 1 << 4,
  zeroPage: 1 << 5,
  pmdMapped: 1 << 6,
  guard: 1 << 8,
} as const;

/** Categories of pages that are not empty; a guard marker need not be called swapped as well. */
const OCCUPIED = PAGE_IS.present | PAGE_IS.swapped;
const ASKED = OCCUPIED | PAGE_IS.zeroPage | PAGE_IS.pmdMapped;

/** Words of a region: start, exclusive end and categories, 64 bits each, low word first. */
export const REGION_WORDS = 6;

/** The address in a region at a word: its start or its end. */
export function addressAt(regions: Uint32Array, word: number): number {
  return regions[word] + regions[word + 1] * 2 ** 32;
}

/** What one call found: runs of occupied pages with equal categories, in address order. */
interface ScannedRegions {
  readonly regions: Uint32Array;
  /** Everything before it was looked at. */
  readonly walkEnd: number;
}

/** The PAGEMAP_SCAN ioctl of this kernel. */
export interface PagemapScan {
  /** Whether guard markers have a category of their own. */
  readonly tellsGuards: boolean;
  /**
   * The first regions of [start, end) whose pages are present or swapped: at most some thousand, to be taken
   * before the next call. Holes are skipped at the speed of the kernel's own page-table walk. Throws
   * KernelReadError when the kernel refuses; a process that has ended has no regions.
   */
  scan(fd: number, start: number, end: number): ScannedRegions;
  /**
   * The same of present pages alone; with `ofFiles` those of the page cache, which takes a look at each page:
   * pages of private mappings that were written are none.
   */
  scanPresent(fd: number, start: number, end: number, ofFiles: boolean): ScannedRegions;
}

const EINTR = 4;

/** _IOWR('f', 16, struct pm_scan_arg) */
const PAGEMAP_SCAN = 0xc0606610;
/** Fields of the argument by the 32-bit word that each begins at. */
const ARGUMENT = {
  size: 0,
  start: 4,
  end: 6,
  walkEnd: 8,
  vec: 10,
  vecLength: 12,
  allOf: 18,
  anyOf: 20,
  returned: 22,
} as const;
const ARGUMENT_WORDS = 24;
const REGIONS_PER_CALL = 4096;

/** Categories that pages have all of, or any of, and those that are told of them. */
interface WantedPages {
  readonly allOf?: number;
  readonly anyOf?: number;
  readonly returned: number;
}

/** The ioctl with the memory that it reads and writes. */
interface ScanIoctl {
  readonly argument: Uint32Array;
  readonly regions: Uint32Array;
  /** The number of regions, or less than 0 where `errno` says why. */
  call(fd: number, start: number, end: number, wanted: WantedPages): number;
  errno(): number;
}

/** Opened once: koffi frees nothing that it allocates, and memory is read again and again. */
let opened: Promise<ScanIoctl | undefined> | undefined;

async function openIoctl(): Promise<ScanIoctl | undefined> {
  const koffi = await loadKoffi();
  if (!koffi) return undefined;
  const ioctl = koffi.load(null).func('int ioctl(int fd, unsigned long request, void *argument)');
  const argumentMemory = koffi.alloc('uint32_t', ARGUMENT_WORDS);
  const regionMemory = koffi.alloc('uint32_t', REGION_WORDS * REGIONS_PER_CALL);
  const argument = new Uint32Array(koffi.view(argumentMemory, 4 * ARGUMENT_WORDS));
  const regions = new Uint32Array(koffi.view(regionMemory, 4 * REGION_WORDS * REGIONS_PER_CALL));
  const vec = koffi.address(regionMemory);
  const put = (word: number, value: number) => {
    argument[word] = value;
    argument[word + 1] = value / 2 ** 32;
  };
  put(ARGUMENT.size, 4 * ARGUMENT_WORDS);
  put(ARGUMENT.vec, Number(vec & 0xffffffffn));
  argument[ARGUMENT.vec + 1] = Number(vec >> 32n);
  put(ARGUMENT.vecLength, REGIONS_PER_CALL);
  return {
    argument,
    regions,
    call(fd, start, end, { allOf = 0, anyOf = 0, returned }) {
      put(ARGUMENT.start, start);
      put(ARGUMENT.end, end);
      argument[ARGUMENT.allOf] = allOf;
      argument[ARGUMENT.anyOf] = anyOf;
      argument[ARGUMENT.returned] = returned;
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
  if (!ioctl || ioctl.call(tryFd, 0, 0, { anyOf: OCCUPIED, returned: ASKED }) < 0) return undefined;
  const tellsGuards = ioctl.call(tryFd, 0, 0, { anyOf: PAGE_IS.guard, returned: PAGE_IS.guard }) >= 0;
  const guard = tellsGuards ? PAGE_IS.guard : 0;
  const occupied = { anyOf: OCCUPIED | guard, returned: ASKED | guard };
  const scan = (fd: number, start: number, end: number, wanted: WantedPages) => {
    const call = () => underLocks(() => ioctl.call(fd, start, end, wanted));
    let count = call();
    while (count < 0) {
      const errno = ioctl.errno();
      if (errno !== EINTR) throw new KernelReadError(`PAGEMAP_SCAN failed with errno ${errno}`);
      count = call();
    }
    const walkEnd = addressAt(ioctl.argument, ARGUMENT.walkEnd);
    // The kernel scans in pieces, and at the end of the last one may tell where the one before ended.
    const lastEnd = count > 0 ? addressAt(ioctl.regions, (count - 1) * REGION_WORDS + 2) : start;
    return {
      regions: ioctl.regions.subarray(0, count * REGION_WORDS),
      walkEnd: Math.max(walkEnd, lastEnd),
    };
  };
  return {
    tellsGuards,
    scan: (fd, start, end) => scan(fd, start, end, occupied),
    scanPresent(fd, start, end, ofFiles) {
      const allOf = PAGE_IS.present | (ofFiles ? PAGE_IS.file : 0);
      return scan(fd, start, end, { allOf, returned: allOf });
    },
  };
}
