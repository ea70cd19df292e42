import { expect, test } from 'vitest';
import { type ListedFigures, listProcesses } from '../../src/analysis/prediction/process-list.ts';

type Named = ListedFigures & { readonly name: string };

function named(name: string, figures: Partial<ListedFigures>): Named {
  return { name, residentPages: 0, hugeNow: 0, hugeThen: 0, growthPages: 0, ...figures };
}

const BIG = named('big', { residentPages: 100, hugeNow: 90, hugeThen: 95, restartGrowthPages: 9 });
const GROWING = named('growing', { residentPages: 10, hugeThen: 10, growthPages: 50 });
const GAINING = named('gaining', { residentPages: 50, hugeThen: 40, restartGrowthPages: 20 });

function names(processes: readonly Named[], sort?: 'growth' | 'memory' | 'gain', top = 9): string {
  const { shown } = listProcesses(processes, (each) => each, { sort, top });
  return shown.map(({ name }) => name).join(' ');
}

test('processes are listed by what was asked for, most first', () => {
  const all = [GAINING, BIG, GROWING];
  expect(names(all, 'memory')).toBe('big gaining growing');
  expect(names(all, 'gain')).toBe('gaining growing big');
  // Those that khugepaged leaves as large as they are follow by what page faults add after a restart.
  expect(names(all, 'growth')).toBe('growing gaining big');
});

test('by default by growth where khugepaged makes any process grow, else as they come', () => {
  expect(names([BIG, GAINING, GROWING])).toBe('growing gaining big');
  expect(names([BIG, GAINING])).toBe('big gaining');
  expect(names([])).toBe('');
});

test('what is left out is counted and added up', () => {
  const { shown, others } = listProcesses([BIG, GAINING, GROWING], (each) => each, {
    sort: 'growth',
    top: 1,
  });
  expect(shown).toEqual([GROWING]);
  expect(others).toEqual({
    count: 2,
    figures: { residentPages: 150, hugeNow: 90, hugeThen: 135, growthPages: 0, restartGrowthPages: 29 },
  });
  expect(listProcesses([BIG], (each) => each, { top: 1 }).others.count).toBe(0);
  expect(listProcesses([BIG], (each) => each, { top: 0 }).others.count).toBe(1);
});
