import { type Geometry, orderBytes } from '../../core/memory/geometry.ts';
import type { Order } from '../../core/memory/order.ts';
import { closeKernelFile, openKernelFile, readFully } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';

/** What vmstat counts of huge pages that PMD entries map, and each event that makes or moves a huge page. */
const HUGE_PAGES = /^nr_anon_transparent_hugepages (\d+)$/m;
const MADE = /^thp_(?:fault_alloc|collapse_alloc|migration_success) \d+$/gm;
/** A huge page that a PMD entry mapped, and PTEs map since. */
const SPLIT_PMD = /^thp_split_pmd (\d+)$/m;

/** Anonymous memory has no folios of two pages (docs/khugepaged.md#sysfs). */
const SMALLEST_ORDER = 2;

/** vmstat folds what a CPU has counted for itself at this many pages at the latest: a huge page at once. */
const LARGEST_UNFOLDED = 125;

/** How often to look for an instant in which no huge page is just being made or freed. */
const LOOKS = 4;

/** What the counters said at one instant. */
export interface LargeFolioCounts {
  /**
   * The smallest order of large anonymous folios that no PMD entry maps; above the PMD order if there are
   * none, 0 if nothing tells.
   */
  readonly smallest: number;
  /**
   * Huge pages made and moved so far: while it stays, no frame becomes one of a huge page. Undefined where
   * smaller folios are made, which nothing counts at one place.
   */
  readonly made: string | undefined;
  /** PMD mappings so far that became mappings by PTEs. */
  readonly splits: string;
}

/** A size and the file that counts its folios. */
type CountedSize = readonly [order: number, fd: number];

/** Nothing is known: every frame has to be looked at. */
export const UNCOUNTED: LargeFolioCounts = { smallest: 0, made: undefined, splits: '' };

/**
 * The machine's counters of large anonymous folios (docs/khugepaged.md#statistics). `nr_anon` counts the
 * folios of each size there are, mapped or not, of whichever process; vmstat those that some PMD entry maps.
 * Where both say the same and no smaller size has any, PMD entries map every large anonymous folio. A page
 * that one process alone maps, by a PTE, is then a small page: a PMD entry would map it once more.
 */
export class LargeFolioCounters {
  readonly #vmstat: number;
  /** `nr_anon` of the sizes below the PMD size by their order, ascending. */
  readonly #sizes: readonly CountedSize[];
  readonly #pmdSize: CountedSize;
  readonly #buffer = Buffer.allocUnsafe(1 << 16);

  private constructor(vmstat: number, sizes: readonly CountedSize[], pmdSize: CountedSize) {
    this.#vmstat = vmstat;
    this.#sizes = sizes;
    this.#pmdSize = pmdSize;
  }

  /** Undefined where the kernel does not count the folios of every size: before Linux 6.12. */
  static open(tree: KernelTree, geometry: Geometry): LargeFolioCounters | undefined {
    if (2 ** geometry.pmdOrder <= LARGEST_UNFOLDED) return undefined;
    const count = geometry.pmdOrder - SMALLEST_ORDER + 1;
    const orders = Array.from({ length: count }, (_, i) => SMALLEST_ORDER + i);
    const files = [tree.proc('vmstat'), ...orders.map((order) => pathOf(tree, order, geometry))];
    const opened = files.map(openKernelFile);
    const fds = opened.flatMap((file) => (file.ok ? [file.value] : []));
    if (fds.length === files.length) {
      const sizes = orders.map((order, i): CountedSize => [order, fds[i + 1]]);
      return new LargeFolioCounters(fds[0], sizes.slice(0, -1), sizes[count - 1]);
    }
    for (const fd of fds) closeKernelFile(fd);
    return undefined;
  }

  close(): void {
    for (const fd of [this.#vmstat, ...this.#sizes.map(([, fd]) => fd), this.#pmdSize[1]])
      closeKernelFile(fd);
  }

  /**
   * What they say now. That PMD entries map all huge pages takes two files, so it counts only where the first
   * of them says the same before the other and after it.
   */
  read(): LargeFolioCounts {
    const [pmdOrder, pmdSize] = this.#pmdSize;
    let before = this.#hugePages();
    const smaller = this.#sizes.find(([, fd]) => this.#text(fd) !== '0\n');
    if (smaller) return { smallest: smaller[0], made: undefined, splits: before.splits };
    const counts = (smallest: number) => ({ smallest, made: before.made, splits: before.splits });
    for (let look = 0; look < LOOKS; look++) {
      const folios = this.#text(pmdSize);
      const after = this.#hugePages();
      if (after.text === before.text)
        return counts(folios === `${after.mapped}\n` && after.splits !== '' ? pmdOrder + 1 : pmdOrder);
      before = after;
    }
    return counts(pmdOrder);
  }

  /**
   * Whether what was counted before something was looked at held until after it. Where PMD entries mapped
   * every large folio before, only one that is split makes a page that a PTE maps one of a large folio;
   * huge pages that others make or free meanwhile do not matter.
   */
  stillHolds(before: LargeFolioCounts): boolean {
    const [pmdOrder] = this.#pmdSize;
    const after = this.read();
    const isSplit = before.smallest > pmdOrder && after.splits !== before.splits;
    return !isSplit && after.smallest >= Math.min(before.smallest, pmdOrder);
  }

  #hugePages(): { text: string; mapped: string; made: string; splits: string } {
    const vmstat = this.#text(this.#vmstat);
    const mapped = HUGE_PAGES.exec(vmstat)?.[1] ?? '';
    const made = (vmstat.match(MADE) ?? []).join(' ');
    const splits = SPLIT_PMD.exec(vmstat)?.[1] ?? '';
    return { text: [mapped, made, splits].join(' '), mapped, made, splits };
  }

  #text(fd: number): string {
    const read = readFully(fd, this.#buffer, 0);
    return read.ok ? this.#buffer.toString('latin1', 0, read.value) : '';
  }
}

function pathOf(tree: KernelTree, order: number, geometry: Geometry): string {
  return tree.thp(`hugepages-${orderBytes(order as Order, geometry) / 1024}kB/stats/nr_anon`);
}
