import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../support/seed.ts';
import { type OrderSet, ordersOf } from '../../src/core/memory/order.ts';
import { planRange } from '../../src/core/plan/plan.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import { collapsePolicy } from '../../src/core/rules/policy.ts';
import { enabledOrders } from '../../src/core/rules/thp-settings.ts';
import { pmdAt } from '../../src/machine/page-tables/lookup.ts';
import { viewRange } from '../../src/machine/page-tables/range-view.ts';
import { type Contents, populate } from './populate.ts';
import { SECOND, World } from './world.ts';

const GEOMETRY = { pageShift: 12, pmdOrder: 5 };

/** One kind for each page, so that lists do not overlap; most pages are plain. */
const kinds = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.constant('present') },
    { weight: 4, arbitrary: fc.constant('none') },
    { weight: 1, arbitrary: fc.constantFrom('zero', 'swap', 'shared', 'unreferenced') },
  ),
  { minLength: 32, maxLength: 32 },
);

const cases = fc.record({
  kinds,
  bad: fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('pinned', 'lazyfree', 'protected', 'guard'),
        page: fc.nat(31),
      }),
    },
  ),
  folio: fc.option(fc.record({ order: fc.integer({ min: 2, max: 4 }), at: fc.nat(31) })),
  uffdArmed: fc.boolean(),
  orders: fc.integer({ min: 1, max: 15 }),
  none: fc.constantFrom(0, 31, 5, 16),
  swap: fc.nat(31),
  shared: fc.nat(31),
  model: fc.constantFrom<KernelModelName>('linux-7.2', 'linux-7.3', 'linux-6.18', 'v18'),
});

type Drawn = typeof cases extends fc.Arbitrary<infer T> ? T : never;

function contentsOf({ kinds: pages, bad, folio, uffdArmed }: Drawn) {
  const lists: Record<string, string[]> = {};
  const add = (kind: string, page: number) => (lists[kind] ??= []).push(`${page}`);
  const first = folio ? folio.at & ~((1 << folio.order) - 1) : -1;
  pages.forEach((kind, page) => {
    if (folio && page >= first && page < first + (1 << folio.order)) return;
    if (bad?.page === page) {
      if (bad.kind !== 'guard') add('present', page);
      add(bad.kind, page);
    } else if (kind !== 'none') {
      add(kind, page);
      if (kind === 'unreferenced') add('present', page);
    }
  });
  const text = (kind: string) => lists[kind]?.join(',');
  const contents: Contents = {
    present: text('present'),
    zero: text('zero'),
    swap: text('swap'),
    guard: text('guard'),
    shared: text('shared'),
    pinned: text('pinned'),
    lazyfree: text('lazyfree'),
    unreferenced: text('unreferenced'),
    protected: text('protected'),
    folios: folio ? [`${folio.order}@${first}`] : [],
    uffdArmed,
  };
  return contents;
}

test('the daemon does to a range what core predicts from its state', () => {
  fc.assert(
    fc.property(cases, (drawn: Drawn) => {
      const { none, swap, shared, model } = drawn;
      const sizes = Object.fromEntries(
        ordersOf((drawn.orders << 2) as OrderSet).map((order) => [order, 'always' as const]),
      );
      const limits = { maxPtesNone: none, maxPtesSwap: swap, maxPtesShared: shared };
      const world = new World({ geometry: GEOMETRY, sizes, limits, model, nodes: [1024] });
      const { mm, start } = populate(world, contentsOf(drawn));
      if (world.machine.settings.sizes.size === 0 || !world.daemon.list.has(mm)) return;
      const area = mm.areas.at(start)!;
      const pmd = pmdAt(world.machine, mm, start);
      if (!pmd) return;
      const view = viewRange(world.machine, area, pmd);
      const orders = enabledOrders(world.machine.settings, false, GEOMETRY);
      const policy = collapsePolicy(orders, limits, KERNEL_MODELS[model], GEOMETRY);
      const plan = planRange(view.state, policy);

      world.run(SECOND / 10);
      world.expectSound();
      const first = world.events.findIndex(
        ({ event }) => event.event === 'mm_khugepaged_scan_pmd' && event.mm === mm.id,
      );
      const event = world.events[first].event;
      expect('result' in event && event.result).toBe(plan.result);
      const attempts = world.events
        .slice(0, first)
        .flatMap(({ event: e }) =>
          e.event === 'mm_collapse_huge_page' && e.mm === mm.id
            ? [`${(e.address - start) / 4096}:${e.order} ${e.result}`]
            : [],
        );
      expect(attempts).toEqual(
        plan.attempts.map(({ offset, order, result }) => `${offset}:${order} ${result}`),
      );
    }),
    { numRuns: 400 },
  );
});
