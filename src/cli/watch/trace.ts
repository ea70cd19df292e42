import { type Result, succeed } from '../../core/base/failure.ts';
import type { KernelTree } from '../../linux/kernel/kernel-tree.ts';
import { type CollapseTrace, openCollapseTrace } from '../../linux/trace/collapse-trace.ts';
import { TracedProcesses } from './traced-processes.ts';
import type { WatchedProcesses } from './watched-processes.ts';

/** Trace events, and whose they are. */
export interface OpenedTrace {
  readonly events: CollapseTrace;
  readonly processes: TracedProcesses;
}

/** Begins to trace. Fails without tracefs, and for users who may not. */
export function openTrace(tree: KernelTree, watched: WatchedProcesses): Result<OpenedTrace> {
  const events = openCollapseTrace(tree);
  if (!events.ok) return events;
  const processes = new TracedProcesses(tree, events.value, () => watched.pids());
  return succeed({ events: events.value, processes });
}
