import { beforeAll, expect, test } from 'vitest';
import { PAGE_CHANGES } from '../../src/analysis/difference/page-changes.ts';
import { RangeTable } from '../../src/analysis/table/range-table.ts';
import { sum } from '../../src/core/base/sum.ts';
import { pagesPerRange } from '../../src/core/memory/geometry.ts';
import type { Host } from '../../src/core/rules/memory-source.ts';
import { openSnapshotFile } from '../../src/snapshot/file.ts';
import { HAPPENED, happenedPages } from '../../web/changes/change-words.ts';
import { FORETOLD_KINDS } from '../../web/changes/changes-worker-protocol.ts';
import { Comparing } from '../../web/changes/comparing.ts';
import { firstChoice, type PolicyChoice } from '../../web/policy/choice.ts';
import { runPolicyOf } from '../../web/policy/run-policy.ts';
import { valueOf } from '../support/ranges.ts';
import { thpscope } from '../support/thpscope.ts';

const PAIR = ['examples/pair/before.parquet', 'examples/pair/after.parquet'] as const;
const goOn = async () => true;

async function tableOf(path: string): Promise<{ table: RangeTable; host: Host }> {
  const snapshot = valueOf(await openSnapshotFile(path));
  const table = new RangeTable(snapshot.host.geometry);
  for await (const item of snapshot.items()) table.add(item);
  snapshot.close();
  return { table, host: snapshot.host };
}

let before: Awaited<ReturnType<typeof tableOf>>;
let after: Awaited<ReturnType<typeof tableOf>>;
beforeAll(async () => {
  [before, after] = [await tableOf(PAIR[0]), await tableOf(PAIR[1])];
});

function comparingOf(later = after): Comparing {
  return new Comparing(before.table, before.host, later.table, later.host);
}

test('the rows of a map of changes come to the numbers of thpscope diff', async () => {
  const comparing = comparingOf();
  const { memory, rows } = (await comparing.compare(goOn))!;
  const { stdout } = await thpscope(['diff', ...PAIR, '--json']);
  const { totals } = JSON.parse(stdout);
  expect(sum(memory.total.after)).toBe(sum(Object.values(totals.pagesAfter) as number[]));
  const count = rows.addresses.length;
  const pages = (kind: (typeof PAGE_CHANGES)[number]) =>
    sum(
      Array.from(
        { length: count },
        (_, row) => rows.pages[row * PAGE_CHANGES.length + PAGE_CHANGES.indexOf(kind)],
      ),
    );
  for (const kind of HAPPENED) expect(pages(kind), kind).toBe(happenedPages(memory.total, kind));
  expect([pages('collapsed'), pages('filled'), pages('touched'), pages('freed')]).toEqual([
    sum(Object.values(totals.collapsedPages) as number[]),
    totals.filledPages,
    totals.touchedPages,
    totals.freedPages,
  ]);
  expect(pages('freed')).toBeGreaterThan(0);
  // Each VMA has its rows, one after the other; the addresses of a process rise.
  expect(rows.vmas.map(({ first }) => first)).toEqual([0, ...rows.vmas.map(({ end }) => end)].slice(0, -1));
  for (let row = 1; row < count; row++) {
    const [one, other] = [rows.vmas[rows.vmaOf[row - 1]], rows.vmas[rows.vmaOf[row]]];
    if (one.process === other.process)
      expect(rows.addresses[row]).toBeGreaterThanOrEqual(rows.addresses[row - 1]);
  }
  // The PTEs of a row are what it counts.
  const { was, is, changes } = comparing.tiles(Array.from({ length: count }, (_, row) => row));
  const size = pagesPerRange(memory.geometry);
  for (let row = 0; row < count; row++) {
    const own = changes.subarray(row * size, (row + 1) * size);
    for (const [code, kind] of PAGE_CHANGES.entries())
      expect(own.filter((each) => each === code).length, kind).toBe(
        rows.pages[row * PAGE_CHANGES.length + code],
      );
  }
  expect(was.length).toBe(is.length);
});

test.each([
  ['as recorded', {}],
  ['none 0', { maxPtesNone: 0 }],
] as const)('what came true under a policy is what thpscope diff says: %s', async (_, changed) => {
  const comparing = comparingOf();
  await comparing.compare(goOn);
  const choice: PolicyChoice = { ...firstChoice(after.host), ...changed };
  const { memory, kinds } = (await comparing.foretell(runPolicyOf(choice), goOn))!;
  const flags = 'maxPtesNone' in changed ? ['--max-ptes-none', '0'] : [];
  const { stdout } = await thpscope(['diff', ...PAIR, '--policy', 'current', ...flags, '--json']);
  const { unforeseenPages: surprises, refused, ...said } = JSON.parse(stdout).totals.foretold;
  expect(memory.foretold).toMatchObject({ ...said, surprises, refusals: new Map(Object.entries(refused)) });
  // Twenty-one ranges were to collapse and did; with none 0 four, and the others did besides.
  const counts = FORETOLD_KINDS.map((_kind, at) => kinds.filter((each) => each === at).length);
  expect(counts.slice(1)).toEqual('maxPtesNone' in changed ? [4, 0, 0, 17] : [21, 0, 0, 0]);
});

test('of a machine that was started again no page is compared', async () => {
  const again = {
    table: after.table,
    host: { ...after.host, bootId: 'ffffffff-0000-4000-8000-000000000002' },
  };
  const { memory, rows } = (await comparingOf(again).compare(goOn))!;
  expect(memory.processes.map(({ isSame }) => isSame)).toEqual([false, false, false]);
  expect(rows.addresses.length).toBe(after.table.rows);
  expect(Math.max(...rows.isSame, ...rows.pages)).toBe(0);
});

test('a comparison that is not wanted any more ends', async () => {
  const comparing = comparingOf();
  let left = 3;
  expect(await comparing.compare(async () => left-- > 0)).toBeUndefined();
  expect(left).toBe(-1);
});
