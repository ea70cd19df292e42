import { beforeAll, describe, expect, test } from 'vitest';
import { RangeTable } from '../../src/analysis/table/range-table.ts';
import { judgeTable } from '../../src/analysis/table/table-judge.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { openSnapshotFile } from '../../src/snapshot/file.ts';
import { Judging } from '../../web/memory/judging.ts';
import { choiceOf } from '../../web/policy/choice.ts';
import { runPolicyOf } from '../../web/policy/run-policy.ts';
import { valueOf } from '../support/ranges.ts';

const choice = choiceOf(defaultSettings(x86_64), x86_64, 'linux-7.3');
const items: MemoryItem[] = [];

beforeAll(async () => {
  const file = valueOf(await openSnapshotFile('examples/programs/java.parquet'));
  for await (const item of file.items()) items.push(item);
  file.close();
});

describe('rows are judged a piece at a time', () => {
  function tableOf(times: number) {
    const table = new RangeTable(x86_64);
    for (let time = 0; time < times; time++) for (const item of items) table.add(item);
    return table;
  }

  function whole(table: RangeTable) {
    const { tallies, total, reasons, ...columns } = judgeTable(table, runPolicyOf(choice));
    return { ...columns, choice, rows: table.rows, reasons, tallied: { choice, total, processes: tallies } };
  }

  test('while they come, and come to what judging all at once says', () => {
    const table = new RangeTable(x86_64, 1);
    const judging = new Judging(table, choice);
    let last = judging.go(() => true, false);
    for (const item of items) {
      table.add(item);
      last = judging.go(() => true, item === items.at(-1));
      expect(last.rows).toBe(table.rows);
      expect(last.tallied !== undefined).toBe(item === items.at(-1));
    }
    expect(last).toEqual(whole(tableOf(1)));
  });

  test('as long as it may go on, and are added up when all are there', () => {
    const table = tableOf(10);
    const judging = new Judging(table, choice);
    const pieces = [judging.go(() => false, true)];
    while (!pieces[pieces.length - 1].tallied) pieces.push(judging.go(() => false, true));
    expect(pieces.length).toBeGreaterThan(2);
    const all = whole(table);
    for (const { rows, growthPages, mainOrders } of pieces) {
      expect(growthPages).toEqual(all.growthPages.slice(0, rows));
      expect(mainOrders).toEqual(all.mainOrders.slice(0, rows));
    }
    expect(pieces.at(-1)).toEqual(all);
  });
});

test('a judging is of one table and one policy', () => {
  const table = new RangeTable(x86_64);
  const judging = new Judging(table, choice);
  expect(judging.isOf(table, { ...choice })).toBe(true);
  expect(judging.isOf(table, { ...choice, maxPtesNone: 1 })).toBe(false);
  expect(judging.isOf(new RangeTable(x86_64), choice)).toBe(false);
});
