import { type Geometry, orderBytes } from '../core/memory/geometry.ts';
import type { Order } from '../core/memory/order.ts';
import { closeKernelFile, openKernelFile, readFully } from './kernel-file.ts';
import type { KernelTree } from './kernel-tree.ts';

/** What vmstat counts of huge pages that PMD entries map, and each event that makes or splits one. */
const HUGE_PAGES = /^nr_anon_transparent_hugepages (\d+)$/m;
const EVENTS = /^thp_(?:fault_alloc|collapse_alloc|split_page|split_pmd|deferred_split_page) \d+$/gm;

/** Anonymous memory has no folios of two pages (docs/khugepaged.md#sysfs). */
const SMALLEST_ORDER = 2;

/** vmstat folds what a CPU has counted for itself at this many pages at the latest: a huge page at once. */
const LARGEST_UNFOLDED = 125;

/** What the counters say at one time. */
export interface LargeFolioCounts {
  /**
   * The smallest order of large anonymous folios that no PMD entry maps; above the PMD order if there are
   * none, 0 if nothing tells.
   */
  readonly smallest: number;
  /** Huge pages that PMD entries map, and events: two equal texts are from a time without any. */
  readonly events: string;
}

/** A size and the file that counts its folios. */
type CountedSize = readonly [order: number, fd: number];

/** Nothing is known: every frame has to be looked at. */
export const UNCOUNTED: LargeFolioCounts = { smallest: 0, events: '' };

/**
 * The machine's counters of large anonymous folios (docs/khugepaged.md#statistics). `nr_anon` counts the
 * folios of each size there are, mapped or not, of whichever process; vmstat those that some PMD entry maps.
 * Where both say the same and no smaller size has any, PMD entries map every large anonymous folio. A page
 * that one process alone maps, by a PTE, is then a small page: a PMD entry would map it once more.
 */
export class LargeFolioCounters {
  readonly #vmstat: number;
  /** `nr_anon` of the sizes by their order, ascending; the last is the PMD size. */
  readonly #sizes: readonly CountedSize[];
  readonly #buffer = Buffer.allocUnsafe(1 << 16);

  private constructor(vmstat: number, sizes: readonly CountedSize[]) {
    this.#vmstat = vmstat;
    this.#sizes = sizes;
  }

  /** Undefined where the kernel does not count the folios of every size: before Linux 6.12. */
  static open(tree: KernelTree, geometry: Geometry): LargeFolioCounters | undefined {
    if (2 ** geometry.pmdOrder <= LARGEST_UNFOLDED) return undefined;
    const count = geometry.pmdOrder - SMALLEST_ORDER + 1;
    const orders = Array.from({ length: count }, (_, i) => SMALLEST_ORDER + i);
    const files = [tree.proc('vmstat'), ...orders.map((order) => pathOf(tree, order, geometry))];
    const opened = files.map(openKernelFile);
    const fds = opened.flatMap((file) => (file.ok ? [file.value] : []));
    if (fds.length === files.length)
      return new LargeFolioCounters(
        fds[0],
        orders.map((order, i) => [order, fds[i + 1]]),
      );
    for (const fd of fds) closeKernelFile(fd);
    return undefined;
  }

  close(): void {
    for (const fd of [this.#vmstat, ...this.#sizes.map(([, fd]) => fd)]) closeKernelFile(fd);
  }

  read(): LargeFolioCounts {
    const vmstat = this.#text(this.#vmstat);
    const mapped = HUGE_PAGES.exec(vmstat)?.[1];
    const events = [mapped, ...(vmstat.match(EVENTS) ?? [])].join(' ');
    for (const [i, [order, fd]] of this.#sizes.entries()) {
      const none = i === this.#sizes.length - 1 ? `${mapped}\n` : '0\n';
      if (this.#text(fd) !== none) return { smallest: order, events };
    }
    return { smallest: this.#sizes[this.#sizes.length - 1][0] + 1, events };
  }

  /**
   * Whether what was counted before something was looked at still holds after it. That all large folios are
   * mapped by PMD entries needs more than equal counts: what makes or splits one moves an event.
   */
  stillHolds({ smallest, events }: LargeFolioCounts): boolean {
    const now = this.read();
    const ofPmdSize = smallest > this.#sizes[this.#sizes.length - 1][0];
    return now.smallest >= smallest && (!ofPmdSize || now.events === events);
  }

  #text(fd: number): string {
    const read = readFully(fd, this.#buffer, 0);
    return read.ok ? this.#buffer.toString('latin1', 0, read.value) : '';
  }
}

function pathOf(tree: KernelTree, order: number, geometry: Geometry): string {
  return tree.thp(`hugepages-${orderBytes(order as Order, geometry) / 1024}kB/stats/nr_anon`);
}
