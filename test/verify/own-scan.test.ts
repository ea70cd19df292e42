import { describe, expect, test } from 'vitest';
import { explainRange } from '../../src/analysis/prediction/explanation.ts';
import { planRange } from '../../src/core/plan/plan.ts';
import { rounds } from '../../src/core/search/rounds/rounds.ts';
import { scanLines } from '../../src/render/words/explain/explain-lines.ts';
import type { AlgorithmKit, ModuleAlgorithm } from '../../src/verify/algorithm-kit.ts';
import { checkedAlgorithmOf } from '../../src/verify/checked-algorithm.ts';
import { guarded } from '../../src/verify/guarded-algorithm.ts';
import { moduleAlgorithm } from '../../src/verify/module-algorithm.ts';
import { policyOf, rangeOf } from '../support/ranges.ts';

const LOCKED = rangeOf({ present: 'all', locked: '37' });
const POLICY = policyOf({ orders: '2-9', maxPtesNone: 0 });

/** The windows that a search attempts in a range with one locked page, and the result of the range. */
function planned(search: Parameters<typeof checkedAlgorithmOf>[0], policy = POLICY) {
  const { algorithm } = guarded(checkedAlgorithmOf(search));
  const { scan, attempts, result } = planRange(LOCKED, policy, { algorithm });
  return { scan, result, windows: attempts.map(({ offset, order }) => `${offset}:${order}`).join(' ') };
}

/** The walk with a scan of its own. */
function withScan(scan: (kit: AlgorithmKit) => ModuleAlgorithm['scan']) {
  const made = moduleAlgorithm(
    'mine',
    (kit: AlgorithmKit): ModuleAlgorithm => ({
      scan: scan(kit),
      collapse(range, _, attempt) {
        if (range.pmdRefusal) return range.pmdRefusal;
        attempt([{ offset: kit.asOffset(0), order: kit.asOrder(2) }]);
        return 'SCAN_SUCCEED';
      },
    }),
  );
  if (!made) throw new Error('no algorithm');
  return made;
}

describe('the scan of a search', () => {
  test('of rounds: a locked page costs the PMD order, the others go on around it', () => {
    expect(planRange(LOCKED, POLICY).result).toBe('SCAN_PAGE_LOCK');
    const { scan, windows } = planned(rounds);
    expect(scan).toMatchObject({ result: 'SCAN_SUCCEED', pmdRefusal: 'SCAN_PAGE_LOCK', looked: 512 });
    expect(windows).toBe('0:5 32:2 40:3 48:4 64:6 128:7 256:8');
  });

  test('of rounds, where nothing but the PMD order is enabled: its reason is the result', () => {
    const { result, windows } = planned(rounds, policyOf({ orders: '9', maxPtesNone: 0 }));
    expect({ result, windows }).toEqual({ result: 'SCAN_PAGE_LOCK', windows: '' });
  });

  test('is said where a range is explained', () => {
    const lines = scanLines(explainRange(LOCKED, POLICY, { algorithm: rounds, outcomes: [] })).map(
      ({ text }) => text,
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^not at the PMD size: SCAN_PAGE_LOCK, .*; smaller sizes go on$/),
    );
  });

  test('of a module: what it leaves out the search does not see', () => {
    const blind = withScan((kit) => (range, policy) => ({
      ...kit.scanRange({ ...range, facts: { ...range.facts, locked: undefined } }, policy),
    }));
    expect(planned(blind).windows).toBe('0:2');
    const refusing = withScan((kit) => (range, policy) => ({
      ...kit.scanRange({ ...range, facts: { ...range.facts, locked: undefined } }, policy),
      pmdRefusal: 'SCAN_PAGE_LRU',
    }));
    expect(planned(refusing)).toMatchObject({ result: 'SCAN_PAGE_LRU', windows: '' });
  });

  test('of a module that writes to what it is given harms nobody', () => {
    const writing = withScan((kit) => (range, policy) => {
      range.facts.locked?.fill(0);
      return kit.scanRange(range, policy);
    });
    expect(planned(writing).windows).toBe('0:2');
    expect(planRange(LOCKED, POLICY).result).toBe('SCAN_PAGE_LOCK');
  });

  test.each([
    ['nothing', () => undefined],
    ['no result', (report: object) => ({ ...report, result: 'fine' })],
    ['a bitmap of another length', (report: object) => ({ ...report, occupied: new Uint32Array(3) })],
    ['counts that are none', (report: object) => ({ ...report, unmapped: -1 })],
    ['no reason against the PMD order', (report: object) => ({ ...report, pmdRefusal: 7 })],
  ])('of a module that returns %s is named', (_, change) => {
    const junk = withScan((kit) => (range, policy) => change(kit.scanRange(range, policy)) as never);
    expect(() => planned(junk)).toThrow(
      'mine has a scan that returns no report; change the one that scanRange of the kit makes',
    );
  });
});
