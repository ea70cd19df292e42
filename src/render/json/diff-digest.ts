import type { DigestDifference, HeldDifference } from '../../analysis/difference/digest-difference.ts';
import { pageBytes } from '../../core/memory/geometry.ts';
import { countersJson, repeatedJson } from './diff.ts';

/** What changed between two digests as JSON; pages are base pages. */
export function digestDiffJson({
  geometry,
  machine,
  processes,
  services,
  total,
  repeated,
}: DigestDifference): object {
  return {
    schema: 'thpscope/diff-digest@1',
    pageBytes: pageBytes(geometry),
    elapsedMs: machine.elapsedMs,
    settings: machine.settings,
    counters: countersJson(machine.counters),
    services: services.map(heldJson),
    processes: processes.map(heldJson),
    repeatedPages: repeatedJson(repeated),
    totals: heldJson(total),
  };
}

function heldJson({ name, processes, before, after }: HeldDifference): object {
  return { name, processesBefore: processes.before, processesAfter: processes.after, before, after };
}
