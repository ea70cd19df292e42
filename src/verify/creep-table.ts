import type { Geometry } from '../core/memory/geometry.ts';
import { pagesPerRange } from '../core/memory/geometry.ts';
import { countPages } from '../core/memory/occupancy.ts';
import { formatPages } from '../core/memory/page-list.ts';
import type { KernelModel } from '../core/rules/kernel-model.ts';
import { type Creep, creepPolicy, smallestCreep } from './creep.ts';

/** Neighbouring values of max_ptes_none under which the same pattern creeps in the same way. */
export interface CreepRow {
  readonly from: number;
  to: number;
  /** Undefined where nothing creeps. */
  readonly creep: Creep | undefined;
}

/** What creeps under every value of max_ptes_none, with all orders enabled. */
export function creepTable(model: KernelModel, geometry: Geometry): CreepRow[] {
  const rows: CreepRow[] = [];
  for (let limit = 0; limit < pagesPerRange(geometry); limit++) {
    const creep = smallestCreep(creepPolicy(model, geometry, limit), geometry);
    const last = rows.at(-1);
    if (last && creepCells(last.creep).join() === creepCells(creep).join()) last.to = limit;
    else rows.push({ from: limit, to: limit, creep });
  }
  return rows;
}

/** The cells of a row: limits, pages of the pattern, the pattern, passes, and resident pages pass by pass. */
export function creepRowCells({ from, to, creep }: CreepRow): string[] {
  return [from === to ? String(from) : `${from}-${to}`, ...creepCells(creep)];
}

function creepCells(creep: Creep | undefined): string[] {
  if (!creep) return ['-', 'never', '-', '-'];
  const pages = countPages(creep.pages);
  const growth = `${pages} -> ${creep.afterFirst} -> ${creep.afterLast}`;
  return [String(pages), formatPages(creep.pages), String(creep.passes), growth];
}
