import type { Order } from '../core/memory/order.ts';
import type { KernelModel } from '../core/rules/kernel-model.ts';
import type { CollapseAlgorithm } from '../core/search/algorithm.ts';
import { ALGORITHMS } from '../core/search/algorithms.ts';
import type { Machine } from '../machine/machine.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import type { Costs } from './costs.ts';
import { type DaemonModel, daemonModel } from './daemon-model.ts';
import { type DaemonSettings, defaultDaemonSettings } from './daemon-settings.ts';
import type { FaultPlan, FaultPoint } from './fault-plan.ts';
import { KernelLog } from './kernel-log.ts';
import { type Act, Locks } from './locks.ts';
import type { NodeDistances } from './node-load.ts';
import { Timeline } from './timeline.ts';
import type { TraceSink } from './trace-event.ts';

/** A machine in time: its clock, locks, settings, log and trace. khugepaged and MADV_COLLAPSE run on it. */
export class System {
  readonly machine: Machine;
  readonly model: KernelModel;
  readonly daemonModel: DaemonModel;
  readonly costs: Costs;
  readonly timeline = new Timeline();
  readonly locks = new Locks(this.timeline);
  readonly log = new KernelLog();
  readonly settings: DaemonSettings;
  /** New folios that an attempt has not installed yet, for the checkers: references by head frame. */
  readonly held = new Map<number, number>();
  /** Allocations for memory cgroups (memory.events thp_collapse_alloc), by cgroup id. */
  readonly memcgCollapseAllocs = new Map<number, number>();
  /** Hears of trace events; nothing is made for it while there is none. */
  trace: TraceSink | undefined;
  faults: FaultPlan | undefined;
  /** How ranges are searched: at first as the model does. */
  algorithm: CollapseAlgorithm;
  /** Set when node_reclaim_mode is on. */
  nodeDistances: NodeDistances | undefined;
  /** Address spaces whose last user has gone and that are not torn down yet. */
  readonly #exiting = new Set<Mm>();

  constructor(machine: Machine, model: KernelModel, costs: Costs) {
    this.machine = machine;
    this.model = model;
    this.algorithm = ALGORITHMS[model.algorithm];
    this.daemonModel = daemonModel(model);
    this.costs = costs;
    this.settings = defaultDaemonSettings(machine.geometry);
  }

  /** Schedules what another process does on a CPU, by default the last; `at` in ns. */
  schedule(at: number, act: Act, cpu = this.machine.batches.cpus - 1): void {
    this.timeline.at(at, () => this.locks.perform(this.#onCpu(act, cpu)));
  }

  /** Whether the fault plan makes the run fail here. */
  fails(point: FaultPoint, address: number, order: Order): boolean {
    return this.faults?.({ point, address, order }) ?? false;
  }

  /** The last user of an address space goes; it will be torn down. */
  markExiting(mm: Mm): void {
    this.#exiting.add(mm);
    this.machine.hooks.exiting?.(mm);
  }

  unmarkExiting(mm: Mm): void {
    this.#exiting.delete(mm);
  }

  /** No user of the address space is left (hpage_collapse_test_exit). */
  isExiting(mm: Mm): boolean {
    return mm.exited || this.#exiting.has(mm);
  }

  /** Exiting, or prctl disables all THPs (hpage_collapse_test_exit_or_disable). */
  isOutOfReach(mm: Mm): boolean {
    return mm.exited || mm.thpDisabled === 'all' || this.#exiting.has(mm);
  }

  /** Runs code as if on this CPU: its LRU add batch is used. */
  runOn(cpu: number, run: () => void): void {
    const { machine } = this;
    const before = machine.cpu;
    machine.cpu = cpu;
    run();
    machine.cpu = before;
  }

  #onCpu(act: Act, cpu: number): Act {
    return { ...act, run: () => this.runOn(cpu, act.run) };
  }
}
