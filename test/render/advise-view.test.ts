import { expect, test } from 'vitest';
import { type Advice, type JudgedSettings, ordersEnabledBy } from '../../src/analysis/advice/advise.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { asOrder, type Order } from '../../src/core/memory/order.ts';
import { emptyCounts } from '../../src/core/plan/policy-counts.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { SizeWord } from '../../src/core/rules/settings-words.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { reasonLines } from '../../src/render/words/advise/advice-reasons.ts';
import {
  adviceLine,
  budgetWords,
  lossLines,
  otherGrowthLines,
} from '../../src/render/words/advise/advise-view.ts';

const memory = { residentPages: 1000, geometry: x86_64 };
const BUDGET = { growth: 'both', growthPages: 50, laterAttempts: undefined, within: 0.01 } as const;

function judged(sizes: Record<number, SizeWord>, growthPages = 0, restartGrowth = 0): JudgedSettings {
  const words = new Map(
    Object.entries(sizes).map(([order, word]): [Order, SizeWord] => [asOrder(Number(order)), word]),
  );
  const restart = {
    counts: {} as never,
    machineCounts: {} as never,
    tlbEntries: 1000,
    growthPages: restartGrowth,
  };
  const settings = { ...defaultSettings(x86_64), enabled: 'madvise', sizes: words, maxPtesNone: 64 } as const;
  return {
    settings,
    orders: ordersEnabledBy(settings, KERNEL_MODELS['linux-7.3'], x86_64),
    worth: { counts: emptyCounts(x86_64), tlbEntries: 1000, growthPages, laterAttempts: 3, restart },
    tight: [],
    held: { groups: [], pages: 0 },
  };
}

const line = (leave: boolean, sizes: Record<number, SizeWord>) =>
  adviceLine({ leave, advised: judged(sizes), inForce: undefined }, x86_64);

test('an advice says what to do, for whom', () => {
  expect(line(true, { 9: 'always' })).toBe('Leave the settings as they are.');
  expect(line(false, { 2: 'always', 3: 'always', 9: 'inherit' })).toBe(
    'Enable 16K-32K for all memory (always), 2M for memory that asks for it (madvise); set max_ptes_none to 64.',
  );
  const inForce = { ...judged({}), keepsBudget: true };
  expect(adviceLine({ leave: false, advised: judged({ 9: 'always' }), inForce }, x86_64)).toBe(
    'Enable 2M for all memory (always); max_ptes_none stays 64.',
  );
  expect(line(false, { 9: 'never' })).toBe('Switch all sizes off: nothing else keeps the budget.');
});

test('reasons speak of the settings in force', () => {
  const reasons = (advice: Pick<Advice, 'leave' | 'inForce'>, growth: 'both' | 'now' = 'both') =>
    reasonLines({ ...advice, withoutRoom: [] }, { ...BUDGET, growth }, memory);
  expect(reasons({ leave: false, inForce: undefined })[0]).toMatch(/^The settings in force are not known/);
  expect(reasons({ leave: true, inForce: { ...judged({}), keepsBudget: true } })[0]).toMatch(
    /fewer TLB entries by at least 1%/,
  );
  expect(reasons({ leave: false, inForce: { ...judged({}), keepsBudget: true } })).toEqual([]);
  expect(reasons({ leave: false, inForce: { ...judged({}, 0, 500), keepsBudget: false } })).toEqual([
    'The settings in force break this budget: page faults, after a restart, may fill 1.95M (+50.0%).',
  ]);
  expect(reasons({ leave: false, inForce: { ...judged({}, 400, 500), keepsBudget: false } }, 'now')).toEqual([
    'The settings in force break this budget: khugepaged may fill 1.56M (+40.0%).',
  ]);
});

test('a budget says whose growth it is for', () => {
  expect(budgetWords(BUDGET, memory)).toBe(
    'growth of at most 200K (5.0%), now by khugepaged and at a restart by page faults',
  );
  const any = { ...BUDGET, growth: 'now', growthPages: Number.POSITIVE_INFINITY, laterAttempts: 1 } as const;
  expect(budgetWords(any, memory)).toBe(
    'growth of any size, now by khugepaged; at most 1 attempt in vain in every pass',
  );
});

test('who loses a size is named, and an empty loss is none', () => {
  const process = { pid: 7, startTime: 1, command: 'redis', cgroup: '/', thpDisabled: false };
  const lines = lossLines(
    {
      switchedOff: [
        { order: asOrder(9), processes: [{ process, count: undefined, pages: 512 }] },
        { order: asOrder(4), processes: [] },
      ],
    },
    x86_64,
  );
  expect(lines[0]).toContain('in folios of that size lie now redis (7) 2M');
  expect(lines[1]).toBe(
    '64K is switched off: no process has memory in folios of that size now, and programs that start again get none',
  );
});

test('growth that the budget does not speak of is said', () => {
  const advised = judged({ 9: 'always' }, 10, 500);
  const say = (growth: 'now' | 'restart' | 'both') =>
    otherGrowthLines({ advised }, { ...BUDGET, growth }, memory);
  expect(say('now')[0]).toMatch(/^page faults, when the programs start again, may fill 1.95M \(\+50.0%\)/);
  expect(say('restart')).toEqual([]);
  expect(say('both')).toEqual([]);
});

test('settings that break a budget stay where nothing that keeps it loses no reach, and groups are named', () => {
  const inForce = { ...judged({}, 0, 500), keepsBudget: false };
  const group = { path: '/redis', limitBytes: 2 ** 21, usedBytes: 2 ** 20 };
  const withoutRoom = [{ group, when: 'now', growthPages: 500 } as const];
  expect(reasonLines({ leave: true, inForce, withoutRoom }, BUDGET, memory)).toEqual([
    'The settings in force break this budget: page faults, after a restart, may fill 1.95M (+50.0%).',
    expect.stringMatching(/they stay\. Who grows most is in the table/),
    expect.stringContaining('control group /redis has 1M of room below its limit'),
  ]);
});
