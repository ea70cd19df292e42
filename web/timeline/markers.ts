import { formatBytes } from '../../src/core/base/bytes.ts';
import { formatDuration } from '../../src/core/base/duration.ts';
import { grouped } from '../../src/core/base/plural.ts';
import type { LogLine } from '../../src/khugepaged/kernel-log.ts';
import type { Action, ScenarioEvent } from '../../src/simulation/scenario.ts';
import type { Incident } from '../../src/simulation/simulated-host.ts';

/** Something on the time axis: a moment, or the time from `at` to `end`, in ns. */
export interface Marker {
  readonly kind: 'process' | 'setting' | 'incident' | 'log';
  readonly at: number;
  readonly end: number;
  readonly text: string;
}

/** What a scenario says will happen, in the order of time. */
export function eventMarkers(events: readonly ScenarioEvent[]): Marker[] {
  return events.map(markerOf).sort((a, b) => a.at - b.at);
}

/** What processes could not do, and what the kernel wrote to its log. */
export function troubleMarkers(incidents: readonly Incident[], log: readonly LogLine[]): Marker[] {
  return [
    ...incidents.map(({ at, process, what, stop, times }): Marker => {
      const why = stop === 'oom' ? 'out of memory' : stop;
      const again = times > 1 ? `, ${grouped(times)} times` : '';
      return { kind: 'incident', at, end: at, text: `${process} could not ${what}: ${why}${again}` };
    }),
    ...log.map(({ at, text }): Marker => ({ kind: 'log', at, end: at, text: `kernel: ${text}` })),
  ].sort((a, b) => a.at - b.at);
}

function markerOf({ at, every, times, process, action }: ScenarioEvent): Marker {
  const lasts = 'over' in action ? action.over : 0;
  const again = times > 1 ? `, ${grouped(times)} times, every ${formatDuration(every)}` : '';
  const who = process === undefined ? '' : `${process}: `;
  return {
    kind: action.do === 'set' ? 'setting' : 'process',
    at,
    end: at + (times - 1) * every + lasts,
    text: `${who}${actionText(action)}${again}`,
  };
}

function actionText(action: Action): string {
  switch (action.do) {
    case 'set':
      return `${action.setting.file} = ${action.setting.value}`;
    case 'exit':
      return 'exit';
    case 'advise':
      return `madvise ${action.mapping}: MADV_${action.advice.toUpperCase()}`;
    case 'fork': {
      const does = action.does.map(({ at, action }) => `after ${formatDuration(at)} ${actionText(action)}`);
      return `fork ${action.child}${does.length > 0 ? `, which does ${does.join('; ')}` : ''}`;
    }
    default: {
      const { mapping, from, bytes, density, block } = action.pages;
      const part = [
        Number.isFinite(bytes) ? formatBytes(bytes) : '',
        from > 0 ? `from ${formatBytes(from)} on` : '',
        density < 1 ? `${Number((density * 100).toPrecision(2))}% of it` : '',
        density < 1 && block > 0 ? `in blocks of ${formatBytes(block)}` : '',
      ].filter(Boolean);
      const over = action.over > 0 ? ` over ${formatDuration(action.over)}` : '';
      return `${action.do} ${mapping}${part.length > 0 ? ` (${part.join(', ')})` : ''}${over}`;
    }
  }
}
