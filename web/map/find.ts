import { firstIndex } from '../../src/core/base/first-index.ts';
import { type Geometry, rangeBytes } from '../../src/core/memory/geometry.ts';
import type { MapVma } from '../memory/memory-worker-protocol.ts';
import type { OpenMemory } from '../memory/open-memory.ts';
import type { ProcessRows } from './layout.ts';

/** Rows by process, without processes that have none. */
export function processRows(memory: Pick<OpenMemory, 'processes' | 'vmas'>): ProcessRows[] {
  const found: ProcessRows[] = [];
  for (const { process, first, end } of memory.vmas) {
    const last = found.at(-1);
    if (last?.process === process) found[found.length - 1] = { ...last, end };
    else found.push({ process, first, end });
  }
  return found;
}

/** A range as links and people name it: `PID:0xADDRESS`, its first byte that belongs to its VMA. */
export function placeName(memory: OpenMemory, row: number): string {
  const { process, vma } = memory.vmas[memory.vmaOf[row]];
  const address = Math.max(vma.start, memory.addresses[row]);
  return `${memory.processes[process].pid}:0x${address.toString(16)}`;
}

const PLACE = /^\s*(?:(\d+):)?\s*(?:0x)?([0-9a-f]{1,16})\s*$/i;

interface Found {
  readonly row: number;
  /** Whether the address is in the range of that row; else it is the nearest one with any page. */
  readonly exact: boolean;
}

/**
 * Finds an address, hexadecimal with or without `0x`, or `PID:ADDRESS`; without a pid it is that of the first
 * process that holds it. Undefined for other texts, and where there is no memory.
 */
export function findPlace(memory: OpenMemory, text: string): Found | undefined {
  const [, pid, digits] = PLACE.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const address = Number.parseInt(digits, 16);
  const ofPid = ({ process }: MapVma) => pid === undefined || memory.processes[process].pid === Number(pid);
  let nearest: Found | undefined;
  let distance = Infinity;
  const { geometry } = memory.host;
  for (const vma of memory.vmas) {
    if (!ofPid(vma) || vma.end === vma.first) continue;
    const row = nearestRow(memory.addresses, vma, address, geometry);
    const away = distanceOf(memory.addresses[row], address, geometry);
    const exact = away === 0 && address >= vma.vma.start && address < vma.vma.end;
    if (exact) return { row, exact };
    if (away < distance) {
      nearest = { row, exact };
      distance = away;
    }
  }
  return nearest;
}

/** Why a text did not find just what it names. */
export function missWords(found: Found | undefined, text: string): string {
  if (found) return 'no page there: this is the nearest';
  const [, pid] = PLACE.exec(text) ?? [];
  return pid === undefined ? 'write 0xADDRESS or PID:0xADDRESS' : `no memory of a process ${pid} here`;
}

function distanceOf(start: number, address: number, geometry: Geometry): number {
  if (address < start) return start - address;
  return Math.max(0, address - (start + rangeBytes(geometry) - 1));
}

/** The row of a VMA whose range holds an address or is nearest to it. */
function nearestRow(
  addresses: Float64Array,
  { first, end }: MapVma,
  address: number,
  geometry: Geometry,
): number {
  const beyond = first + firstIndex(end - first, (i) => addresses[first + i] > address);
  const before = Math.max(first, beyond - 1);
  const after = Math.min(end - 1, beyond);
  const away = (row: number) => distanceOf(addresses[row], address, geometry);
  return away(before) <= away(after) ? before : after;
}
