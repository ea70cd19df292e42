import type { CollapseEvent } from '../../core/rules/collapse-events.ts';
import { scanNameTraced } from '../../core/rules/scan-result.ts';

/** Attempts of one size: those that succeeded, and the others by the kernel's name of their result. */
interface AttemptSums {
  succeeded: number;
  readonly failed: Map<string, number>;
}

/** Results that say of a range or a window that it is huge already. */
export const HUGE_ALREADY: ReadonlySet<string> = new Set(['SCAN_PMD_MAPPED', 'SCAN_PTE_MAPPED_HUGEPAGE']);

/** Results that say that a range holds nothing, in the spelling of any version. */
export const EMPTY: ReadonlySet<string> = new Set(['SCAN_NO_PTE_TABLE', 'SCAN_PMD_NONE', 'SCAN_PMD_NULL']);

/** What trace events add up to. */
export interface TraceSums {
  /** Events read, those about locks left out. */
  events: number;
  /** PMD ranges that were looked at: by khugepaged, and by others with MADV_COLLAPSE. */
  scanned: number;
  scannedByOthers: number;
  /** Ranges that ended in the scan, before any attempt, by the kernel's name of the result. */
  readonly refused: Map<string, number>;
  /** By order. */
  readonly attempts: Map<number, AttemptSums>;
  /** Base pages that attempts read from swap. */
  swappedIn: number;
}

/** What happened to one address space. */
export interface SpaceSums {
  scanned: number;
  collapsed: number;
  /** Attempts on what is huge already are left out. */
  failed: number;
}

function noTraceSums(): TraceSums {
  return {
    events: 0,
    scanned: 0,
    scannedByOthers: 0,
    refused: new Map(),
    attempts: new Map(),
    swappedIn: 0,
  };
}

/**
 * Adds trace events up. The attempts of a range come before the event of its scan, from the same task
 * (docs/khugepaged.md#trace-events).
 */
export class TraceTally {
  readonly total = noTraceSums();
  /** By address space, as events name it. */
  readonly spaces = new Map<number, SpaceSums>();
  /** The address space that khugepaged looked at last; undefined before the first. */
  place: number | undefined;
  readonly #pmdOrder: number;
  readonly #attempted = new Set<number>();
  #interval = noTraceSums();

  /** Attempts without an order are of the PMD order. */
  constructor(pmdOrder: number) {
    this.#pmdOrder = pmdOrder;
  }

  /** What was added since the last time. */
  takeInterval(): TraceSums {
    const taken = this.#interval;
    this.#interval = noTraceSums();
    return taken;
  }

  add(event: CollapseEvent, khugepaged: number | undefined): void {
    if (event.kind === 'lock') return;
    const byKhugepaged = event.task === khugepaged;
    if (byKhugepaged && 'mm' in event) this.place = event.mm;
    for (const sums of [this.total, this.#interval]) this.#addTo(sums, event, byKhugepaged);
    if (event.kind === 'attempt') {
      this.#attempted.add(event.task);
      const space = this.#space(event.mm);
      if (event.status === 'succeeded') space.collapsed++;
      else if (!HUGE_ALREADY.has(scanNameTraced(event.status))) space.failed++;
    }
    if (event.kind === 'scan') {
      this.#attempted.delete(event.task);
      this.#space(event.mm).scanned++;
    }
  }

  #addTo(sums: TraceSums, event: CollapseEvent, byKhugepaged: boolean): void {
    sums.events++;
    switch (event.kind) {
      case 'scan':
        if (byKhugepaged) sums.scanned++;
        else sums.scannedByOthers++;
        if (!this.#attempted.has(event.task)) count(sums.refused, scanNameTraced(event.status));
        break;
      case 'attempt': {
        const order = event.order ?? this.#pmdOrder;
        let attempts = sums.attempts.get(order);
        if (!attempts) sums.attempts.set(order, (attempts = { succeeded: 0, failed: new Map() }));
        if (event.status === 'succeeded') attempts.succeeded++;
        else count(attempts.failed, scanNameTraced(event.status));
        break;
      }
      case 'swapin':
        sums.swappedIn += event.swappedIn;
        break;
    }
  }

  #space(mm: number): SpaceSums {
    let space = this.spaces.get(mm);
    if (!space) this.spaces.set(mm, (space = { scanned: 0, collapsed: 0, failed: 0 }));
    return space;
  }
}

function count(sums: Map<string, number>, name: string): void {
  sums.set(name, (sums.get(name) ?? 0) + 1);
}
