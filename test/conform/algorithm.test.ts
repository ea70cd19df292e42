import { describe, expect, test } from 'vitest';
import { parseRequest } from '../../src/conform/corpus.ts';
import { compareDaemonReport } from '../../src/conform/daemon/daemon-conformance.ts';
import type { Guest } from '../../src/conform/guest/guest.ts';
import { leastPasses, type ProbeBatch } from '../../src/conform/probe/probe-batch.ts';
import { expectBatch } from '../../src/conform/ranges/expected.ts';
import { runSuite } from '../../src/conform/suite-run.ts';
import { succeed } from '../../src/core/base/failure.ts';
import type { CollapseAlgorithm } from '../../src/core/search/algorithm.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import { recursive } from '../../src/core/search/recursive.ts';
import { valueOf } from '../support/ranges.ts';
import { readCorpus } from './corpus-file.ts';
import { KERNEL } from './fake-guest.ts';

/** A guest whose kernel does this search. */
function guestOf(algorithm: CollapseAlgorithm): Guest {
  return {
    features: new Set(['swap', 'uffd']),
    ask: async (lines) => {
      const batch = parseRequest([...lines]);
      if (!batch) throw new Error('the guest is asked about half a batch');
      return succeed(answerOf(batch, algorithm));
    },
    stop: async () => {},
  };
}

function answerOf(batch: ProbeBatch, algorithm: CollapseAlgorithm): string[] {
  const report = expectBatch(batch, leastPasses(batch), { model: KERNEL.model, algorithm });
  const { pages, passes, counters, errnos } = report;
  const done = batch.call === 'madvise' ? `done errno=${errnos} ${counters}` : `done ${counters}`;
  return [...pages, ...passes.map((each) => each.join(';')), done];
}

/** The walk that attempts nothing below order 4. */
const coarse: CollapseAlgorithm = {
  name: 'coarse',
  collapse: (range, policy, attempt, observe) =>
    ALGORITHMS.walk.collapse(
      range,
      policy,
      (batch) => batch.map((window) => (window.order < 4 ? 'SCAN_PAGE_COUNT' : attempt([window])[0])),
      observe,
    ),
};

const judge = async (guest: Guest, suite: 'plain' | 'mixed' | 'selftest', algorithm?: CollapseAlgorithm) =>
  valueOf(await runSuite(guest, KERNEL, suite, { ranges: 80, seed: 1, algorithm }, () => {}));

describe('an algorithm in place of the search of the model', () => {
  test.each(['plain', 'mixed', 'selftest'] as const)('that is right agrees: %s', async (suite) => {
    const count = await judge(guestOf(ALGORITHMS.walk), suite, recursive);
    expect(count).toMatchObject({ agree: count.of, passing: 0, lasting: 0 });
  });

  test('that is wrong differs, with the smallest range', async () => {
    const { lasting, differences } = await judge(guestOf(ALGORITHMS.walk), 'plain', coarse);
    expect(lasting).toBeGreaterThan(0);
    const [smallest] = differences;
    expect(smallest.request).toHaveLength(2);
    expect(smallest.real).toMatch(/[23] succeeded/);
    expect(smallest.model).not.toMatch(/[23] succeeded/);
  });

  test('agrees with a kernel that does the same, and the model differs', async () => {
    expect(await judge(guestOf(coarse), 'plain', coarse)).toMatchObject({ lasting: 0 });
    expect((await judge(guestOf(coarse), 'plain')).lasting).toBeGreaterThan(0);
  });

  test('judges what recorded daemons did, too', () => {
    const { daemons } = readCorpus('7.3');
    const differing = (algorithm: CollapseAlgorithm) =>
      daemons.filter(({ daemon, layout, report }) =>
        compareDaemonReport(daemon, layout, report, { model: KERNEL.model, algorithm }),
      ).length;
    expect(differing(recursive)).toBe(0);
    expect(differing(coarse)).toBeGreaterThan(0);
  });
});
