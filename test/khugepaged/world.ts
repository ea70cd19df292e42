import { expect } from 'vitest';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import type { Order } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import type { SizeWord, TopLevelWord } from '../../src/core/rules/settings-words.ts';
import { costsOf, DEFAULT_CALIBRATION } from '../../src/khugepaged/costs.ts';
import { Khugepaged } from '../../src/khugepaged/khugepaged.ts';
import { System } from '../../src/khugepaged/system.ts';
import { formatTraceEvent, type TraceEvent } from '../../src/khugepaged/trace-event.ts';
import { Machine, type MachineOptions } from '../../src/machine/machine.ts';
import { defaultMachineSettings, type MachineSettings } from '../../src/machine/settings.ts';
import { checkDaemon } from '../support/khugepaged/check-daemon.ts';
import { valueOf } from '../support/ranges.ts';

/** 16 PTEs in a PMD range: orders 2, 3 and 4 of 4 KiB pages. */
export const SMALL: Geometry = { pageShift: 12, pmdOrder: 4 };
export const PAGE = 4096;
export const SECOND = 1e9;

export interface WorldOptions extends Partial<MachineOptions> {
  readonly model?: KernelModelName;
  readonly enabled?: TopLevelWord;
  /** Words by order; sizes that are not named are never. By default the PMD size is always. */
  readonly sizes?: Readonly<Record<number, SizeWord>>;
  readonly limits?: Partial<Pick<MachineSettings, 'maxPtesNone' | 'maxPtesSwap' | 'maxPtesShared'>>;
}

/** A machine with its daemon, and the trace events so far. */
export class World {
  readonly machine: Machine;
  readonly system: System;
  readonly daemon: Khugepaged;
  readonly events: { readonly at: number; readonly event: TraceEvent }[] = [];
  readonly range: number;

  constructor(options: WorldOptions = {}) {
    const geometry = options.geometry ?? SMALL;
    const { sizes = { [geometry.pmdOrder]: 'always' }, enabled = 'never' } = options;
    this.machine = new Machine({ geometry, nodes: [1024], swapPages: 256, ...options });
    this.machine.settings = {
      ...defaultMachineSettings(geometry),
      enabled,
      sizes: new Map(Object.entries(sizes).map(([order, word]) => [Number(order) as Order, word])),
      ...options.limits,
    };
    const costs = valueOf(costsOf(DEFAULT_CALIBRATION, geometry));
    this.system = new System(this.machine, KERNEL_MODELS[options.model ?? 'linux-7.2'], costs);
    this.system.trace = (event, at) => this.events.push({ at, event });
    this.daemon = new Khugepaged(this.system);
    this.range = this.machine.rangeBytes;
  }

  /** Lets this much time pass. */
  run(ns: number): void {
    this.daemon.runUntil(this.system.timeline.now + ns);
  }

  /** Trace lines without their mm, of these events only. */
  lines(...names: readonly TraceEvent['event'][]): string[] {
    return this.events
      .filter(({ event }) => names.length === 0 || names.includes(event.event))
      .map(({ event }) => formatTraceEvent(event, this.system.daemonModel).replace(/mm=\w+, /, ''));
  }

  /** Statuses of scanned ranges. */
  statuses(): string[] {
    return this.events.flatMap(({ event }) =>
      event.event === 'mm_khugepaged_scan_pmd' ? [event.result] : [],
    );
  }

  /** Attempts as "offset:order", with the result unless it succeeded. */
  attempts(): string[] {
    return this.events.flatMap(({ event: e }) => {
      if (e.event !== 'mm_collapse_huge_page') return [];
      const offset = (e.address % this.range) / 2 ** this.machine.geometry.pageShift;
      return [`${offset}:${e.order}${e.result === 'SCAN_SUCCEED' ? '' : ` ${e.result}`}`];
    });
  }

  expectSound(): void {
    expect(checkDaemon(this.daemon)).toEqual([]);
  }
}
