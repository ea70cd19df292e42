import { readdirSync } from 'node:fs';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { sum } from '../../core/base/sum.ts';
import { type PageWalks, type WalkEvents, walkEventsOf } from '../../core/rules/walk-events.ts';
import { readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';
import { readCpu } from './cpu.ts';
import type { CountedEvent, OpenCounter, PerfCounter } from './perf-counters.ts';

const CYCLES: CountedEvent = { type: 'hardware', config: 0 };

const [EPERM, ENOENT, ESRCH, EACCES, EINVAL, EMFILE, EOPNOTSUPP, ENODEV] = [1, 2, 3, 13, 22, 24, 95, 19];

/**
 * Counts the page walks of processes while `wait` goes on: of all their threads, and of those that they start
 * meanwhile. Fails where that cannot be counted here, with the reason.
 */
export async function countPageWalks(
  tree: KernelTree,
  pids: readonly number[],
  open: OpenCounter | undefined,
  wait: () => Promise<void>,
): Promise<Result<PageWalks>> {
  if (!open) return fail('unsupported', 'perf_event_open needs the optional package koffi; npm install it');
  const events = walkEventsOf(readCpu(tree), readModel(tree));
  if (!events)
    return fail(
      'unsupported',
      'it is not known how this processor counts its page walks (docs/page-walks.md)',
    );
  const wanted = [CYCLES, ...events.events.map(({ config }): CountedEvent => ({ type: 'raw', config }))];
  const counters: PerfCounter[][] = [];
  try {
    for (const tid of pids.flatMap((pid) => threadsOf(tree, pid))) {
      const opened = openAll(tree, wanted, tid, open);
      if (!opened.ok) return opened;
      if (opened.value.length > 0) counters.push(opened.value);
    }
    await wait();
    const counts = counters.map((each) => each.map((counter) => counter.read()));
    return totalOf(counts, events);
  } finally {
    for (const counter of counters.flat()) counter.close();
  }
}

/** The counters of a thread; none where it has ended meanwhile. */
function openAll(
  tree: KernelTree,
  wanted: readonly CountedEvent[],
  tid: number,
  open: OpenCounter,
): Result<PerfCounter[]> {
  const opened: PerfCounter[] = [];
  for (const event of wanted) {
    const counter = open(event, tid);
    if (typeof counter !== 'number') {
      opened.push(counter);
      continue;
    }
    for (const each of opened) each.close();
    return counter === ESRCH ? succeed([]) : whyNot(counter, tree);
  }
  return succeed(opened);
}

/** What cycles and walks of threads add up to, by their counters: cycles first. */
export function totalOf(
  threads: readonly (readonly (number | undefined)[])[],
  events: WalkEvents,
): Result<PageWalks> {
  const known = threads.filter((counts) => counts.every((count) => count !== undefined));
  const cycles = sum(known.map(([count]) => count ?? 0));
  const walks = sum(known.flatMap(([, ...counts]) => counts.map((count) => count ?? 0)));
  if (known.length < threads.length)
    return fail(
      'unsupported',
      'the counters of this processor were taken by others (perf, the NMI watchdog)',
    );
  if (cycles === 0) return fail('unreadable', 'the processes did not run meanwhile');
  return succeed({ cycles, walks, events });
}

/** Why a counter cannot be had, and what helps. */
function whyNot(errno: number, tree: KernelTree): Result<never> {
  const paranoid = readKernelFile(tree.proc('sys/kernel/perf_event_paranoid'));
  switch (errno) {
    case EPERM:
    case EACCES:
      return fail(
        'permission',
        `perf events are not allowed to this user (kernel.perf_event_paranoid is ${paranoid.ok ? paranoid.value : 'not known'}); run as root, or with CAP_PERFMON`,
      );
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
    case EINVAL:
      return fail('unsupported', 'the processor has no counters here, as in most virtual machines');
    case EMFILE:
      return fail('unsupported', 'too many threads for the descriptors of this process; give fewer with -p');
    default:
      return fail('unsupported', `perf_event_open fails with errno ${errno}`);
  }
}

function threadsOf(tree: KernelTree, pid: number): number[] {
  try {
    return readdirSync(`${tree.process(pid)}/task`).map(Number);
  } catch {
    return [];
  }
}

function readModel(tree: KernelTree): number | undefined {
  const cpuinfo = readKernelFile(tree.proc('cpuinfo'));
  const model = cpuinfo.ok ? /^model[ \t]*:[ \t]*(\d+)$/m.exec(cpuinfo.value)?.[1] : undefined;
  return model === undefined ? undefined : Number(model);
}
