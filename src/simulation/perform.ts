import {
  clearReferences,
  madviseDontneed,
  madviseFree,
  madviseHugepage,
  madviseNohugepage,
  madvisePageout,
} from '../machine/processes/madvise.ts';
import { read, touch } from '../machine/fault/fault.ts';
import { fork } from '../machine/processes/fork.ts';
import { pin } from '../machine/processes/pin.ts';
import {
  areaLocks,
  exitAct,
  faultLocks,
  processAct,
  reverseMappingLocks,
  zapLocks,
} from '../khugepaged/process-acts.ts';
import type { Act, LockWish } from '../khugepaged/locks.ts';
import type { Run } from './page-choice.ts';
import type { AdviseAction, PageAction } from './scenario.ts';
import type { Actor, Stage } from './stage.ts';

/** Does something to pages that lie in one PMD range, once the locks for it are free. */
export function performOnPages(
  stage: Stage,
  actor: Actor,
  kind: PageAction['do'],
  mapping: string,
  runs: readonly Run[],
): void {
  if (runs.length === 0) return;
  const { kernel } = stage;
  const { mm } = actor;
  const { start } = runs[0];
  const bytes = runs[runs.length - 1].end - start;
  const what = `${kind} ${mapping}`;
  const run = () => {
    for (const each of runs) {
      const stop = doToPages(stage, actor, kind, each.start, each.end - each.start);
      if (stop === undefined) continue;
      stage.report(actor.name, what, stop);
      return;
    }
  };
  perform(stage, processAct(`${actor.name}: ${what}`, mm, [...locksFor(kind), ...reclaimLocks()], run));

  function locksFor(action: PageAction['do']): LockWish[] {
    const isFault = action === 'touch' || action === 'read' || action === 'pin';
    return isFault ? faultLocks(kernel, mm, start, bytes) : zapLocks(kernel, mm, start, bytes);
  }

  /** Whoever may have to reclaim for a page fault looks at the page tables of everybody. */
  function reclaimLocks(): LockWish[] {
    const { machine } = kernel;
    const needed = machine.rangePages + 1;
    const isShort =
      machine.freePages - machine.minFreePages < needed || mm.memcg.usage + needed > mm.memcg.limit;
    return kind === 'pageout' || isShort ? reverseMappingLocks() : [];
  }
}

function doToPages(
  { kernel: { machine } }: Stage,
  { mm }: Actor,
  kind: PageAction['do'],
  start: number,
  bytes: number,
): string | undefined {
  switch (kind) {
    case 'touch':
      return touch(machine, mm, start, bytes).stop;
    case 'read':
      return read(machine, mm, start, bytes).stop;
    case 'free':
      return void madviseDontneed(machine, mm, start, bytes);
    case 'lazyfree':
      return void madviseFree(machine, mm, start, bytes);
    case 'pageout':
      return void madvisePageout(machine, mm, start, bytes);
    case 'age':
      return void clearReferences(machine, mm, start, bytes);
    case 'pin':
      return pin(machine, mm, start, bytes) ? undefined : 'oom';
  }
}

export function performAdvice(stage: Stage, actor: Actor, { mapping, advice }: AdviseAction): void {
  const { start, end } = actor.mappings.get(mapping) as Run;
  const { machine } = stage.kernel;
  const madvise = advice === 'hugepage' ? madviseHugepage : madviseNohugepage;
  const act = processAct(`${actor.name}: advise ${mapping}`, actor.mm, areaLocks(actor.mm), () =>
    madvise(machine, actor.mm, start, end - start),
  );
  perform(stage, act);
}

/** Forks a process; `then` hears of the child. */
export function performFork(stage: Stage, actor: Actor, child: string, then: (child: Actor) => void): void {
  const { machine } = stage.kernel;
  const act = processAct(`${actor.name}: fork`, actor.mm, areaLocks(actor.mm), () => {
    const mm = fork(machine, actor.mm, child);
    if (!mm) stage.report(actor.name, `fork ${child}`, 'oom');
    else then(stage.addActor(child, mm, actor.mappings));
  });
  perform(stage, act);
}

export function performExit(stage: Stage, actor: Actor): void {
  perform(stage, exitAct(stage.kernel, actor.mm));
}

/** On the last CPU: the first one is khugepaged's. */
function perform({ kernel }: Stage, act: Act): void {
  const cpu = kernel.machine.batches.cpus - 1;
  kernel.locks.perform({ ...act, run: () => kernel.runOn(cpu, act.run) });
}
