import type { Foretold } from '../../analysis/difference/foretold.ts';
import type { ProcessDifference, RepeatedBothTimes } from '../../analysis/difference/memory-difference.ts';
import { MISSES } from '../../analysis/difference/missed-window.ts';
import type { PageChanges } from '../../analysis/difference/page-changes.ts';
import type { ReadingDifference } from '../../analysis/difference/reading-difference.ts';
import { type ServiceDifference, serviceDifferences } from '../../analysis/difference/service-difference.ts';
import { type KernelModel, resultName } from '../../core/rules/kernel-model.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import { isScanResult } from '../../core/rules/scan-result.ts';
import { byOrder, hex } from './predict.ts';

/** What changed between two readings as JSON; pages are base pages, results have the names of the model. */
export function diffJson(
  { memory, settings, counters, groups, elapsedMs }: ReadingDifference,
  model: KernelModel | undefined,
): object {
  const { geometry, processes, total, repeated, foretold } = memory;
  return {
    schema: 'thpscope/diff@1',
    pageBytes: 2 ** geometry.pageShift,
    elapsedMs,
    settings,
    counters: countersJson(counters),
    groups: groups.map((group) => ({ path: group.path, counters: countersJson(group.counters) })),
    services: serviceDifferences(processes, geometry).map((service) => serviceJson(service, model)),
    processes: processes.map((process) => processJson(process, model)),
    repeatedPages: repeatedJson(repeated),
    totals: { ...changesJson(total), ...(foretold ? { foretold: foretoldJson(foretold, model) } : {}) },
  };
}

/** Null where it is not known which pages processes share. */
export function repeatedJson({ before, after }: RepeatedBothTimes): object {
  return { before: before ?? null, after: after ?? null };
}

/** Null where they are not known. */
export function countersJson(counters: ReadingDifference['counters']): object | null {
  return counters?.map(({ name, before, after }) => ({ name, before, after })) ?? null;
}

function serviceJson(
  { name, before, after, changes, foretold }: ServiceDifference,
  model: KernelModel | undefined,
): object {
  return {
    name,
    processesBefore: before,
    processesAfter: after,
    ...changesJson(changes),
    ...(foretold ? { foretold: foretoldJson(foretold, model) } : {}),
  };
}

function processJson(
  { before, after, isSame, changes, vmas, foretold }: ProcessDifference,
  model: KernelModel | undefined,
): object {
  return {
    before: before ? nameJson(before) : null,
    after: after ? nameJson(after) : null,
    sameProcess: isSame,
    ...changesJson(changes),
    ...(foretold ? { foretold: foretoldJson(foretold, model) } : {}),
    vmas: vmas.map(({ vma, changes: ofVma }) => ({
      start: hex(vma.start),
      end: hex(vma.end),
      name: vma.name,
      ...changesJson(ofVma),
    })),
  };
}

function nameJson({ pid, startTime, command, cgroup }: Process): object {
  return { pid, startTime, command, cgroup };
}

export function changesJson({ before, after, collapsed, ranges, unseen, ...pages }: PageChanges): object {
  const { split, filled, swappedIn, touched, swappedOut, freed } = pages;
  return {
    pagesBefore: byOrder(before),
    pagesAfter: byOrder(after),
    collapsedPages: byOrder(collapsed),
    splitPages: split,
    filledPages: filled,
    touchedPages: touched,
    freedPages: freed,
    swappedInPages: swappedIn,
    swappedOutPages: swappedOut,
    unseenPages: unseen,
    ranges,
  };
}

/** Windows and base pages by what became of them. */
export function foretoldJson(
  { predicted, happened, cut, missed, absent, refusals, surprises }: Foretold,
  model: KernelModel | undefined,
): object {
  return {
    predicted,
    happened,
    cut,
    missed: Object.fromEntries(MISSES.map((miss) => [miss, missed[miss]])),
    absent,
    refused: Object.fromEntries(
      [...refusals].map(([refusal, windows]) => [
        model && isScanResult(refusal) ? resultName(refusal, model) : refusal,
        windows,
      ]),
    ),
    unforeseenPages: surprises,
  };
}
