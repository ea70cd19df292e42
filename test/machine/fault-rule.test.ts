import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../support/seed.ts';
import type { PageAct } from '../../src/core/fault/history.ts';
import { VmaPages } from '../../src/core/fault/vma-pages.ts';
import type { Order, OrderSet } from '../../src/core/memory/order.ts';
import { read, touch } from '../../src/machine/fault/fault.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import { frameAt, pmdAt, pteAt } from '../../src/machine/page-tables/lookup.ts';
import type { Mm } from '../../src/machine/page-tables/mm.ts';
import { PMD_HUGE_ZERO, PMD_LEAF, PMD_NONE } from '../../src/machine/page-tables/pmd.ts';
import { PTE_KIND, PTE_NONE, PTE_ZERO } from '../../src/machine/page-tables/pte.ts';
import { madviseDontneed } from '../../src/machine/processes/madvise.ts';
import { expectSound, PAGE, RANGE, SMALL, smallMachine } from './world.ts';

const BASE = 64 * RANGE;
const PAGES = 64;

/** Orders 2 to 4 (16 PTEs in a range), a VMA of up to four ranges, and what a program does in it. */
const histories = fc.record({
  orders: fc.subarray([2, 3, 4]),
  hugeZeroPage: fc.boolean(),
  edges: fc.uniqueArray(fc.integer({ min: 0, max: PAGES }), { minLength: 2, maxLength: 2 }),
  acts: fc.array(
    fc.record({
      kind: fc.constantFrom('write' as const, 'write' as const, 'read' as const, 'dontneed' as const),
      first: fc.nat(PAGES - 1),
      pages: fc.oneof(fc.constant(1), fc.constant(16), fc.nat(20)),
    }),
    { maxLength: 12 },
  ),
});

/**
 * What a page table holds, page by page: nothing, the zero page, or the folio by its first page and order.
 */
function rule(pages: VmaPages, end: number): string[] {
  return Array.from({ length: end - pages.vma.start }, (_, i) => {
    const page = pages.vma.start + i;
    const pmd = pages.pmdAt(Math.floor(page / 16) * 16);
    const pte = pages.pteAt(page);
    if (pte !== 'page') return `${pmd} ${pte}`;
    const folio = pages.folioAt(page);
    return folio ? `${pmd} folio ${folio.first}:${folio.order}` : `${pmd} small`;
  });
}

function simulated(machine: Machine, mm: Mm, start: number, end: number): string[] {
  return Array.from({ length: end - start }, (_, i) => {
    const address = BASE + (start + i) * PAGE;
    const kind = pmdAt(machine, mm, address)?.kind ?? PMD_NONE;
    const names = new Map([
      [PMD_NONE, 'none'],
      [PMD_LEAF, 'folio'],
      [PMD_HUGE_ZERO, 'huge-zero'],
    ]);
    const pmd = names.get(kind) ?? 'table';
    const pte = pteAt(machine, mm, address) & PTE_KIND;
    if (pte === PTE_NONE || pte === PTE_ZERO) return `${pmd} ${pte === PTE_NONE ? 'none' : 'zero'}`;
    const frame = frameAt(machine, mm, address) ?? -1;
    const order = machine.frames.order[frame];
    const first = start + i - (frame - machine.frames.headOf(frame));
    return order === 0 ? `${pmd} small` : `${pmd} folio ${first}:${order}`;
  });
}

function act(machine: Machine, mm: Mm, { kind, first, end }: PageAct): void {
  const start = BASE + first * PAGE;
  const bytes = (end - first) * PAGE;
  if (kind === 'write') touch(machine, mm, start, bytes);
  else if (kind === 'read') read(machine, mm, start, bytes);
  else madviseDontneed(machine, mm, start, bytes);
}

describe('page faults of the machine', () => {
  test('leave what the rule of core says: orders, VMA edges, zero pages, page tables', () => {
    fc.assert(
      fc.property(histories, ({ orders, hugeZeroPage, edges, acts }) => {
        const [start, end] = edges.sort((a, b) => a - b);
        const set = orders.reduce((sum, order) => sum | (1 << order), 0) as OrderSet;
        const pages = new VmaPages(SMALL, { start, end }, { orders: set, hugeZeroPage });
        const machine = smallMachine(Object.fromEntries(orders.map((order) => [order as Order, 'always'])));
        machine.settings = { ...machine.settings, useZeroPage: hugeZeroPage };
        const mm = machine.createMm('process');
        mmap(machine, mm, { address: BASE + start * PAGE, bytes: (end - start) * PAGE });
        for (const { kind, first, pages: count } of acts) {
          const inside = { kind, first: Math.max(first, start), end: Math.min(first + count, end) };
          if (inside.first >= inside.end) continue;
          act(machine, mm, inside);
          if (kind === 'dontneed') pages.dontneed(inside.first, inside.end);
          else for (let page = inside.first; page < inside.end; page++) pages.touch(page, kind);
          expect(simulated(machine, mm, start, end)).toEqual(rule(pages, end));
        }
        expect(mm.rssPages).toBe(pages.present);
        expectSound(machine);
      }),
      { numRuns: 1000 },
    );
  });

  test('take zero page entries for the huge zero page where there is no memory for a write', () => {
    const machine = smallMachine({ 4: 'always' }, { nodes: [32], swapPages: 0 });
    const mm = machine.createMm('process');
    const start = mmap(machine, mm, { address: BASE, bytes: 2 * RANGE });
    read(machine, mm, start, RANGE);
    expect([mm.rssPages, machine.counters.vmstat.thp_zero_page_alloc]).toEqual([0, 1]);
    // Free blocks that hold a whole range go to somebody else.
    touch(machine, mm, start + RANGE, RANGE);
    touch(machine, mm, start, PAGE);
    expect(simulated(machine, mm, 0, 2)).toEqual(['table small', 'table zero']);
    expectSound(machine);
  });
});
