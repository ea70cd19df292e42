import type { Act, LockWish } from '../khugepaged/locks.ts';
import {
  areaLocks,
  exitAct,
  faultLocks,
  processAct,
  reverseMappingLocks,
  zapLocks,
} from '../khugepaged/process-acts.ts';
import { fadviseDontneed, punchHole, syncFile, writeFile } from '../machine/cache/file-calls.ts';
import { accessFile } from '../machine/cache/file-fault.ts';
import { type FileArea, filePageAt, mapsFile, unmapFileAddresses } from '../machine/cache/file-tables.ts';
import { read, touch } from '../machine/fault/fault.ts';
import type { Machine } from '../machine/machine.ts';
import { munmap } from '../machine/page-tables/address-space.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import { fork } from '../machine/processes/fork.ts';
import {
  clearReferences,
  madviseDontneed,
  madviseFree,
  madviseHugepage,
  madviseNohugepage,
  madvisePageout,
} from '../machine/processes/madvise.ts';
import { pin } from '../machine/processes/pin.ts';
import type { PageRun } from './page-choice.ts';
import { type AdviseAction, FILE_VERBS, type FileVerb, type PageAction } from './scenario.ts';
import { MOST_PROCESSES } from './scenario-bounds.ts';
import type { SimulatedHost, SimulatedProcess } from './simulated-host.ts';

/** Does something to pages that lie in one PMD range, once the locks for it are free. */
export function applyPageAction(
  host: SimulatedHost,
  process: SimulatedProcess,
  kind: PageAction['do'],
  mapping: string,
  runs: readonly PageRun[],
): void {
  if (runs.length === 0) return;
  const { system } = host;
  const { mm } = process;
  const { start } = runs[0];
  const bytes = runs[runs.length - 1].end - start;
  const what = `${kind} ${mapping}`;
  const run = () => {
    for (const each of runs) {
      const stop = doToPages(host, process, kind, each.start, each.end - each.start);
      if (stop === undefined) continue;
      host.report(process.name, what, stop);
      return;
    }
  };
  perform(host, processAct(`${process.name}: ${what}`, mm, [...locksFor(kind), ...reclaimLocks()], run));

  function locksFor(action: PageAction['do']): LockWish[] {
    const isFault = action === 'touch' || action === 'read' || action === 'pin';
    if (action === 'munmap') return areaLocks(mm);
    if (FILE_VERBS.includes(action as FileVerb)) return [];
    return isFault ? faultLocks(system, mm, start, bytes) : zapLocks(system, mm, start, bytes);
  }

  /** Whoever may have to reclaim for a page fault looks at the page tables of everybody. */
  function reclaimLocks(): LockWish[] {
    const { machine } = system;
    const needed = machine.rangePages + 1;
    const isShort =
      machine.freePages - machine.minFreePages < needed || mm.memcg.usage + needed > mm.memcg.limit;
    return kind === 'pageout' || isShort ? reverseMappingLocks() : [];
  }
}

function doToPages(
  { system: { machine } }: SimulatedHost,
  { mm }: SimulatedProcess,
  kind: PageAction['do'],
  start: number,
  bytes: number,
): string | undefined {
  const area = mm.areas.at(start);
  if (area && mapsFile(area)) return doToFile(machine, mm, area, kind, start, bytes);
  switch (kind) {
    case 'touch':
      return touch(machine, mm, start, bytes).stop;
    case 'read':
      return read(machine, mm, start, bytes).stop;
    case 'dontneed':
      return void madviseDontneed(machine, mm, start, bytes);
    case 'free':
      return void madviseFree(machine, mm, start, bytes);
    case 'pageout':
      return void madvisePageout(machine, mm, start, bytes);
    case 'age':
      return void clearReferences(machine, mm, start, bytes);
    case 'munmap':
      return void munmap(machine, mm, start, bytes);
    case 'pin':
      return pin(machine, mm, start, bytes) ? undefined : 'oom';
  }
}

/** The same to a mapping of a file, or to the part of the file that it maps. */
function doToFile(
  machine: Machine,
  mm: Mm,
  area: FileArea,
  kind: PageAction['do'],
  start: number,
  bytes: number,
): string | undefined {
  const { pages } = area.mapped;
  const first = filePageAt(machine, area, start);
  const count = bytes / machine.pageBytes;
  switch (kind) {
    case 'touch':
    case 'read':
      return accessFile(machine, mm, start, bytes, kind === 'touch');
    case 'dontneed':
      return void unmapFileAddresses(machine, mm, start, start + bytes);
    case 'munmap':
      return void munmap(machine, mm, start, bytes);
    case 'write':
      return writeFile(machine, mm, pages, first, count) ? undefined : 'oom';
    case 'sync':
      return void syncFile(machine, pages, first, count);
    case 'punch':
      return void punchHole(machine, pages, first, count);
    case 'fadvise':
      return void fadviseDontneed(machine, pages, first, count);
    default:
      return undefined;
  }
}

export function applyMadvise(
  host: SimulatedHost,
  process: SimulatedProcess,
  { mapping, advice }: AdviseAction,
): void {
  const { start, end } = process.mappings.get(mapping) as PageRun;
  const { machine } = host.system;
  const madvise = advice === 'hugepage' ? madviseHugepage : madviseNohugepage;
  const act = processAct(`${process.name}: advise ${mapping}`, process.mm, areaLocks(process.mm), () =>
    madvise(machine, process.mm, start, end - start),
  );
  perform(host, act);
}

/** Forks a process; `then` hears of the child. */
export function applyFork(
  host: SimulatedHost,
  process: SimulatedProcess,
  child: string,
  then: (child: SimulatedProcess) => void,
): void {
  const { machine } = host.system;
  const act = processAct(`${process.name}: fork`, process.mm, areaLocks(process.mm), () => {
    if (machine.mms.size >= MOST_PROCESSES) {
      host.report(process.name, `fork ${child}`, 'too many processes');
      return;
    }
    const mm = fork(machine, process.mm, child);
    if (!mm) host.report(process.name, `fork ${child}`, 'oom');
    else then(host.addActor(child, mm, process.mappings));
  });
  perform(host, act);
}

export function applyExit(host: SimulatedHost, process: SimulatedProcess): void {
  perform(host, exitAct(host.system, process.mm));
}

/** On the last CPU: the first one is khugepaged's. */
function perform({ system }: SimulatedHost, act: Act): void {
  const cpu = system.machine.batches.cpus - 1;
  system.locks.perform({ ...act, run: () => system.runOn(cpu, act.run) });
}
