import { formatBytes } from '../core/base/bytes.ts';
import { pageBytes } from '../core/memory/geometry.ts';
import { MAX_FRAMES } from '../machine/frames/frame-table.ts';
import type { Action, Scenario, ScenarioEvent } from './scenario.ts';

/** The user's half of an address space of x86-64 and arm64 with four levels of page tables. */
const MOST_MAPPED_BYTES = 2 ** 47;
/** Up to here, 104 days, each nanosecond of virtual time is a number of its own. */
export const LONGEST_NS = 100 * 86_400e9;
/** Processes that live at once: a fork more fails, as beyond pids.max. */
export const MOST_PROCESSES = 4096;

/**
 * What takes time to simulate, measured on one machine: a PMD range that an action goes through, and a page.
 */
const RANGE_SECONDS = 8e-6;
const PAGE_SECONDS = 0.05e-6;

/** What a scenario says that is too large to be simulated or meant: the field and its bound. */
export function exceededBound(scenario: Scenario): { place: string; what: string } | undefined {
  const { machine, files, processes, events, until } = scenario;
  const page = pageBytes(machine.geometry);
  const memory = `at most ${formatBytes(MAX_FRAMES * page)} can be simulated`;
  if (machine.memoryBytes / page > MAX_FRAMES) return { place: 'machine.memory', what: memory };
  if (machine.swapBytes / page > MAX_FRAMES) return { place: 'machine.swap', what: memory };
  for (const [i, { bytes }] of files.entries())
    if (bytes / page > MAX_FRAMES) return { place: `files.${i}.size`, what: memory };
  for (const [i, { mappings }] of processes.entries()) {
    const bytes = mappings.reduce((sum, mapping) => sum + mapping.bytes, 0);
    if (bytes > MOST_MAPPED_BYTES) {
      const what = `more than the ${formatBytes(MOST_MAPPED_BYTES)} of an address space`;
      return { place: `processes.${i}.mappings`, what };
    }
  }
  const times = `is beyond the longest time that is simulated, ${LONGEST_NS / 86_400e9}d`;
  if (until !== 'settled' && until > LONGEST_NS) return { place: 'until', what: times };
  for (const [i, event] of events.entries())
    if (endOf(event) > LONGEST_NS) return { place: `events.${i}`, what: times };
  return undefined;
}

/** The last moment that an event has to do with, in ns. */
function endOf({ at, times, every, action }: ScenarioEvent): number {
  const during = (each: Action) => ('over' in each ? each.over : 0);
  const children =
    action.do === 'fork' ? action.does.map((each) => each.at + during(each.action)) : [during(action)];
  return at + (times - 1) * every + Math.max(0, ...children);
}

/**
 * How long the pages that processes touch will take to simulate here, in seconds, roughly and at most: what
 * forked children do besides, and khugepaged's own work, is not counted.
 */
export function estimatedSeconds({ machine, processes, events }: Scenario): number {
  const page = pageBytes(machine.geometry);
  const rangePages = 2 ** machine.geometry.pmdOrder;
  const memoryPages = (machine.memoryBytes + machine.swapBytes) / page;
  let seconds = 0;
  for (const { process, times, action } of events) {
    if (!('pages' in action)) continue;
    const mappings = processes.find(({ name }) => name === process)?.mappings ?? [];
    const mapped = mappings.find(({ name }) => name === action.pages.mapping)?.bytes ?? 0;
    const pages = Math.min(action.pages.bytes, Math.max(0, mapped - action.pages.from)) / page;
    seconds += times * ((pages / rangePages) * RANGE_SECONDS + Math.min(pages, memoryPages) * PAGE_SECONDS);
  }
  return seconds;
}
