import { expect, test } from 'vitest';
import type { Guest } from '../../src/conform/guest.ts';
import { runSuite } from '../../src/conform/suite-run.ts';
import { succeed } from '../../src/core/base/failure.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';

const KERNEL = { name: '7.2', version: '7.2.0', path: '', modules: [], model: KERNEL_MODELS['linux-7.2'] };

/** A guest whose khugepaged never goes round. */
function idleGuest(): Guest & { asked: number } {
  return {
    asked: 0,
    features: new Set(['swap', 'uffd']),
    async ask() {
      this.asked++;
      return succeed(['timeout full_scans=0 pages_collapsed=0']);
    },
    async stop() {},
  };
}

test.each([
  ['plain', 1],
  ['daemon', 2],
] as const)('a khugepaged that stands still is never agreement: %s', async (suite, asked) => {
  const guest = idleGuest();
  const run = await runSuite(guest, KERNEL, suite, 1, 1, () => {});
  expect(run).toMatchObject({ ok: false, failure: { kind: 'unreadable' } });
  expect(run.ok ? '' : run.failure.message).toMatch(/^khugepaged did not go round in time/);
  expect(guest.asked).toBe(asked);
});
