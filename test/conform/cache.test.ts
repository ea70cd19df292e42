import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cacheRequest } from '../../src/conform/cache/batch.ts';
import { compareCacheReport } from '../../src/conform/cache/conformance.ts';
import { CACHE_RULES } from '../../src/conform/cache/expected.ts';
import { rangesOfCacheBatch } from '../../src/conform/cache/report.ts';
import { cacheBatches } from '../../src/conform/cache/suite.ts';
import type { Guest } from '../../src/conform/guest/guest.ts';
import { CACHE_SUITES } from '../../src/conform/suite-names.ts';
import { runSuite } from '../../src/conform/suite-run.ts';
import { succeed } from '../../src/core/base/failure.ts';
import { randomFrom } from '../../src/core/base/random.ts';
import { valueOf } from '../support/ranges.ts';
import { parseCacheRequest, readCacheCorpus } from './cache-corpus.ts';
import { KERNEL } from './fake-guest.ts';
import { MODEL_OF } from './mutants.ts';
import { WRONG_CACHE_RULES } from './wrong-cache-rules.ts';

const recorded = (['7.2', '7.3'] as const).map((series) => ({ series, answers: readCacheCorpus(series) }));

describe.each(recorded)('shared memory and files of a real Linux $series', ({ series, answers }) => {
  test.each(CACHE_SUITES)('of the suite %s become what the rules say', (suite) => {
    const batches = answers.filter((each) => each.suite === suite);
    const ranges = batches.reduce((sum, { batch }) => sum + rangesOfCacheBatch(batch), 0);
    expect(ranges).toBeGreaterThanOrEqual(300);
    for (const { batch, report } of batches)
      expect(compareCacheReport(batch, report, MODEL_OF[series])).toEqual([]);
  });
});

// Both kernels were recorded to do the same.
test.each(Object.entries(WRONG_CACHE_RULES))('a wrong rule is found: %s', (_, wrong) => {
  const rules = { ...CACHE_RULES, ...wrong };
  const found = recorded.some(({ series, answers }) =>
    answers.some(
      ({ batch, report }) => compareCacheReport(batch, report, MODEL_OF[series], rules).length > 0,
    ),
  );
  expect(found).toBe(true);
});

test('docs/fidelity.md lists the wrong rules', () => {
  const listed = readFileSync('docs/fidelity.md', 'utf8')
    .split('### Shared memory and files')[1]
    .split('\n### ')[0];
  for (const name of Object.keys(WRONG_CACHE_RULES)) expect(listed.replace(/\s+/g, ' ')).toContain(name);
});

test('a batch is read as it was written', () => {
  for (const suite of CACHE_SUITES)
    for (const batch of cacheBatches(suite, 300, randomFrom(1)))
      expect(parseCacheRequest(cacheRequest(batch))).toEqual(batch);
});

/** A guest that answers the batches of a recording as it was recorded. */
function recordedGuest(spoil: (answer: string[]) => string[]): Guest {
  const [batch] = cacheBatches('shared', 1, randomFrom(1));
  const before = Array.from({ length: rangesOfCacheBatch(batch) }, () => `${'.'.repeat(512)} 0 0`);
  const answer = [...before, ...before, ...before.map(() => '0 '), 'done thread=1 pages_collapsed=0'];
  return {
    features: new Set(),
    ask: async () => succeed(spoil(answer)),
    stop: async () => {},
  };
}

describe('a suite of the page cache', () => {
  const run = (guest: Guest, suite: 'shared' | 'files') =>
    runSuite(guest, KERNEL, suite, { ranges: 1, seed: 1 }, () => {});

  test('that differs each time has a lasting difference, as small as it could be made', async () => {
    const guest = recordedGuest((answer) => answer.with(1, `${'9'.repeat(512)} 0 0`));
    const { lasting, agree, of, differences } = valueOf(await run(guest, 'shared'));
    expect({ lasting, agree, of }).toEqual({ lasting: 1, agree: 0, of: 1 });
    expect(differences[0].request).toHaveLength(2);
  });

  test('of files needs a disk', async () => {
    const run1 = await run(
      recordedGuest((answer) => answer),
      'files',
    );
    expect(run1).toMatchObject({ ok: false, failure: { kind: 'unsupported' } });
  });

  test('does not take a khugepaged that stands still for agreement', async () => {
    const guest = recordedGuest((answer) => answer.with(-1, 'timeout thread=1 pages_collapsed=0'));
    expect(await run(guest, 'shared')).toMatchObject({ ok: false, failure: { kind: 'unreadable' } });
  });
});
