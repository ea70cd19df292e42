import { touch } from '../fault/fault.ts';
import { getFolio, putFolio } from '../folios/folio.ts';
import { PG_EXCLUSIVE } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import { contentAt, frameAt, pmdAt } from '../page-tables/lookup.ts';
import type { Mm } from '../page-tables/mm.ts';
import { PMD_LEAF } from '../page-tables/pmd.ts';

/**
 * Pins every page of [start, start + bytes) for long, as device drivers do (pin_user_pages): faults them in,
 * gives the process its own copy of shared ones, and takes a reference for each. Returns the pinned frames
 * for `unpin`; undefined, and nothing pinned, if a page cannot be had.
 */
export function pin(machine: Machine, mm: Mm, start: number, bytes: number): number[] | undefined {
  const frames: number[] = [];
  for (let address = start; address < start + bytes; address += machine.pageBytes) {
    const frame = ownFrame(machine, mm, address);
    if (frame === undefined) {
      unpin(machine, frames);
      return undefined;
    }
    getFolio(machine, machine.frames.headOf(frame), 1);
    machine.pins.set(frame, (machine.pins.get(frame) ?? 0) + 1);
    frames.push(frame);
  }
  return frames;
}

/** Drops the pins that `pin` returned. */
export function unpin(machine: Machine, frames: readonly number[]): void {
  for (const frame of frames) {
    const pins = machine.pins.get(frame);
    if (pins === undefined) throw new Error(`frame ${frame} is not pinned`);
    if (pins === 1) machine.pins.delete(frame);
    else machine.pins.set(frame, pins - 1);
    putFolio(machine, machine.frames.headOf(frame), 1);
  }
}

function ownFrame(machine: Machine, mm: Mm, address: number): number | undefined {
  const frame = frameAt(machine, mm, address);
  const f = machine.frames;
  if (frame !== undefined) {
    const isLeaf = pmdAt(machine, mm, address)?.kind === PMD_LEAF;
    if (f.has(isLeaf ? f.headOf(frame) : frame, PG_EXCLUSIVE)) return frame;
  }
  const content = contentAt(machine, mm, address);
  if (content === undefined || touch(machine, mm, address, machine.pageBytes, content).stop) return undefined;
  return frameAt(machine, mm, address);
}
