import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Geometry, geometryOfPmdOrder, pagesPerRange, x86_64 } from '../../src/core/memory/geometry.ts';
import { countPages, countWindow, type Occupancy, setPages } from '../../src/core/memory/occupancy.ts';
import type { OrderSet } from '../../src/core/memory/order.ts';
import { formatPages } from '../../src/core/memory/page-list.ts';
import { plainRange } from '../../src/core/memory/range-state.ts';
import { applyPlan } from '../../src/core/plan/apply-plan.ts';
import { collapsesOf } from '../../src/core/plan/collapses.ts';
import { planRange } from '../../src/core/plan/plan.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { type CollapsePolicy, noneLimit } from '../../src/core/rules/policy.ts';
import { attemptEach } from '../../src/core/search/algorithm.ts';
import { creepPolicy, passesOf, smallestCreep } from '../../src/verify/creep.ts';
import { creepRowCells, creepTable } from '../../src/verify/creep-table.ts';
import { rangeOf } from '../support/ranges.ts';
import { EXHAUSTIVE, slice } from '../support/slice.ts';
import { builtIn } from './algorithms.ts';

/** How often memory with these pages is collapsed, pass by pass, until nothing changes; above 1 it creeps. */
function collapsingPasses(pages: Occupancy, policy: CollapsePolicy, geometry: Geometry): number {
  return passesOf(plainRange(geometry, pages, new Uint8Array(pagesPerRange(geometry))), policy).passes;
}

const RULES = ['scaled', 'capped'] as const;

const rowsOfDocs = (name: string) =>
  readFileSync('docs/creep.md', 'utf8')
    .split(`\n## ${name}\n`)[1]
    .split('\n## ')[0]
    .split('\n')
    .filter((line) => /^\| \d/.test(line));

describe.each(RULES)('%s', (name) => {
  const table = creepTable(KERNEL_MODELS[name], x86_64);

  test('is in docs/creep.md as the lab finds it, every value of 0 to 511', () => {
    expect(rowsOfDocs(name)).toEqual(table.map((row) => `| ${creepRowCells(row).join(' | ')} |`));
    const covered = table.flatMap(({ from, to }) =>
      Array.from({ length: to - from + 1 }, (_, i) => from + i),
    );
    expect(covered).toEqual(Array.from({ length: 512 }, (_, limit) => limit));
  });

  test('creeps as the table says when a range is gone over pass by pass', () => {
    for (const { from, to, creep } of table) {
      for (const limit of new Set([from, to])) {
        const policy = creepPolicy(KERNEL_MODELS[name], x86_64, limit);
        let range = rangeOf({ present: creep ? formatPages(creep.pages) : '0-2,4', folios: [] });
        const resident: number[] = [];
        for (let pass = 0; pass < 20; pass++) {
          const plan = planRange(range, policy);
          if (collapsesOf(plan).length === 0) break;
          range = applyPlan(range, plan);
          resident.push(countPages(range.facts.present));
        }
        if (!creep) expect(resident.length).toBeLessThan(2);
        else
          expect([resident.length, resident[0], resident.at(-1)]).toEqual([
            creep.passes,
            creep.afterFirst,
            creep.afterLast,
          ]);
      }
    }
  });

  test.each([3, 4])(
    'the patterns are the smallest: at PMD order %i no smaller one creeps',
    (pmdOrder) => {
      const geometry = geometryOfPmdOrder(pmdOrder);
      let creeping = 0;
      for (let limit = 0; limit < pagesPerRange(geometry); limit++) {
        const policy = creepPolicy(KERNEL_MODELS[name], geometry, limit);
        const smallest = smallestCreep(policy, geometry);
        if (smallest) expect(collapsingPasses(smallest.pages, policy, geometry)).toBeGreaterThan(1);
        if (smallest) creeping++;
        const pages = smallest ? countPages(smallest.pages) : Number.POSITIVE_INFINITY;
        for (const bits of slice(2 ** pagesPerRange(geometry), 5)) {
          const occupied = Uint32Array.of(bits);
          if (countPages(occupied) >= pages) continue;
          if (collapsingPasses(occupied, policy, geometry) > 1)
            expect.fail(`${limit}: ${bits.toString(2)} creeps`);
        }
      }
      expect(creeping).toBeGreaterThan(0);
    },
    EXHAUSTIVE,
  );
});

/** The patterns of the table for scaled, gone over by the search that the early versions really had. */
describe('what the early versions make of them', () => {
  const model = KERNEL_MODELS.scaled;
  const rows = creepTable(model, x86_64).flatMap(({ from, to, creep }) =>
    creep ? [...new Set([from, to])].map((limit) => ({ limit, creep })) : [],
  );
  /** By the rules alone: what a failed attempt does to the LRU batch is that of 7.2. */
  const grown = (name: string, { limit, creep }: (typeof rows)[number]) => {
    const policy = creepPolicy(model, x86_64, limit);
    const pages = creep.pages.slice();
    const resident: number[] = [];
    for (;;) {
      const before = countPages(pages);
      const range = { geometry: x86_64, occupied: pages.slice(), unmapped: 0, uffdArmed: false };
      const folios: number[] = [];
      const attempt = attemptEach((offset, order) => {
        const holes = (1 << order) - countWindow(pages, offset, order);
        if (holes > noneLimit(policy, order, x86_64)) return 'SCAN_EXCEED_NONE_PTE';
        if (holes > 0) folios.push(offset);
        setPages(pages, offset, 1 << order);
        return 'SCAN_SUCCEED';
      });
      builtIn(name).algorithm.collapse(range, policy, attempt);
      if (folios.length === 0) return { grew: resident.length, first: resident[0], last: before };
      resident.push(countPages(pages));
    }
  };

  test('with sizes that are not always: up to 255 they grow once at most, above it to 2M', () => {
    expect(rows.filter(({ limit }) => limit <= 255).length).toBeGreaterThan(10);
    for (const row of rows) {
      const { grew, last } = grown('chunks', row);
      if (row.limit <= 255) expect(grew, String(row.limit)).toBeLessThan(2);
      else expect(last, String(row.limit)).toBe(512);
    }
  });

  test('with sizes that are always: as far as under the scaled limit', () => {
    for (const row of rows) {
      const { last } = grown('chunks-always', row);
      expect(last, String(row.limit)).toBe(row.creep.afterLast);
    }
  });
});

test('under the rule of 7.2 nothing creeps: no limit at PMD order 9, no pattern and set of orders at 3', () => {
  const model = KERNEL_MODELS['linux-7.2'];
  expect(creepTable(model, x86_64)).toEqual([{ from: 0, to: 511, creep: undefined }]);
  const geometry = geometryOfPmdOrder(3);
  for (let limit = 0; limit < 8; limit++) {
    for (let orders = 0; orders < 16; orders += 4) {
      const policy = { ...creepPolicy(model, geometry, limit), orders: orders as OrderSet };
      for (let bits = 1; bits < 256; bits++) {
        expect(collapsingPasses(Uint32Array.of(bits), policy, geometry)).toBeLessThan(2);
      }
    }
  }
});
