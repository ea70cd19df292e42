import { firstIndex } from '../../src/core/base/first-index.ts';
import { type Geometry, rangeBytes } from '../../src/core/memory/geometry.ts';
import type { MapVma } from '../memory/memory-worker-protocol.ts';
import type { OpenMemory } from '../memory/open-memory.ts';
import type { ProcessRows } from './picture/layout.ts';

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

export interface Found {
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

const SPAN = /^\s*(?:(\d+):)?\s*(?:0x)?([0-9a-f]{1,16})\s*-\s*(?:0x)?([0-9a-f]{1,16})\s*$/i;

/**
 * All that a text names, in the order of the map: a pid its process; `START-END`, as maps and smaps print it,
 * the VMAs in it; an address or `PID:ADDRESS` its range, or the nearest; any other text the processes whose
 * command has it, and the VMAs whose name has it. Each is the row where it begins.
 */
export function findPlaces(memory: OpenMemory, text: string): readonly Found[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  const process = processRows(memory).find((each) => String(memory.processes[each.process].pid) === wanted);
  if (process) return [{ row: process.first, exact: true }];
  const span = SPAN.exec(text);
  if (span) return placesIn(memory, span[1], Number.parseInt(span[2], 16), Number.parseInt(span[3], 16));
  const place = findPlace(memory, text);
  return place ? [place] : placesNamed(memory, wanted);
}

function placesIn(memory: OpenMemory, pid: string | undefined, start: number, end: number): Found[] {
  return memory.vmas.flatMap((each) => {
    const { vma, process, first } = each;
    const isAsked = pid === undefined || memory.processes[process].pid === Number(pid);
    if (!isAsked || each.end === first || vma.end <= start || vma.start >= end) return [];
    const { geometry } = memory.host;
    const row = nearestRow(memory.addresses, each, Math.max(start, vma.start), geometry);
    const address = memory.addresses[row];
    return address < end && address + rangeBytes(geometry) > start ? [{ row, exact: true }] : [];
  });
}

function placesNamed(memory: OpenMemory, wanted: string): Found[] {
  const isNamed = (name: string) => name.toLowerCase().includes(wanted);
  const processes = processRows(memory).filter((each) => isNamed(memory.processes[each.process].command));
  const vmas = memory.vmas.filter(({ vma, first, end }) => end > first && isNamed(vma.name));
  const rows = new Set([...processes, ...vmas].map(({ first }) => first));
  return [...rows].sort((a, b) => a - b).map((row) => ({ row, exact: true }));
}

/** What to say of a search that found nothing, or not just what it names; nothing where it did. */
export function missWords(found: readonly Found[], text: string): string {
  if (found.length > 0) return found[0].exact ? '' : 'no page there: this is the nearest';
  const [, pid] = PLACE.exec(text) ?? SPAN.exec(text) ?? [];
  if (pid !== undefined) return `no memory of a process ${pid} here`;
  return SPAN.test(text) ? 'no page in that range' : 'no process, VMA or address of that name';
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
