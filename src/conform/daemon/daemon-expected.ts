import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import { asOrder, ordersOf } from '../../core/memory/order.ts';
import { traceString } from '../../core/rules/scan-result.ts';
import { type Costs, costsOf, DEFAULT_CALIBRATION } from '../../khugepaged/costs.ts';
import { Khugepaged } from '../../khugepaged/khugepaged.ts';
import { System } from '../../khugepaged/system.ts';
import type { TraceEvent } from '../../khugepaged/trace-event.ts';
import { Machine } from '../../machine/machine.ts';
import { mmap } from '../../machine/page-tables/address-space.ts';
import type { Mm } from '../../machine/page-tables/mm.ts';
import { viewRange } from '../../machine/page-tables/range-view.ts';
import { restoreRange } from '../../machine/page-tables/restore.ts';
import { VM_HUGEPAGE, VM_READ, VM_WRITE } from '../../machine/page-tables/vma-flags.ts';
import { defaultMachineSettings } from '../../machine/settings.ts';
import { hasPageTable, isWritten, pagesText, stateOf } from '../probe/probe-batch.ts';
import { formatCounters } from '../ranges/counter-growth.ts';
import type { BelievedSearch } from '../ranges/expected.ts';
import { type AddressLayout, type DaemonBatch, type DaemonReport } from './daemon-batch.ts';

/** As much memory as the guest of x86-64 has, and more swap than it needs. */
const GUEST_BYTES = 3 * 2 ** 30;
const SWAP_BYTES = 2 ** 28;
/** As the probe sets them: kernel-lab/probe/probe.h. */
const SCAN_SLEEP_MS = 30;
const ALLOC_SLEEP_MS = 10;

/**
 * What the simulated daemon does on the same processes in as many visits. Which allocations fail when memory
 * is short is not the model's to know: those that the kernel reports fail here too, and all else must follow.
 */
export function expectDaemon(
  batch: DaemonBatch,
  layout: AddressLayout,
  { visits }: DaemonReport,
  belief: BelievedSearch,
): DaemonReport {
  return new GuestTwin(batch, layout, failedAllocations(visits), belief).run(visits.length);
}

/** Which of all attempts, counted from 0, got no memory. */
function failedAllocations(visits: readonly string[]): Set<number> {
  const attempts = visits.flatMap((visit) => visit.match(/\d+ [a-z_]+(?=,)/g) ?? []);
  const failed = attempts.flatMap((text, i) => (text.endsWith(' alloc_huge_page_failed') ? [i] : []));
  return new Set(failed);
}

/** The guest once more, as a simulated machine. */
class GuestTwin {
  readonly #daemon: Khugepaged;
  readonly #system: System;
  readonly #ranges: { mm: Mm; address: number }[] = [];
  readonly #visits: string[] = [];
  #scans = '';
  #wanted = 0;
  #report: DaemonReport | undefined;

  constructor(
    batch: DaemonBatch,
    layout: AddressLayout,
    failedAllocations: ReadonlySet<number>,
    { model, algorithm }: BelievedSearch,
  ) {
    const { geometry } = batch;
    const pages = (bytes: number) => bytes / pageBytes(geometry);
    const machine = new Machine({
      geometry,
      nodes: [pages(GUEST_BYTES)],
      swapPages: pages(SWAP_BYTES),
    });
    machine.settings = {
      ...defaultMachineSettings(geometry),
      enabled: 'madvise',
      sizes: new Map(ordersOf(batch.orders).map((order) => [asOrder(order), 'madvise'])),
      maxPtesNone: batch.maxPtesNone,
      maxPtesSwap: batch.maxPtesSwap,
      maxPtesShared: batch.maxPtesShared,
    };
    this.#system = new System(machine, model, defaultCosts(geometry));
    if (algorithm) this.#system.algorithm = algorithm;
    this.#system.settings.pagesToScan = batch.pagesToScan;
    this.#system.settings.scanSleepMs = SCAN_SLEEP_MS;
    this.#system.settings.allocSleepMs = ALLOC_SLEEP_MS;
    let allocations = 0;
    this.#system.faults = ({ point }) => point === 'allocate' && failedAllocations.has(allocations++);
    this.#system.trace = (event) => this.#hear(event);
    this.#daemon = new Khugepaged(this.#system);
    layout.vmas.forEach((vmas, process) => {
      const mm = machine.createMm(`process ${process}`);
      for (const [index, { start, end, advised }] of vmas.entries()) {
        const flags = VM_READ | VM_WRITE | (advised ? VM_HUGEPAGE : 0);
        // Names keep apart what the guest keeps apart.
        mmap(machine, mm, { address: start, bytes: end - start, flags, name: `${index}` });
      }
      if (process > 0) this.#fill(machine, mm, batch.processes[process - 1], layout.areas[process - 1]);
      this.#daemon.list.add(mm);
    });
  }

  #fill(
    machine: Machine,
    mm: Mm,
    areas: DaemonBatch['processes'][number],
    addresses: readonly number[],
  ): void {
    areas.forEach(({ ranges }, i) => {
      const written = ranges.some(isWritten);
      ranges.forEach((range, r) => {
        const address = addresses[i] + r * rangeBytes(machine.geometry);
        const area = mm.areas.at(address);
        if (!area) throw new Error('the guest reports an area that is in none of its VMAs');
        if (
          hasPageTable(range) &&
          !restoreRange(machine, mm, area, { ...stateOf(range, machine.geometry), address })
        ) {
          throw new Error('the simulated guest has too little memory');
        }
        area.hasAnonVma = written;
        this.#ranges.push({ mm, address });
      });
    });
  }

  run(visits: number): DaemonReport {
    this.#wanted = visits;
    const { timeline } = this.#system;
    this.#daemon.wake({ expire: true });
    while (!this.#report) this.#daemon.runUntil(timeline.now + SCAN_SLEEP_MS * 1e6);
    return this.#report;
  }

  /** Puts events together as the probe does. */
  #hear(event: TraceEvent): void {
    if (this.#report) return;
    if (event.event === 'mm_collapse_huge_page')
      this.#scans += `${event.order} ${traceString(event.result)},`;
    if (event.event === 'mm_khugepaged_scan_pmd') this.#scans += `= ${traceString(event.result)};`;
    if (event.event !== 'mm_khugepaged_scan') return;
    this.#visits.push(`${this.#scans} ${event.progress} ${event.fullScanFinished ? 1 : 0}`);
    this.#scans = '';
    if (this.#visits.length === this.#wanted) this.#report = this.#reportNow();
  }

  #reportNow(): DaemonReport {
    const { machine } = this.#system;
    const { fullScans, pagesCollapsed } = this.#daemon.counts;
    const pages = this.#ranges.map(({ mm, address }) => {
      const area = mm.areas.at(address);
      const pmd = mm.pmds.get(address / rangeBytes(machine.geometry));
      if (!area || !pmd) return '.'.repeat(pagesPerRange(machine.geometry));
      return pagesText(viewRange(machine, area, pmd).state);
    });
    const counters = formatCounters(pagesCollapsed, (name) => machine.counters.mthp[name]);
    return { visits: this.#visits, cutOff: false, pages, fullScans, counters };
  }
}

function defaultCosts(geometry: Geometry): Costs {
  const costs = costsOf(DEFAULT_CALIBRATION, geometry);
  if (!costs.ok) throw new Error(costs.failure.message);
  return costs.value;
}
