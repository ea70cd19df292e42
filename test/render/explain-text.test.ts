import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../support/seed.ts';
import type { Explanation } from '../../src/analysis/prediction/explanation.ts';
import type { Occupancy } from '../../src/core/memory/occupancy.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import { explainText } from '../../src/render/text/explain/explain.ts';
import { styleOf } from '../../src/render/text/layout/style.ts';
import { listPages, type PolicyText, policyOf, type RangeText, rangeOf } from '../support/ranges.ts';
import { explanationOf, explanations } from './explanations.ts';
import { withoutColor } from './without-color.ts';

const plain = styleOf(false);

function textOf(
  range: RangeText,
  policy: PolicyText,
  algorithm: keyof typeof ALGORITHMS = 'walk',
  everyStep = false,
): string {
  const explanation = explanationOf(rangeOf(range), policyOf(policy), ALGORITHMS[algorithm]);
  return explainText(explanation, plain, everyStep);
}

const EXAMPLE = { present: '4-7,12-27' };

for (const algorithm of ['walk', 'stack'] as const) {
  for (const everyStep of [false, true]) {
    const name = `${algorithm}${everyStep ? '-every-step' : ''}`;
    test(`the example of the design, explained: ${name}`, async () => {
      const text = textOf(EXAMPLE, { orders: '2-8', maxPtesNone: 0 }, algorithm, everyStep);
      await expect(text).toMatchFileSnapshot(`golden/explain-${name}.txt`);
    });
  }
}

test('a range with every kind of page, explained', async () => {
  const kinds = { swap: '20-21', zero: '2', shared: '3', pinned: '', unreferenced: '5', lazyfree: '' };
  const text = textOf({ present: '0-15,32-47,256-511', ...kinds }, { orders: '2-8', maxPtesNone: 0 });
  await expect(text).toMatchFileSnapshot('golden/explain-kinds.txt');
});

test('a scan that fails says where and why, and there are no steps', async () => {
  const text = textOf({ present: 'all', pinned: '7' }, {});
  await expect(text).toMatchFileSnapshot('golden/explain-scan-fails.txt');
});

test('nothing collapses for the reason that holds, not because nothing was there', () => {
  expect(textOf({ present: '0-2' }, { maxPtesNone: 0 })).toContain(
    'nothing collapses: no enabled size has enough pages present',
  );
  const folios = { present: '0-15', folios: ['4@0-15'] };
  expect(textOf(folios, { orders: '2-4', maxPtesNone: 0 })).toContain(
    'nothing collapses: already holds a folio of that size or larger',
  );
});

test('where a character stands for several PTEs, those that map no page are no empty ones', () => {
  const pictureOf = (range: RangeText) => {
    const text = textOf(range, { orders: '9' });
    const picture = /^ +\[(.{32})\]$/m.exec(text)?.[1];
    return {
      picture,
      partly: text.includes('a letter that stands for several PTEs is true of some of them'),
    };
  };
  const half = '█'.repeat(16);
  expect(pictureOf({ present: '256-511', swap: '0-63' })).toEqual({
    picture: `ssss${'·'.repeat(12)}${half}`,
    partly: false,
  });
  expect(pictureOf({ present: '0-63,256-511', zero: '0-63' })).toEqual({
    picture: `zzzz${'·'.repeat(12)}${half}`,
    partly: false,
  });
  // In the first place two PTEs are in swap and four map the zero page; in the second a page is present.
  expect(pictureOf({ present: '4-7,16,256-511', swap: '0-1,17,40', zero: '4-7', guard: '40' })).toEqual({
    picture: `z░g${'·'.repeat(13)}${half}`,
    partly: true,
  });
});

test('the legend names the marks that are drawn and no others', () => {
  const text = textOf({ present: '0-3', zero: '3,9', shared: '3', pinned: '9' }, {});
  expect(text).toContain('· none  z zero page\n');
});

/** A line of the steps as it stands in the text. */
interface Row {
  readonly first: number;
  readonly last: number;
  readonly offset: number;
  readonly order: number;
  /** The column of the picture, 34 characters. */
  readonly picture: string;
  readonly pages: string;
  readonly nextWindow: string | undefined;
  /** The stack as printed below, the top last. */
  readonly stack: string[] | undefined;
}

/** Reads the steps back from the text, by the columns of their head. */
function parseSteps(text: string): Row[] {
  const lines = text.split('\n');
  const head = lines.findIndex((line) => /^ *# {2}window/.test(line));
  if (head < 0) return [];
  const column = lines[head].indexOf('size') + 'size'.length + 2;
  const rows: Row[] = [];
  for (let i = head + 1; lines[i] !== ''; i++) {
    const numbers = /^ *(\d+)(?:-(\d+))? {2}(\d+):(\d+) /.exec(lines[i]);
    if (!numbers) throw new Error(`no step: '${lines[i]}'`);
    const stack = /^ +stack {2}(.*)$/.exec(lines[i + 1]);
    rows.push({
      first: Number(numbers[1]),
      last: Number(numbers[2] ?? numbers[1]),
      offset: Number(numbers[3]),
      order: Number(numbers[4]),
      picture: lines[i].slice(column, column + 34),
      pages: lines[i].slice(column + 34 + 2, column + 34 + 2 + 5).trim(),
      nextWindow: /, then (\d+:\d+)$/.exec(lines[i])?.[1],
      stack: stack ? (stack[1] === 'empty' ? [] : stack[1].replace('  <- top', '').split(' ')) : undefined,
    });
    if (stack) i++;
  }
  return rows;
}

/** The picture of a window from the pages of the range, one by one. */
function expectedPicture(range: RangeState, offset: number, order: number): RegExp {
  const pmdOrder = range.geometry.pmdOrder;
  const width = 2 ** Math.min(5, pmdOrder);
  const cells = 2 ** Math.min(5, order);
  const perCell = 2 ** order / cells;
  const has = (bits: Occupancy | undefined, page: number) =>
    bits !== undefined && Math.floor(bits[Math.floor(page / 32)] / 2 ** (page % 32)) % 2 === 1;
  const cell = (first: number): string => {
    if (perCell > 1) {
      let occupied = 0;
      let letters = '';
      for (let page = first; page < first + perCell; page++) {
        if (has(range.facts.present, page) && !has(range.facts.zero, page)) occupied++;
        else if (has(range.facts.present, page)) letters += 'z';
        else if (has(range.facts.swap, page)) letters += has(range.facts.guard, page) ? 'g' : 's';
      }
      if (occupied === 0 && letters !== '') return `[${letters}]`;
      return occupied === 0 ? '·' : occupied === perCell ? '█' : '[░▒▓]';
    }
    if (has(range.facts.swap, first)) return has(range.facts.guard, first) ? 'g' : 's';
    if (!has(range.facts.present, first)) return '·';
    const marks = [
      ['z', range.facts.zero],
      ['m', range.facts.shared],
      ['w', range.facts.uffd],
      ['l', range.facts.locked],
      ['p', range.facts.pinned],
      ['f', range.facts.lazyfree],
      ['u', range.facts.unreferenced],
    ] as const;
    return marks.find(([, bits]) => has(bits, first))?.[0] ?? '█';
  };
  const drawn = Array.from({ length: cells }, (_, i) => cell(offset + i * perCell)).join('');
  const indent = perCell > 1 ? 0 : offset % width;
  return new RegExp(`^ {${indent}}\\[${drawn}\\] {${34 - indent - cells - 2}}$`, 'u');
}

const everyVisit = (explanation: Explanation) => parseSteps(explainText(explanation, plain, true));
const folded = (explanation: Explanation) => parseSteps(explainText(explanation, plain, false));

test('each window is drawn at its place, with its brackets and one cell a PTE up to 32', () => {
  fc.assert(
    fc.property(explanations, (explanation) => {
      for (const { offset, order, picture } of everyVisit(explanation)) {
        expect(picture).toMatch(expectedPicture(explanation.range, offset, order));
      }
    }),
  );
});

test('every step is shown once and in order, with its window and the one after it', () => {
  fc.assert(
    fc.property(explanations, (explanation) => {
      const rows = everyVisit(explanation);
      expect(rows.map(({ first, last }) => [first, last])).toEqual(
        explanation.visits.map((_, index) => [index + 1, index + 1]),
      );
      expect(rows.map(({ offset, order }) => [offset, order])).toEqual(
        explanation.visits.map(({ offset, order }) => [offset, order]),
      );
      rows.forEach(({ nextWindow }, index) => {
        const next = rows[index + 1];
        expect(nextWindow).toBe(next && `${next.offset}:${next.order}`);
      });
    }),
  );
});

test('folded steps cover every visit once, and fold only visits inside an empty window', () => {
  fc.assert(
    fc.property(explanations, (explanation) => {
      const { visits, plan } = explanation;
      const occupied = new Set(listPages(plan.scan.occupied));
      let shown = 0;
      for (const { first, last, offset, order, nextWindow } of folded(explanation)) {
        expect(first).toBe(shown + 1);
        shown = last;
        expect(visits[first - 1]).toMatchObject({ offset, order });
        const after = visits[last];
        expect(nextWindow).toBe(after && `${after.offset}:${after.order}`);
        if (last === first) continue;
        for (let page = offset; page < offset + 2 ** order; page++) expect(occupied.has(page)).toBe(false);
        for (const inner of visits.slice(first, last)) {
          expect(inner.result).toBeUndefined();
          expect(inner.offset).toBeGreaterThanOrEqual(offset);
          expect(inner.offset + 2 ** inner.order).toBeLessThanOrEqual(offset + 2 ** order);
        }
      }
      expect(shown).toBe(visits.length);
    }),
  );
});

test('the pages of a window are counted, except where its order is not enabled', () => {
  fc.assert(
    fc.property(explanations, (explanation) => {
      const { policy, plan, range } = explanation;
      const occupied = listPages(plan.scan.occupied);
      for (const { offset, order, pages } of everyVisit(explanation)) {
        if (order === range.geometry.pmdOrder) continue;
        const inside = occupied.filter((page) => page >= offset && page < offset + 2 ** order).length;
        expect(pages).toBe(policy.orders & (1 << order) ? String(inside) : '');
      }
    }),
  );
});

test('the stack is shown as it stands after each pop, the top last', () => {
  fc.assert(
    fc.property(explanations, (explanation) => {
      const rows = everyVisit(explanation);
      if (!explanation.algorithm.startsWith('stack')) {
        for (const { stack } of rows) expect(stack).toBeUndefined();
        return;
      }
      let pending = rows.length > 0 ? [`0:${explanation.range.geometry.pmdOrder}`] : [];
      for (const { offset, order, nextWindow, stack } of rows) {
        expect(pending.pop()).toBe(`${offset}:${order}`);
        expect(stack).toEqual(pending);
        const left = `${offset}:${order - 1}`;
        if (nextWindow === left) pending.push(`${offset + 2 ** (order - 1)}:${order - 1}`, left);
        else if (nextWindow === undefined) pending = [];
      }
    }),
  );
});

test('colour adds escape codes and nothing else', () => {
  fc.assert(
    fc.property(explanations, fc.boolean(), (explanation, everyStep) => {
      const text = explainText(explanation, plain, everyStep);
      const colored = explainText(explanation, styleOf(true), everyStep);
      expect(text).not.toContain('\u001b');
      expect(colored).toContain('\u001b');
      expect(withoutColor(colored)).toBe(text);
    }),
  );
});
