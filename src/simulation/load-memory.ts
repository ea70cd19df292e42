import { formatBytes } from '../core/base/bytes.ts';
import { type Failure, fail, type Result, succeed } from '../core/base/failure.ts';
import { sumKnown } from '../core/base/sum.ts';
import type { CacheRange } from '../core/memory/cache-range.ts';
import { pageBytes } from '../core/memory/geometry.ts';
import { hasPage, isEmpty } from '../core/memory/occupancy.ts';
import { type ObservableFact, type RangeState, unknownFacts } from '../core/memory/range-state.ts';
import type { KernelModel } from '../core/rules/kernel-model.ts';
import type { Host, MemoryItem, Process } from '../core/rules/memory-source.ts';
import type { CachedFile } from '../core/rules/page-cache.ts';
import { addOtherBytes, type Vma } from '../core/rules/vma.ts';
import type { Calibration } from '../khugepaged/costs.ts';
import type { FilePages } from '../machine/cache/page-cache.ts';
import { restoreFileRange } from '../machine/cache/restore-file.ts';
import { MAX_FRAMES } from '../machine/frames/frame-table.ts';
import { Machine } from '../machine/machine.ts';
import { mmap } from '../machine/page-tables/address-space.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import { restoreRange } from '../machine/page-tables/restore.ts';
import { SharedFrames } from '../machine/page-tables/shared-frames.ts';
import type { VmArea } from '../machine/page-tables/vm-area.ts';
import { vmFlagsOf } from '../machine/page-tables/vma-flags.ts';
import { Families } from './families.ts';
import { MemoryGroups } from './memory-groups.ts';
import type { Registered } from './memory-start.ts';
import type { PageRun } from './page-choice.ts';
import { SimulatedHost, systemOf } from './simulated-host.ts';

/** Recorded memory as the beginning of a simulation. */
export interface LoadedMemory {
  readonly host: SimulatedHost;
  /** Facts that the record does not know of some range. */
  readonly unknown: readonly ObservableFact[];
  /** Processes that could not be read. */
  readonly skipped: readonly Failure[];
  readonly notes: readonly string[];
}

export interface LoadOptions {
  readonly model: KernelModel;
  readonly calibration: Calibration;
  readonly registered: Registered;
  /** Whether prctl lets only memory with MADV_HUGEPAGE of a process become huge; asked after its items. */
  readonly isExceptAdvised?: (process: Process) => boolean;
}

/**
 * Sets a machine up whose processes hold what a source says. Nothing happens to them: only khugepaged works.
 * The machine has free memory in large blocks for all that it may do, as no source says how fragmented the
 * rest of memory is. Pages that processes of the source share are one page; those that are shared with
 * others, or with nobody knows whom, are shared with a process that stands for them and does nothing.
 * Settings, khugepaged's pace and limits of control groups are those of the source, as far as it knows them;
 * `registered` says who is on khugepaged's list.
 */
export async function loadMemory(
  items: AsyncIterable<MemoryItem>,
  source: Host,
  { model, calibration, registered, isExceptAdvised }: LoadOptions,
): Promise<Result<LoadedMemory>> {
  const { geometry } = source;
  const recording = await collect(items);
  const pages = framesFor(recording);
  if (pages > MAX_FRAMES) {
    const most = formatBytes(MAX_FRAMES * pageBytes(geometry));
    return fail(
      'usage',
      `the processes need more memory than the ${most} that can be simulated, with the huge pages that may come; give fewer of them: capture -p PID`,
    );
  }
  const machine = new Machine({ geometry, nodes: [pages], cpus: 2, swapPages: recording.swapPages });
  const kernel = systemOf(machine, model, calibration);
  if (!kernel.ok) return kernel;
  const host = new SimulatedHost(titleOf(recording.processes), kernel.value);
  takeSettings(host, source);
  const groups = new MemoryGroups(machine);
  const files = new Map(recording.files.map(({ file }) => [file.id, machine.cache.add(file)]));
  const mms = startProcesses(host, recording, groups, files);
  restoreFiles(machine, recording, files);
  groups.enforce();
  const settingsKnown = source.settings !== undefined;
  const who = registered === 'auto' && !settingsKnown ? 'all' : registered;
  for (const [i, { process }] of recording.processes.entries())
    if (isExceptAdvised?.(process) && mms[i].thpDisabled === 'no') mms[i].thpDisabled = 'except-advised';
  for (const mm of mms) register(host, mm, who);
  host.start = {
    pace: source.khugepaged,
    registered,
    settingsKnown,
    unvisited: mms.filter((mm) => !host.daemon.list.has(mm)).map(({ name }) => name),
    otherBytes: sumKnown(recording.processes.map((process) => otherBytesOfAreas(process, files))),
    groups: groups.groups,
    shared: recording.families.pages(),
  };
  const { unknown, skipped, notes } = recording;
  return succeed({ host, unknown: [...unknown], skipped, notes });
}

function titleOf(processes: readonly RecordedProcess[]): string {
  const names = new Set(processes.map(({ process }) => process.command));
  return names.size <= FEW_NAMES ? [...names].join(', ') : `${processes.length} processes`;
}

const FEW_NAMES = 3;

/** 16 MiB of 4 KiB pages: page tables and what allocation leaves in small blocks. */
const SPARE_PAGES = 4096;

/**
 * User addresses end below, also with five levels of page tables; multiples of pages are exact as numbers.
 */
const MAX_ADDRESS = 2 ** 57;

interface RecordedProcess {
  readonly process: Process;
  readonly areas: { readonly vma: Vma; readonly ranges: RangeState[] }[];
}

/** What no simulation has: memory of files and shared memory whose pages were not recorded. */
function otherBytesOfAreas(
  { areas }: RecordedProcess,
  files: ReadonlyMap<string, FilePages>,
): number | undefined {
  return areas
    .filter(({ vma }) => !files.has(vma.mapping?.file ?? ''))
    .reduce<number | undefined>((bytes, { vma }) => addOtherBytes(bytes, vma), undefined);
}

interface Recording {
  readonly processes: RecordedProcess[];
  readonly files: { readonly file: CachedFile; readonly ranges: CacheRange[] }[];
  readonly unknown: Set<ObservableFact>;
  readonly skipped: Failure[];
  readonly notes: string[];
  /** Base pages that all ranges take, now or as huge pages, both together. */
  pages: number;
  swapPages: number;
  readonly families: Families;
}

/** Pages of a machine for all that its processes hold, and may come to hold. */
function framesFor({ pages }: Pick<Recording, 'pages'>): number {
  return pages + Math.ceil(pages / 8) + SPARE_PAGES;
}

/** Takes items until they need more memory than can be simulated. */
async function collect(items: AsyncIterable<MemoryItem>): Promise<Recording> {
  const recording: Recording = {
    processes: [],
    files: [],
    unknown: new Set(),
    skipped: [],
    notes: [],
    pages: 0,
    swapPages: 0,
    families: new Families(),
  };
  let isKernel = false;
  for await (const item of items) {
    const process = recording.processes[recording.processes.length - 1];
    switch (item.kind) {
      case 'process':
        recording.processes.push({ process: item.process, areas: [] });
        break;
      case 'vma':
        isKernel = item.vma.end > MAX_ADDRESS;
        if (!isKernel) process.areas.push({ vma: item.vma, ranges: [] });
        break;
      case 'ranges':
        for (const range of isKernel ? [] : item.ranges) {
          process.areas[process.areas.length - 1].ranges.push(range);
          recording.families.add(recording.processes.length - 1, range);
          count(recording, range);
        }
        if (framesFor(recording) > MAX_FRAMES) return recording;
        break;
      case 'file':
        recording.files.push({ file: item.file, ranges: [] });
        break;
      case 'cache-ranges':
        for (const range of item.ranges) {
          recording.files[recording.files.length - 1].ranges.push(range);
          recording.pages += 2 << range.geometry.pmdOrder;
        }
        if (framesFor(recording) > MAX_FRAMES) return recording;
        break;
      case 'skipped':
        recording.skipped.push(item.failure);
        break;
      case 'note':
        recording.notes.push(item.message);
        break;
    }
  }
  return recording;
}

function count(recording: Recording, range: RangeState): void {
  const pages = 1 << range.geometry.pmdOrder;
  const folios = new Set<number>();
  let frames = 1;
  for (let page = 0; page < pages; page++) {
    if (hasPage(range.facts.swap, page)) recording.swapPages++;
    if (!hasPage(range.facts.present, page)) continue;
    const order = range.folioOrders?.[page] ?? 0;
    const first = page & ~((1 << order) - 1);
    // A folio has its pages even where only some of them are mapped.
    if (!folios.has(first * 32 + order)) frames += 1 << order;
    folios.add(first * 32 + order);
  }
  recording.pages += frames + pages;
  for (const fact of unknownFacts(range)) recording.unknown.add(fact);
}

/** What the machine that was read had in force. */
function takeSettings(host: SimulatedHost, { settings, shmem, khugepaged, shrinkUnderused }: Host): void {
  const { machine } = host.system;
  if (khugepaged) Object.assign(host.system.settings, khugepaged);
  if (shrinkUnderused !== undefined) machine.settings = { ...machine.settings, shrinkUnderused };
  if (shmem) machine.settings = { ...machine.settings, shmem };
  if (settings) host.applySettings(settings);
}

/**
 * Puts a process on khugepaged's list, or under `auto` where the settings in force may have put it: where it
 * has memory that may be collapsed under them (docs/khugepaged.md#registration).
 */
function register({ system, daemon }: SimulatedHost, mm: Mm, registered: Registered): void {
  if (registered === 'all') daemon.register(mm);
  if (registered === 'auto') for (const area of mm.areas.all()) system.machine.hooks.enterVma?.(mm, area);
}

/** Processes of one family have one root: they share the pages that they shared. */
function startProcesses(
  host: SimulatedHost,
  { processes, families }: Recording,
  groups: MemoryGroups,
  files: ReadonlyMap<string, FilePages>,
): readonly Mm[] {
  const { machine } = host.system;
  const frames = new SharedFrames(machine);
  const mms: Mm[] = [];
  for (const [i, { process, areas }] of processes.entries()) {
    const root = mms.at(families.headOf(i))?.root;
    const mm = machine.createMm(process.command, { memcg: groups.of(process), root });
    if (process.thpDisabled) mm.thpDisabled = 'all';
    let sharer: Mm | undefined;
    for (const { vma, ranges } of areas) {
      const moved = ranges.map((range) => frames.moveOf(range)).find((each) => each !== 0) ?? 0;
      const pages = files.get(vma.mapping?.file ?? '');
      const area = mapArea(machine, mm, vma, moved, pages);
      const outside = ranges.map((range) => families.outsideOf(range));
      if (outside.some((pages) => pages && !isEmpty(pages))) {
        sharer ??= machine.createMm(`shares with ${process.command}`, { root: mm.root });
        mapArea(machine, sharer, vma, moved);
      }
      for (const [at, range] of ranges.entries()) {
        if (!restoreRange(machine, mm, area, range, { frames, sharer, withSharer: outside[at] }))
          throw new Error(`no room for the range at 0x${range.address.toString(16)}`);
      }
    }
    host.addActor(process.command, mm, new Map<string, PageRun>());
    mms.push(mm);
  }
  return mms;
}

/** Files and shared memory have their pages once, whoever maps them. */
function restoreFiles(machine: Machine, { files }: Recording, pagesOf: ReadonlyMap<string, FilePages>): void {
  for (const { file, ranges } of files) {
    for (const range of ranges) {
      if (!restoreFileRange(machine, pagesOf.get(file.id) as FilePages, range))
        throw new Error(`no room for the range at ${range.offset} of ${file.id}`);
    }
  }
}

function mapArea(
  machine: Machine,
  mm: Mm,
  { start, end, flags, name, anonymous, mapping }: Vma,
  moved: number,
  pages?: FilePages,
): VmArea {
  mmap(machine, mm, {
    address: start,
    bytes: end - start,
    flags: vmFlagsOf(flags),
    name,
    anonymous,
    moved,
    file: pages && mapping && { pages, page: mapping.offset / machine.pageBytes },
  });
  return mm.areas.at(start) as VmArea;
}
