import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { THP_FOLDER } from '../../src/core/base/sysfs.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { orderSet } from '../../src/core/memory/order.ts';
import { formatPages } from '../../src/core/memory/page-list.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import { applyPlan } from '../../src/core/plan/apply-plan.ts';
import { type MadvisePlan, planMadvise } from '../../src/core/plan/madvise-collapse.ts';
import { planRange } from '../../src/core/plan/plan.ts';
import { KERNEL_MODELS, type KernelModel } from '../../src/core/rules/kernel-model.ts';
import { collapsePolicy } from '../../src/core/rules/policy.ts';
import type { ScanResult } from '../../src/core/rules/scan-result.ts';
import { madviseOrders, type Vma } from '../../src/core/rules/vma.ts';
import { RUNNING_KERNEL } from '../../src/linux/kernel/kernel-tree.ts';
import { openLiveSource } from '../../src/linux/live-source.ts';
import { readHost } from '../../src/linux/machine/host.ts';
import { pages, rangeOf, valueOf } from '../support/ranges.ts';
import { SHARES_ZERO_PAGE } from '../support/zero-page.ts';
import { MADVISE_CASES, type MadviseCase, RANGE, UPPER } from './madvise-cases.ts';
import { buildOccupant, type Occupant, type OccupantReport, startOccupant } from './occupant/occupant.ts';

/**
 * MADV_COLLAPSE of this machine against the model of its kernel: real memory is read as any process's, a call
 * is planned, made, and its errno and what it leaves are compared. It changes no setting.
 */
const model = modelOfThisKernel();
const binary = model && buildOccupant();
if (!binary)
  console.warn(
    'SKIPPED: MADV_COLLAPSE of this machine needs Linux 6.18, 7.2 or 7.3 with THP, 4K pages and a C compiler',
  );
const isRoot = process.geteuid?.() === 0;

/** What a machine may be unable to set up, by the command that is refused. */
const OPTIONAL = ['uffd', 'guard', 'pageout', 'mlock'];

describe.runIf(binary)('MADV_COLLAPSE of this machine does what is planned', () => {
  const errnos = new Set<string>();
  let occupant: Occupant | undefined;
  afterAll(() => occupant?.stop());

  for (const each of MADVISE_CASES) {
    test(each.name, async ({ skip }) => {
      if (!SHARES_ZERO_PAGE && each.commands.some((command) => command.startsWith('read'))) {
        console.warn(`SKIPPED: ${each.name}: the kernel of this machine shares no zero page`);
        return skip();
      }
      await occupant?.stop();
      occupant = await startOccupant();
      const mapping = await occupant.must(each.map ?? 'map 1');
      const address = (each.base ?? Number)(Number(mapping.address));
      const unable = await run(occupant, each.commands, address);
      if (unable !== undefined) {
        console.warn(`SKIPPED: ${each.name}: ${unable}`);
        return skip(unable);
      }

      const [start, length] = each.call ?? [0, Number(mapping.end) - address];
      const before = await look(occupant.pid, mapping);
      const plan = planCall(each, before, address, address + start, length);
      if (each.refused && (isRoot || each.refused !== 'SCAN_PAGE_LAZYFREE'))
        expect(strictKhugepaged(before.ranges.get(address))).toBe(each.refused);

      const answer = await occupant.command(`collapse ${address + start} ${length}`);
      const after = await look(occupant.pid, mapping);
      const errno = answer.ok ? undefined : errnoName(answer.errno);
      errnos.add(errno ?? '0');
      expect({ errno, ranges: shown(after.ranges) }).toEqual({
        errno: plan.errno,
        ranges: shown(carriedOut(plan, before.ranges)),
      });
      await occupant.command(`protect ${address} write`);
      for (const range of after.ranges.values()) {
        if (range.address >= address)
          await occupant.must(`verify ${range.address} ${formatPages(range.facts.present)}`);
      }
    });
  }

  test('meets errors of every kind that needs no luck', () => {
    for (const errno of ['0', 'EINVAL', 'ENOMEM', 'EAGAIN']) expect(errnos).toContain(errno);
  });
});

function modelOfThisKernel(): KernelModel | undefined {
  if (process.platform !== 'linux' || !existsSync(THP_FOLDER)) return undefined;
  const { kernelRelease, geometry } = valueOf(readHost(RUNNING_KERNEL, new Date(0)));
  if (geometry.pageShift !== x86_64.pageShift || geometry.pmdOrder !== x86_64.pmdOrder) return undefined;
  const version = /^\d+\.\d+/.exec(kernelRelease)?.[0];
  return Object.values(KERNEL_MODELS).find(({ name }) => name === `linux-${version}`);
}

/** Gives the commands; why this machine cannot do one of them, if that is so. */
async function run(
  occupant: Occupant,
  commands: readonly string[],
  address: number,
): Promise<string | undefined> {
  const other = await occupant.map('map 1');
  await occupant.must(`touch ${other} 0`);
  for (const text of commands) {
    const command = text
      .replace(/ADDR(?:\+(\d+))?/, (_, ranges = 0) => String(address + Number(ranges) * RANGE))
      .replace('OTHER', String(other));
    const answer = await occupant.command(command);
    const name = text.split(' ')[0];
    if (!answer.ok && OPTIONAL.includes(name)) return answer.error;
    if (!answer.ok) throw new Error(`${command}: ${answer.error}`);
    if (name === 'pageout' && answer.swapped === 0) return 'this machine has no swap';
  }
  return undefined;
}

interface Seen {
  readonly thpDisabled: boolean | undefined;
  readonly vmas: readonly Vma[];
  /** Of the mapping. A range in several VMAs shows its part in the last of them. */
  readonly ranges: ReadonlyMap<number, RangeState>;
  /** Tables of PMD entries that exist, by what they serve. */
  readonly upperTables: ReadonlySet<number>;
}

/** The process as the project's own source shows it. */
async function look(pid: number, mapping: OccupantReport): Promise<Seen> {
  const source = await openLiveSource(RUNNING_KERNEL, [pid], new Date(0));
  if (!source.ok) throw new Error(source.failure.message);
  let thpDisabled: boolean | undefined = false;
  const vmas: Vma[] = [];
  const ranges = new Map<number, RangeState>();
  const upperTables = new Set<number>();
  for await (const item of source.value.items()) {
    if (item.kind === 'process') thpDisabled = item.process.thpDisabled;
    if (item.kind === 'vma') vmas.push(item.vma);
    for (const range of item.kind === 'ranges' ? item.ranges : []) {
      upperTables.add(Math.floor(range.address / UPPER));
      if (range.address > Number(mapping.start) - RANGE && range.address < Number(mapping.end))
        ranges.set(range.address, range);
    }
  }
  return { thpDisabled, vmas, ranges, upperTables };
}

function planCall(
  { pinned, emptyTables = [] }: MadviseCase,
  { thpDisabled, vmas, ranges, upperTables }: Seen,
  address: number,
  start: number,
  length: number,
): MadvisePlan {
  return planMadvise({
    start,
    length,
    vmas: vmas.map((vma) => ({
      start: vma.start,
      end: vma.end,
      orders: madviseOrders(vma, x86_64, thpDisabled).orders,
      written: vma.rssBytes + vma.swapBytes > 0,
    })),
    rangeAt(at) {
      const range = ranges.get(at);
      if (range)
        return at === address && pinned
          ? { ...range, facts: { ...range.facts, pinned: pages(pinned) } }
          : range;
      if (emptyTables.includes((at - address) / RANGE)) return rangeOf({ address: at });
      return upperTables.has(Math.floor(at / UPPER)) ? 'no-pte-table' : 'no-pmd-table';
    },
    model: model as KernelModel,
    geometry: x86_64,
  });
}

function strictKhugepaged(range: RangeState | undefined): ScanResult | undefined {
  const limits = { maxPtesNone: 0, maxPtesSwap: 0, maxPtesShared: 0 };
  const policy = collapsePolicy(orderSet([9]), limits, KERNEL_MODELS['linux-7.2'], x86_64);
  return range && planRange(range, policy).result;
}

/** The ranges as they are after a plan was carried out. */
function carriedOut(plan: MadvisePlan, before: ReadonlyMap<number, RangeState>): Map<number, RangeState> {
  const after = new Map(before);
  for (const { address, plan: each } of plan.ranges) {
    if (each) after.set(address, applyPlan(before.get(address) ?? rangeOf({ address }), each));
  }
  return after;
}

/** What is compared: the present and the swapped pages of each range, and whether one PMD entry maps it. */
function shown(ranges: ReadonlyMap<number, RangeState>): string[] {
  return [...ranges.values()]
    .filter(
      ({ facts: { present, swap } }) => present.some((bits) => bits !== 0) || swap.some((bits) => bits !== 0),
    )
    .sort((a, b) => a.address - b.address)
    .map(
      ({ address, pmdMapped, facts: { present, swap } }) =>
        `${address.toString(16)} ${formatPages(present)} ${formatPages(swap)}${pmdMapped ? ' huge' : ''}`,
    );
}

function errnoName(number: number): string | undefined {
  return Object.entries(constants.errno).find(([, value]) => value === number)?.[0];
}
