import { expect } from 'vitest';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import type { Order } from '../../src/core/memory/order.ts';
import type { SizeWord } from '../../src/core/rules/settings-words.ts';
import { Machine, type MachineOptions } from '../../src/machine/machine.ts';
import { contentAt } from '../../src/machine/page-tables/lookup.ts';
import type { Mm } from '../../src/machine/page-tables/mm.ts';
import { defaultMachineSettings } from '../../src/machine/settings.ts';
import { checkMachine, type HeldReferences } from '../support/machine/check.ts';

/** 16 PTEs in a PMD range: orders 2, 3 and 4 of 4 KiB pages. */
export const SMALL: Geometry = { pageShift: 12, pmdOrder: 4 };
export const PAGE = 4096;
export const RANGE = 16 * PAGE;

/** A small machine on which only these sizes are on, each `always` unless a word is given. */
export function smallMachine(
  sizes: Readonly<Record<number, SizeWord>> = {},
  options: Partial<MachineOptions> = {},
): Machine {
  const machine = new Machine({ geometry: SMALL, nodes: [1024], swapPages: 256, ...options });
  machine.settings = {
    ...defaultMachineSettings(machine.geometry),
    sizes: new Map(Object.entries(sizes).map(([order, word]) => [Number(order) as Order, word])),
  };
  return machine;
}

export function expectSound(machine: Machine, held?: HeldReferences): void {
  expect(checkMachine(machine, held)).toEqual([]);
}

/** The contents of consecutive pages. */
export function contents(machine: Machine, mm: Mm, start: number, pages: number): (number | undefined)[] {
  return Array.from({ length: pages }, (_, i) => contentAt(machine, mm, start + i * PAGE));
}
