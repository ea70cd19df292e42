import { forEachMapping } from '../../../src/machine/folios/rmap-walk.ts';
import {
  PG_BATCHED,
  PG_DEFERRED,
  PG_EXCLUSIVE,
  PG_ISOLATED,
  PG_LAZYFREE,
  PG_LRU,
  PG_MAPPED_SHARED,
  PG_PARTIAL,
} from '../../../src/machine/frames/frame-table.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import type { FrameOwners } from './check-frames.ts';
import type { FoundMappings } from './check-mappings.ts';

/**
 * References that somebody outside of this room holds, by head frame: folios allocated but not mapped yet.
 */
export type HeldReferences = ReadonlyMap<number, number>;

/** Whether what folios, groups, swap and gauges count is what was found in page tables and frames. */
export function checkTotals(
  machine: Machine,
  owners: FrameOwners,
  found: FoundMappings,
  held: HeldReferences,
): string[] {
  const problems: string[] = [];
  const batched = batchedFolios(machine, problems);
  const sums = { charged: machine.memcgs.map(() => 0), lazyfree: 0, deferred: 0 };
  const gauges = {
    anon: machine.counters.mthp.nr_anon.map(() => 0),
    partial: machine.counters.mthp.nr_anon.map(() => 0),
  };
  const pins = pinsByHead(machine);
  for (const head of owners.folios) {
    const f = machine.frames;
    const pages = 1 << f.order[head];
    checkFolio(
      machine,
      head,
      found,
      (pins.get(head) ?? 0) + (held.get(head) ?? 0),
      batched.has(head),
      problems,
    );
    sums.charged[f.memcg[head]] += pages;
    if (f.has(head, PG_LAZYFREE)) sums.lazyfree += pages;
    if (f.has(head, PG_DEFERRED)) sums.deferred++;
    if (f.has(head, PG_DEFERRED) !== machine.deferred.has(head))
      problems.push(`folio ${head}: deferred split queue`);
    if (f.order[head] > 0) gauges.anon[f.order[head]]++;
    if (f.has(head, PG_PARTIAL)) gauges.partial[f.order[head]]++;
  }
  for (const head of owners.files)
    sums.charged[machine.frames.memcg[head]] += 1 << machine.frames.order[head];
  const expect = (what: string, counted: number, real: number) => {
    if (counted !== real) problems.push(`${what}: counted ${counted}, found ${real}`);
  };
  expect('page cache', machine.cachePages, owners.cachePages);
  expect('MADV_FREE pages', machine.lazyfreePages, sums.lazyfree);
  expect('deferred split queue', machine.deferred.size, sums.deferred);
  expect('page tables', owners.pageTables.size, found.pageTables.size);
  for (const frame of found.pageTables)
    if (!owners.pageTables.has(frame)) problems.push(`frame ${frame} is no page table`);
  gauges.anon.forEach((real, order) =>
    expect(`nr_anon of order ${order}`, machine.counters.mthp.nr_anon[order], real),
  );
  gauges.partial.forEach((real, order) => {
    expect(
      `nr_anon_partially_mapped of order ${order}`,
      machine.counters.mthp.nr_anon_partially_mapped[order],
      real,
    );
  });
  for (const memcg of machine.memcgs) {
    const real = sums.charged.reduce((sum, n, id) => sum + (machine.memcgs[id].isWithin(memcg) ? n : 0), 0);
    expect(`charge of ${memcg.name}`, memcg.usage, real);
  }
  let swapFree = 0;
  for (let slot = 0; slot < machine.swap.slots; slot++) {
    const uses = found.swapUses[slot];
    if (machine.swap.uses(slot) !== uses)
      problems.push(`swap slot ${slot} has ${uses} uses and counts others`);
    if (found.swapUses[slot] === 0) swapFree++;
  }
  expect('free swap slots', machine.swap.free, swapFree);
  return problems;
}

function checkFolio(
  machine: Machine,
  head: number,
  found: FoundMappings,
  others: number,
  isBatched: boolean,
  problems: string[],
): void {
  const f = machine.frames;
  const order = f.order[head];
  const pages = 1 << order;
  const leaves = found.leaves.get(head) ?? 0;
  let mappings = leaves;
  let mappedPages = 0;
  for (let frame = head; frame < head + pages; frame++) {
    const count = found.mapcount[frame];
    if (count !== f.mapcount[frame])
      problems.push(`frame ${frame}: mapcount ${f.mapcount[frame]}, found ${count}`);
    if (f.has(frame, PG_EXCLUSIVE) && count > 1)
      problems.push(`frame ${frame} is exclusive and mapped ${count} times`);
    mappings += count;
    if (count > 0) mappedPages++;
  }
  if (f.has(head, PG_EXCLUSIVE) && leaves > 1)
    problems.push(`folio ${head} is exclusive and has ${leaves} leaves`);
  const isolated = f.has(head, PG_ISOLATED) ? 1 : 0;
  const explained = mappings + others + (isBatched ? 1 : 0) + isolated;
  if (f.refcount[head] !== explained) {
    problems.push(`folio ${head}: ${f.refcount[head]} references, ${explained} explained`);
  }
  const places = (f.has(head, PG_LRU) ? 1 : 0) + (isBatched ? 1 : 0) + isolated;
  if (places > 1 || (places === 0 && others === 0)) problems.push(`folio ${head} is on ${places} LRU places`);
  if (f.has(head, PG_BATCHED) !== isBatched)
    problems.push(`folio ${head}: the LRU batch and its flag disagree`);
  if (order > 0) checkLarge(machine, head, { mappings, leaves, mappedPages }, found, problems);
  if (mappings > 0 || isolated) checkReverse(machine, head, mappings, problems);
}

function checkLarge(
  machine: Machine,
  head: number,
  { mappings, leaves, mappedPages }: { mappings: number; leaves: number; mappedPages: number },
  found: FoundMappings,
  problems: string[],
): void {
  const f = machine.frames;
  const [total, entire, mapped] = [f.refcount[head + 1], f.refcount[head + 2], f.refcount[head + 3]];
  if (total !== mappings || entire !== leaves || mapped !== mappedPages) {
    problems.push(
      `folio ${head}: counts ${total}/${entire}/${mapped}, found ${mappings}/${leaves}/${mappedPages}`,
    );
  }
  const mappers = found.mappers.get(head)?.size ?? 0;
  if (mappers > 1 && !f.has(head, PG_MAPPED_SHARED))
    problems.push(`folio ${head} is shared and not marked so`);
  const isPartial = mappings > 0 && leaves === 0 && mappedPages < 1 << f.order[head];
  if (isPartial && !f.has(head, PG_PARTIAL))
    problems.push(`folio ${head} is partially mapped and not queued`);
}

/** Reverse mapping must find each mapping once. */
function checkReverse(machine: Machine, head: number, mappings: number, problems: string[]): void {
  let visited = 0;
  forEachMapping(machine, head, () => {
    visited++;
  });
  if (visited !== mappings)
    problems.push(`folio ${head}: ${mappings} mappings, reverse mapping finds ${visited}`);
}

function batchedFolios(machine: Machine, problems: string[]): Set<number> {
  const batched = new Set<number>();
  for (let cpu = 0; cpu < machine.batches.cpus; cpu++) {
    for (const head of machine.batches.waiting(cpu)) {
      if (batched.has(head)) problems.push(`folio ${head} waits in two LRU batches`);
      batched.add(head);
    }
  }
  return batched;
}

function pinsByHead(machine: Machine): Map<number, number> {
  const pins = new Map<number, number>();
  for (const [frame, count] of machine.pins) {
    const head = machine.frames.headOf(frame);
    pins.set(head, (pins.get(head) ?? 0) + count);
  }
  return pins;
}
