import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Adviser } from '../../src/analysis/advice/advise.ts';
import {
  countedEntries,
  countedGrowth,
  keepsBudget,
  losesNoReach,
  measuresOf,
  type PolicyBudget,
} from '../../src/analysis/advice/choose-policy.ts';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import {
  type MemoryDigest,
  type SourceDigest,
  totalDigest,
} from '../../src/analysis/digest/memory-digest.ts';
import { memoryTlbEntries, policyWorthOf } from '../../src/analysis/digest/policy-worth.ts';
import {
  type MemorySweep,
  planByService,
  type ServicePlan,
} from '../../src/analysis/services/service-plan.ts';
import { policyAt, policyCount } from '../../src/analysis/sweep/sweep.ts';
import { adviceSpace } from '../../src/analysis/sweep/sweep-space.ts';
import { settingsFor } from '../../src/analysis/sweep/sysfs-writes.ts';
import { type Geometry, geometryOfPmdOrder, rangeBytes } from '../../src/core/memory/geometry.ts';
import { anonOrders, asOrder, ordersOf } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS, type KernelModel } from '../../src/core/rules/kernel-model.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { SIZE_WORDS, TOP_LEVEL_WORDS } from '../../src/core/rules/settings-words.ts';
import type { ThpSettings } from '../../src/core/rules/thp-settings.ts';
import { sweepAll } from '../support/sweep-all.ts';
import '../support/seed.ts';
import { rangeOf } from '../support/ranges.ts';
import { streams } from './arbitraries.ts';
import { knownRanges, processItem, rangesItem, vmaItem } from './streams.ts';

const NEWEST: KernelModel = KERNEL_MODELS['linux-7.3'];
const REACH = 4;

function digestOf(items: readonly MemoryItem[], geometry: Geometry, settings: ThpSettings): SourceDigest {
  const collector = new DigestCollector(geometry, REACH);
  for (const item of items) collector.add(item);
  return {
    host: { kernelRelease: '7.3.4', time: '2026-01-01T00:00:00Z', geometry, settings },
    reach: { pages: REACH, cpu: 'a CPU', certainty: 'asked', source: '' },
    processes: collector.finish(),
    skipped: [],
    notes: [],
  };
}

function sweepOf(memory: MemoryDigest, settings: ThpSettings, model = NEWEST): MemorySweep {
  const space = adviceSpace(memory, model, ['always'], settings);
  const values = sweepAll(memory, space);
  return { space, values };
}

/** The plan for a source, with the advice that has no exceptions. */
async function planFor(source: SourceDigest, budget: PolicyBudget, systemd = 260, model = NEWEST) {
  const { settings, kernelRelease } = source.host;
  if (!settings) throw new Error('settings are drawn');
  const memory = totalDigest(source);
  const { space, values } = sweepOf(memory, settings, model);
  const advice = new Adviser({ source, memory, model, base: settings, space, values }).advise(budget);
  const manager = { kernelRelease, systemd };
  const plan = await planByService(
    { source, memory, model, base: settings, space, values, budget, advice, manager },
    async (rest) => sweepOf(rest, settings, model),
  );
  return { plan, advice, memory, space };
}

const measuresOfPlan = ({ tlbEntries, restartTlbEntries, growth, laterAttempts }: ServicePlan) => ({
  tlbEntries,
  restartTlbEntries,
  growthPages: growth.now,
  restartGrowthPages: growth.restart,
  laterAttempts,
});

/** Up to five services: memory in one piece, or a few pages here and there. */
function hosts(geometry: Geometry): fc.Arbitrary<MemoryItem[]> {
  const pages = 2 ** geometry.pmdOrder;
  const dense = fc.constant(`0-${pages - 1}`);
  const sparse = fc
    .uniqueArray(fc.nat({ max: pages - 1 }), { minLength: 1, maxLength: pages / 2 })
    .map((list) => list.sort((a, b) => a - b).join(','));
  const service = fc.oneof(
    fc.array(dense, { minLength: 1, maxLength: 8 }),
    fc.array(fc.oneof(dense, sparse), { minLength: 1, maxLength: 8 }),
    fc.array(sparse, { minLength: 1, maxLength: 8 }),
  );
  return fc.array(service, { minLength: 2, maxLength: 5 }).map((services) =>
    services.flatMap((ranges, at) => {
      const start = at * 2 ** 24;
      const bytes = ranges.length * rangeBytes(geometry);
      return [
        processItem(at + 1, { cgroup: `/system.slice/s${at}.service` }),
        vmaItem({ start, end: start + bytes }),
        rangesItem(
          ...ranges.map((present, i) =>
            rangeOf({ present, address: start + i * rangeBytes(geometry), pmdOrder: geometry.pmdOrder }),
          ),
        ),
      ];
    }),
  );
}

function questions(geometry: Geometry) {
  const orders = ordersOf(anonOrders(geometry));
  const largest = 2 ** geometry.pmdOrder - 1;
  return fc
    .record({
      items: fc.oneof({ weight: 4, arbitrary: hosts(geometry) }, streams(geometry)),
      settings: fc.record({
        enabled: fc.constantFrom(...TOP_LEVEL_WORDS),
        sizes: fc
          .array(fc.constantFrom(...SIZE_WORDS), { minLength: orders.length, maxLength: orders.length })
          .map((words) => new Map(words.map((word, i) => [orders[i], word])))
          .chain((sizes) => fc.constantFrom(sizes, new Map())),
        maxPtesNone: fc.constantFrom(0, largest >>> 1, largest),
        maxPtesSwap: fc.constant(largest >>> 3),
        maxPtesShared: fc.constant(largest >>> 1),
      }),
      growth: fc.constantFrom('now' as const, 'restart' as const, 'both' as const),
      share: fc.constantFrom(0, 0.05, 0.1, 0.3),
      laterAttempts: fc.constantFrom(undefined, 3),
      within: fc.constantFrom(0, 0.01),
    })
    .map(({ items, settings, growth, share, laterAttempts, within }) => {
      const source = digestOf(items, geometry, settings);
      const pages = totalDigest(source).residentPages * share;
      return { source, budget: { growth, growthPages: Math.floor(pages), laterAttempts, within } };
    });
}

describe('a plan by service', () => {
  test.each([3, 4])(
    'keeps the budget, and no settings with the same exceptions need fewer entries, at PMD order %i',
    async (pmdOrder) => {
      const geometry = geometryOfPmdOrder(pmdOrder);
      let exceptions = 0;
      await fc.assert(
        fc.asyncProperty(questions(geometry), async ({ source, budget }) => {
          const { plan, advice, memory, space } = await planFor(source, budget);
          const known = source.host.settings;
          if (!known) throw new Error('settings are drawn');
          const measures = measuresOfPlan(plan);
          const entries = countedEntries(measures, budget.growth);
          const plain = measuresOf(advice.advised.worth);
          const out = plan.services.filter(({ optOut }) => optOut);
          // Services are all of the memory.
          expect(plan.services.reduce((sum, { service }) => sum + service.processes.length, 0)).toBe(
            source.processes.length,
          );
          // Exceptions cost entries only where the budget is broken without them.
          const plainKeeps = !advice.leave || advice.inForce?.keepsBudget === true;
          if (plainKeeps) expect(entries).toBeLessThanOrEqual(countedEntries(plain, budget.growth) + 1e-6);
          expect(plan.keepsBudget).toBe(plainKeeps || out.length > 0);
          if (out.length === 0) return;
          exceptions++;
          expect(keepsBudget(measures, budget)).toBe(true);
          if (advice.inForce?.keepsBudget)
            expect(losesNoReach(measures, measuresOf(advice.inForce.worth), budget.growth)).toBe(true);
          // All policies for those that stay.
          const staying = new Set(
            plan.services.filter(({ optOut }) => !optOut).map(({ service }) => service.name),
          );
          const rest = plan.services.filter(({ service }) => staying.has(service.name));
          const restSource = { ...source, processes: rest.flatMap(({ service }) => service.processes) };
          const query = new DigestQuery(totalDigest(restSource));
          const inForce = measuresOf(policyWorthOf(query, known, NEWEST));
          const own = measuresOf(policyWorthOf(query, plan.settings, NEWEST));
          const tolerated = 2 * budget.within * memoryTlbEntries(memory) + 1e-6;
          for (let index = 0; index < policyCount(space); index++) {
            const policy = policyAt(space, index);
            const other = measuresOf(policyWorthOf(query, settingsFor(known, policy, geometry), NEWEST));
            const allowed =
              keepsBudget(other, budget) &&
              !(keepsBudget(inForce, budget) && !losesNoReach(other, inForce, budget.growth));
            // Sizes are for those that opt out by madvise, too: such plans are compared in part only.
            if (!allowed || out.some(({ optOut }) => optOut?.word === 'madvise')) continue;
            expect(countedEntries(own, budget.growth)).toBeLessThanOrEqual(
              countedEntries(other, budget.growth) + tolerated,
            );
          }
        }),
        { numRuns: 300 },
      );
      expect(exceptions).toBeGreaterThan(0);
    },
    120_000,
  );
});

const DEFAULT: ThpSettings = {
  enabled: 'madvise',
  sizes: new Map([[asOrder(9), 'inherit']]),
  maxPtesNone: 511,
  maxPtesSwap: 64,
  maxPtesShared: 256,
};
const SCATTERED = Array.from({ length: 64 }, (_, i) => 8 * i).join(',');

/** A service whose memory is whole, and one whose memory lies scattered. */
function twoServices(more: Partial<Parameters<typeof processItem>[1]> = {}): MemoryItem[] {
  return [
    processItem(1, { command: 'java', cgroup: '/system.slice/app.service' }),
    vmaItem(),
    knownRanges(Array.from({ length: 40 }, () => ({ present: 'all' }))),
    processItem(2, { command: 'redis-server', cgroup: '/system.slice/redis.service', ...more }),
    vmaItem({ start: 2 ** 32, end: 2 ** 32 + 2 ** 30 }),
    knownRanges(
      Array.from({ length: 16 }, () => ({ present: SCATTERED })),
      2 ** 32,
    ),
  ];
}

const FIVE_PERCENT = { growth: 'both', laterAttempts: undefined, within: 0.01 } as const;

function planOf(items: readonly MemoryItem[], systemd = 260) {
  const source = digestOf(items, geometryOfPmdOrder(9), DEFAULT);
  const growthPages = Math.floor(totalDigest(source).residentPages * 0.05);
  return planFor(source, { ...FIVE_PERCENT, growthPages }, systemd);
}

const outOf = ({ services }: ServicePlan) =>
  services.flatMap(({ service, optOut }) => (optOut ? [[service.name, optOut.word]] : []));

describe('one service that would grow out of the budget', () => {
  test('opts out, so that the other gets its huge pages', async () => {
    const { plan, advice } = await planOf(twoServices());
    expect(outOf(plan)).toEqual([['redis.service', 'disable']]);
    expect(plan.settings.sizes.get(asOrder(9))).toBe('always');
    expect(plan.restartTlbEntries).toBeLessThan(advice.advised.worth.restart?.tlbEntries ?? 0);
    expect(plan.growth).toEqual({ now: 0, restart: 0 });
  });

  test.each([
    ['systemd is too old', twoServices(), 252],
    ['it runs in a container', twoServices({ cgroup: `/system.slice/docker-${'4'.repeat(64)}.scope` }), 260],
    ['it runs in a scope', twoServices({ cgroup: '/user.slice/user-1.slice/session-3.scope' }), 260],
  ])('does not where no drop-in reaches it: %s', async (_, items, systemd) => {
    const { plan, advice } = await planOf(items, systemd);
    expect(outOf(plan)).toEqual([]);
    expect(plan.settings).toEqual(advice.advised.settings);
  });

  test('opts out of settings in force that break the budget, which cost the others nothing', async () => {
    const inForce: ThpSettings = { ...DEFAULT, enabled: 'always' };
    const source = digestOf(twoServices(), geometryOfPmdOrder(9), inForce);
    const { plan, advice } = await planFor(source, { ...FIVE_PERCENT, growthPages: 1000 });
    expect(advice).toMatchObject({ leave: true, inForce: { keepsBudget: false } });
    expect(outOf(plan)).toEqual([['redis.service', 'disable']]);
    expect(plan).toMatchObject({ keepsBudget: true, growth: { now: 0, restart: 0 } });
    expect(plan.settings).toEqual(inForce);
  });

  test('that no drop-in reaches leaves the budget broken, and the plan says so', async () => {
    const items = twoServices({ cgroup: '/process_api/7' });
    const source = digestOf(items, geometryOfPmdOrder(9), { ...DEFAULT, enabled: 'always' });
    const { plan } = await planFor(source, { ...FIVE_PERCENT, growthPages: 1000 });
    expect(outOf(plan)).toEqual([]);
    expect(plan.keepsBudget).toBe(false);
    expect(plan.growth.now).toBeGreaterThan(1000);
  });

  test('keeps what it asked for where that is within its part', async () => {
    const items = [...twoServices(), vmaItem({ start: 2 ** 33, end: 2 ** 33 + 2 ** 21, flags: ['hg'] })];
    items.push(knownRanges([{ present: 'all' }], 2 ** 33));
    expect(outOf((await planOf(items)).plan)).toEqual([['redis.service', 'madvise']]);
  });

  test('opts out whatever the budget where its control group has no room', async () => {
    const memoryGroups = [{ path: '/system.slice/redis.service', limitBytes: 2 ** 23, usedBytes: 2 ** 22 }];
    const source = digestOf(twoServices({ memoryGroups }), geometryOfPmdOrder(9), DEFAULT);
    // A kernel with few policies: each that has no room is asked for.
    const { plan } = await planFor(
      source,
      { ...FIVE_PERCENT, growthPages: 100_000 },
      260,
      KERNEL_MODELS['linux-6.6'],
    );
    expect(outOf(plan)).toEqual([['redis.service', 'disable']]);
    expect(plan.services.find(({ optOut }) => optOut)?.hasNoRoom).toBe(true);
  });

  test('grows within a budget that is large enough', async () => {
    const source = digestOf(twoServices(), geometryOfPmdOrder(9), DEFAULT);
    const { plan } = await planFor(source, { ...FIVE_PERCENT, growthPages: 100_000 });
    expect(outOf(plan)).toEqual([]);
    expect(countedGrowth(measuresOfPlan(plan), 'both')).toBeGreaterThan(0);
  });
});
