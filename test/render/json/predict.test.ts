import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ZEN } from '../../support/reach.ts';
import '../../support/seed.ts';
import { predictMemory } from '../../../src/analysis/prediction/prediction.ts';
import { geometryOfPmdOrder } from '../../../src/core/memory/geometry.ts';
import { collapsePolicy } from '../../../src/core/rules/policy.ts';
import { enabledOrders } from '../../../src/core/rules/thp-settings.ts';
import { explainJson } from '../../../src/render/json/explain.ts';
import { planJson, predictHead, predictTail, rangeJson } from '../../../src/render/json/predict.ts';
import { runPolicies, streams } from '../../analysis/arbitraries.ts';
import {
  knownRanges,
  predictItems,
  processItem,
  runPolicyOf,
  streamOf,
  vmaItem,
} from '../../analysis/streams.ts';
import { policyOf } from '../../support/ranges.ts';
import { expectSchema } from '../../support/schemas.ts';
import { explanations } from '../explanations.ts';

test('head, ranges and tail of a prediction conform to its schema', async () => {
  const cases = fc
    .constantFrom(4, 9, 13)
    .map(geometryOfPmdOrder)
    .chain((geometry) =>
      fc.record({
        geometry: fc.constant(geometry),
        runPolicy: runPolicies(geometry),
        items: streams(geometry),
        skipped: fc.constantFrom([], [{ pid: 7, failure: { kind: 'permission', message: 'no' } as const }]),
      }),
    );
  await fc.assert(
    fc.asyncProperty(cases, async ({ geometry, runPolicy, items, skipped }) => {
      const { settings, model, algorithm } = runPolicy;
      const orders = enabledOrders(settings, true, geometry);
      const policy = { ...collapsePolicy(orders, settings, model, geometry), algorithm };
      const ranges: object[] = [];
      const all = [...items, ...skipped.map((each) => ({ kind: 'skipped' as const, ...each }))];
      const prediction = await predictMemory(streamOf(all), geometry, runPolicy, {
        onVerdict: ({ pid }, { range, plan, policy: own }) => {
          if (plan) ranges.push({ pid, ...rangeJson(range, plan, own, policy.orders) });
        },
      });
      expectSchema('predict', { ...predictHead(policy), ranges, ...predictTail(prediction, policy, ZEN) });
    }),
    { numRuns: 40 },
  );
});

test('plans and explanations conform to their schemas', () => {
  fc.assert(
    fc.property(explanations, (explanation) => {
      expectSchema('explain', explainJson(explanation));
      expectSchema('range-answer', { id: 'a', ...planJson(explanation.plan, explanation.policy) });
    }),
    { numRuns: 40 },
  );
});

test('failed attempts and refusals are spelled as the kernel of the model spells them', async () => {
  const items = [processItem(1), vmaItem(), knownRanges([{ present: 'all' }])];
  for (const [model, name] of [
    ['linux-7.2', 'SCAN_PTE_UFFD_WP'],
    ['linux-7.3', 'SCAN_PTE_UFFD'],
  ] as const) {
    const ask = { model, orders: '9', outcomes: ['9=SCAN_PTE_UFFD'] };
    const prediction = await predictItems(items, ask);
    expect(runPolicyOf(ask).model.name).toBe(model);
    const refused = { [name]: { ranges: 1, pages: 512 } };
    const own = { refused, cost: { failedAttempts: { [name]: 1 } } };
    const policy = { ...policyOf({ model }), algorithm: runPolicyOf(ask).algorithm };
    expect(predictTail(prediction, policy, ZEN)).toMatchObject({
      ...own,
      processes: [{ ...own, vmas: [own] }],
    });
  }
});
