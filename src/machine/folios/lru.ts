import { PG_BATCHED, PG_ISOLATED, PG_LRU } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import { putFolio } from './folio.ts';

/**
 * Puts a folio into the LRU add batch of the current CPU, which takes a reference until it drains: when it is
 * full, and at once for a large folio. Source: folio_add_lru, docs/khugepaged.md#lru-batch.
 */
export function addToLru(machine: Machine, head: number): void {
  const f = machine.frames;
  f.flags[head] |= PG_BATCHED;
  f.refcount[head]++;
  if (machine.batches.push(machine.cpu, head) || f.order[head] > 0) drainLru(machine);
}

/** Drains the LRU add batch of the current CPU (lru_add_drain). */
export function drainLru(machine: Machine): void {
  drain(machine, machine.cpu);
}

/** Drains the batches of all CPUs (lru_add_drain_all), as khugepaged does when it wakes up. */
export function drainAllLru(machine: Machine): void {
  for (let cpu = 0; cpu < machine.batches.cpus; cpu++) drain(machine, cpu);
}

function drain(machine: Machine, cpu: number): void {
  const { flags } = machine.frames;
  if (machine.batches.waiting(cpu).length === 0) return;
  for (const head of machine.batches.take(cpu)) {
    flags[head] = (flags[head] & ~PG_BATCHED) | PG_LRU;
    putFolio(machine, head, 1);
  }
}

/**
 * Takes a folio off the LRU with a reference for the caller; false if it is not on it (folio_isolate_lru).
 */
export function isolateFromLru(machine: Machine, head: number): boolean {
  const f = machine.frames;
  if (!f.has(head, PG_LRU)) return false;
  f.clear(head, PG_LRU);
  f.set(head, PG_ISOLATED);
  f.refcount[head]++;
  return true;
}

/** Gives an isolated folio back through the LRU add batch (folio_putback_lru). */
export function putBackToLru(machine: Machine, head: number): void {
  machine.frames.clear(head, PG_ISOLATED);
  addToLru(machine, head);
  putFolio(machine, head, 1);
}
