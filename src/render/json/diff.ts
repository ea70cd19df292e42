import { type Foretold, MISSES } from '../../analysis/foretold.ts';
import type { ProcessDifference } from '../../analysis/memory-difference.ts';
import type { PageChanges } from '../../analysis/page-changes.ts';
import type { ReadingDifference } from '../../analysis/reading-difference.ts';
import { type ServiceDifference, serviceDifferences } from '../../analysis/service-difference.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import { byOrder, hex } from './predict.ts';

/** What changed between two readings as JSON; pages are base pages. */
export function diffJson({ memory, settings, counters, groups, elapsedMs }: ReadingDifference): object {
  const { geometry, processes, total, foretold } = memory;
  return {
    schema: 'thpscope/diff@1',
    pageBytes: 2 ** geometry.pageShift,
    elapsedMs,
    settings,
    counters: countersJson(counters),
    groups: groups.map((group) => ({ path: group.path, counters: countersJson(group.counters) })),
    services: serviceDifferences(processes, geometry).map(serviceJson),
    processes: processes.map(processJson),
    totals: { ...changesJson(total), ...(foretold ? { foretold: foretoldJson(foretold) } : {}) },
  };
}

/** Null where they are not known. */
export function countersJson(counters: ReadingDifference['counters']): object | null {
  return counters?.map(({ name, before, after }) => ({ name, before, after })) ?? null;
}

function serviceJson({ name, before, after, changes, foretold }: ServiceDifference): object {
  return {
    name,
    processesBefore: before,
    processesAfter: after,
    ...changesJson(changes),
    ...(foretold ? { foretold: foretoldJson(foretold) } : {}),
  };
}

function processJson({ before, after, isSame, changes, vmas, foretold }: ProcessDifference): object {
  return {
    before: before ? nameJson(before) : null,
    after: after ? nameJson(after) : null,
    sameProcess: isSame,
    ...changesJson(changes),
    ...(foretold ? { foretold: foretoldJson(foretold) } : {}),
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

function foretoldJson({ predicted, happened, missed, surprises }: Foretold): object {
  return {
    predicted,
    happened,
    missed: Object.fromEntries(MISSES.map((miss) => [miss, missed[miss]])),
    unforeseenPages: surprises,
  };
}
