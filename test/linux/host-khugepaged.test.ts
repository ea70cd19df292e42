import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { THP_FOLDER } from '../../src/core/base/sysfs.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { orderSet } from '../../src/core/memory/order.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import { planRange } from '../../src/core/plan/plan.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { collapsePolicy } from '../../src/core/rules/policy.ts';
import { RUNNING_KERNEL } from '../../src/linux/kernel/kernel-tree.ts';
import { openLiveSource } from '../../src/linux/live-source.ts';
import { buildOccupant, type Occupant, startOccupant } from './occupant/occupant.ts';
import { guardSettings, type SettingsGuard } from './thp-settings-guard.ts';

/**
 * The model of Linux 6.18 against the khugepaged of this machine, which collapses to the PMD order only. It
 * changes THP settings while it runs, so it has to be asked for.
 */
const asked = process.env.THPSCOPE_HOST_KHUGEPAGED === '1';
const binary = asked && process.geteuid?.() === 0 ? buildOccupant() : undefined;
if (asked && !binary)
  console.warn('the khugepaged of this machine is not tested: that needs root and a C compiler');

const LIMITS = { maxPtesNone: 255, maxPtesSwap: 64, maxPtesShared: 100 };
const SETTINGS = [
  'enabled',
  'khugepaged/max_ptes_none',
  'khugepaged/max_ptes_swap',
  'khugepaged/max_ptes_shared',
  'khugepaged/pages_to_scan',
  'khugepaged/scan_sleep_millisecs',
];

/**
 * What each range holds: commands of the occupant, with the address of the range for ADDR. OTHER is another
 * range: its MADV_COLLAPSE drains the per-CPU batches through which pages reach the LRU and MADV_FREE takes
 * effect.
 */
const CASES: readonly { readonly name: string; readonly commands: readonly string[] }[] = [
  { name: 'full', commands: ['touch ADDR 0-511'] },
  { name: 'as many holes as allowed', commands: ['touch ADDR 0-256'] },
  { name: 'one hole too many', commands: ['touch ADDR 0-255'] },
  { name: 'zero pages count as holes', commands: ['touch ADDR 0-255', 'read ADDR 256-511'] },
  { name: 'every second page', commands: ['touch ADDR 0-511:1/2', 'touch ADDR 1'] },
  { name: 'a THP that is mapped by PTEs', commands: ['touch ADDR 0-511', 'thp ADDR', 'split ADDR'] },
  {
    name: 'the rest of a THP',
    commands: ['touch ADDR 0-511', 'thp ADDR', 'split ADDR', 'drop ADDR 300-511'],
  },
  {
    name: 'too little rest of a THP',
    commands: ['touch ADDR 0-511', 'thp ADDR', 'split ADDR', 'drop ADDR 200-511'],
  },
  {
    name: 'freed pages that nobody used since',
    commands: ['touch ADDR 0-511', 'thp OTHER', 'free ADDR 0-511', 'thp OTHER'],
  },
  { name: 'some freed pages', commands: ['touch ADDR 0-511', 'thp OTHER', 'free ADDR 0-255', 'thp OTHER'] },
  { name: 'a guard marker', commands: ['touch ADDR 0-511', 'guard ADDR 7'] },
];
/** The same after a fork that shared the whole range: writing takes pages out of the sharing. */
const FORKED_CASES: typeof CASES = [
  { name: 'as many shared pages as allowed', commands: ['touch ADDR 0-411'] },
  { name: 'one shared page too many', commands: ['touch ADDR 0-410'] },
];

describe.runIf(binary)('the khugepaged of this machine', () => {
  let guard: SettingsGuard;
  const occupants: Occupant[] = [];
  const collapsed = new Map<string, boolean>();
  const predicted = new Map<string, boolean>();

  beforeAll(async () => {
    guard = guardSettings(SETTINGS);
    // Nothing runs while the ranges are half made.
    guard.set('enabled', 'never');
    guard.set('khugepaged/max_ptes_none', LIMITS.maxPtesNone);
    guard.set('khugepaged/max_ptes_swap', LIMITS.maxPtesSwap);
    guard.set('khugepaged/max_ptes_shared', LIMITS.maxPtesShared);
    guard.set('khugepaged/pages_to_scan', 1 << 20);
    guard.set('khugepaged/scan_sleep_millisecs', 10);

    const alone = await startOccupant();
    const forked = await startOccupant();
    occupants.push(alone, forked);
    const places: { name: string; pid: number; address: number }[] = [];
    const place = async (occupant: Occupant, name: string, commands: readonly string[]) => {
      const address = await occupant.map('map 1 hugepage');
      for (const command of commands) {
        const other = command.includes('OTHER') ? await occupant.map('map 1') : 0;
        if (other > 0) await occupant.must(`touch ${other} 0`);
        await occupant.must(command.replace('ADDR', String(address)).replace('OTHER', String(other)));
      }
      places.push({ name, pid: occupant.pid, address });
    };
    for (const { name, commands } of CASES) await place(alone, name, commands);
    for (const { name } of FORKED_CASES) await place(forked, name, ['touch ADDR 0-511']);
    await forked.must(`fork ${places.at(-1)?.address}`);
    for (const { name, commands } of FORKED_CASES) {
      const address = String(places.find((each) => each.name === name)?.address);
      for (const command of commands) await forked.must(command.replace('ADDR', address));
    }

    const policy = collapsePolicy(orderSet([9]), LIMITS, KERNEL_MODELS['linux-6.18'], x86_64);
    const before = await ranges(occupants);
    for (const { name, pid, address } of places) {
      const range = before.get(`${pid} ${address}`);
      predicted.set(name, range !== undefined && planRange(range, policy).result === 'SCAN_SUCCEED');
    }
    guard.set('enabled', 'madvise');
    // A process registers with khugepaged when it gives the advice while THP is enabled.
    for (const occupant of occupants) {
      const address = places.find(({ pid }) => pid === occupant.pid)?.address;
      await occupant.must(`advise ${address} 1 nohugepage`);
      await occupant.must(`advise ${address} 1 hugepage`);
    }
    await fullScans(3);
    guard.set('enabled', 'never');
    const after = await ranges(occupants);
    for (const { name, pid, address } of places)
      collapsed.set(name, after.get(`${pid} ${address}`)?.pmdMapped === true);
  });

  afterAll(async () => {
    await guard?.restore();
    for (const occupant of occupants) await occupant.stop();
  });

  for (const { name } of [...CASES, ...FORKED_CASES]) {
    test(`does what is predicted: ${name}`, () => {
      expect(collapsed.get(name)).toBe(predicted.get(name));
    });
  }

  test('collapses some ranges and leaves others', () => {
    expect(new Set(collapsed.values())).toEqual(new Set([true, false]));
  });
});

/** The ranges of processes, by pid and address. */
async function ranges(occupants: readonly Occupant[]): Promise<Map<string, RangeState>> {
  const found = new Map<string, RangeState>();
  for (const { pid } of occupants) {
    const source = await openLiveSource(RUNNING_KERNEL, [pid], new Date(0));
    if (!source.ok) throw new Error(source.failure.message);
    for await (const item of source.value.items()) {
      if (item.kind === 'ranges')
        for (const range of item.ranges) found.set(`${pid} ${range.address}`, range);
    }
  }
  return found;
}

/** Waits until khugepaged has gone round this often; not for ever. */
async function fullScans(count: number): Promise<void> {
  const scans = () => Number(readFileSync(`${THP_FOLDER}/khugepaged/full_scans`, 'utf8'));
  const until = scans() + count;
  for (let i = 0; i < 500 && scans() < until; i++) await sleep(20);
  if (scans() < until) throw new Error('khugepaged does not go round');
}
