import { describe, expect, test } from 'vitest';
import { DIGEST_SCHEMA, digestOfJson } from '../../src/analysis/digest/digest-json.ts';
import { residentPages } from '../../src/analysis/ranges/resident-pages.ts';
import { rangeOfLine } from '../../src/cli/shared/input/range-line.ts';
import { type Result, succeed } from '../../src/core/base/failure.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { PRESENT_FACTS, type RangeState } from '../../src/core/memory/range-state.ts';
import { type RangeText, rangeOfText, rangeText } from '../../src/core/memory/range-text.ts';
import { rangeOfParams } from '../../web/steps/range/range-params.ts';

/** What of a range the three doors can say. */
interface Said {
  readonly present?: string;
  readonly swap?: string;
  readonly zero?: string;
  readonly guard?: string;
  readonly folio?: { readonly offset: number; readonly order: number };
}

/** What the doors say of a range, by door: its text, or what is wrong with it. */
function doors({ folio, ...said }: Said): Record<string, unknown> {
  const problems: string[] = [];
  const pages = folio && `${folio.offset}-${Math.min(511, folio.offset + 2 ** folio.order - 1)}`;
  const link = rangeOfParams(
    {
      present: said.present ?? '',
      swapped: said.swap ?? '',
      zeroed: said.zero ?? '',
      guards: said.guard ?? '',
      folios: folio ? `${folio.order}@${pages}` : '',
    },
    x86_64,
    ({ message }) => problems.push(message),
  );
  return {
    line: textOf(rangeOfLine({ present: '', ...said, ...(folio && { folios: [folio] }) }, x86_64)),
    digest: textOf(rangeOfDigest({ ...said, ...(folio && { folioOrders: { [folio.order]: pages ?? '' } }) })),
    link: problems.length > 0 ? nameless(problems.join()) : rangeText(link),
  };
}

/** The one range of a digest that holds it. */
function rangeOfDigest(range: RangeText): Result<RangeState> {
  const unadvised = { rows: [], any: [], apart: [{ count: 1, range }] };
  const process = { pid: 1, startTime: 1, command: '', cgroup: '', thpDisabled: false };
  const read = rangeOfText(range, x86_64);
  const { resident, huge } = read.ok ? residentPages(read.value) : { resident: 0, huge: 0 };
  const sums = { ranges: 1, residentPages: resident, hugePages: huge, refused: {}, assumed: [] };
  const digest = digestOfJson({
    schema: DIGEST_SCHEMA,
    host: { kernelRelease: '7.2.0', time: '2026-01-01T00:00:00.000Z', geometry: x86_64, settings: null },
    processes: [{ ...process, ...sums, unadvised }],
    skipped: [],
    notes: [],
  });
  if (!digest.ok) return digest;
  const [held] = digest.value.processes[0].memory.classes.unadvised.apart.values();
  return succeed(held.range);
}

function textOf(result: Result<RangeState>): unknown {
  return result.ok ? rangeText(result.value) : nameless(result.failure.message);
}

/** A message without the names that the door has for the range and for the list. */
function nameless(message: string): string {
  return message.replace(/^process 1: range 1 of those kept whole: /, '').replace(/^(\w+): /, '');
}

const both = (page: number) => `page ${page} is both present and in swap; a page can be one of them`;
const same = (answer: unknown) => ({ line: answer, digest: answer, link: answer });

describe('a line of predict --ranges, a digest file and a link of the web app agree', () => {
  const cases: readonly (readonly [string, Said, unknown])[] = [
    ['zero pages are present', { present: '0-3', zero: '8' }, { present: '0-3,8', zero: '8' }],
    ['guard markers are swap', { swap: '0', guard: '8' }, { swap: '0,8', guard: '8' }],
    [
      'a folio is of the pages that are present',
      { present: '0-2', folio: { offset: 0, order: 2 } },
      { present: '0-2', folioOrders: { 2: '0-2' } },
    ],
    [
      'a folio may have order 1, which sources can see',
      { present: '0-3', folio: { offset: 2, order: 1 } },
      { present: '0-3', folioOrders: { 1: '2-3' } },
    ],
    ['no page is present and in swap', { present: '3', swap: '3' }, both(3)],
    ['nor a zero page and in swap', { zero: '3', swap: '3' }, both(3)],
    ['nor present and a guard marker', { present: '40', guard: '40' }, both(40)],
    ['no page is beyond the range', { present: '512' }, expect.stringMatching(/512 is out of range/)],
    [
      'no folio is larger than the range',
      { present: '0', folio: { offset: 0, order: 10 } },
      'order 10: large folios have orders 1 to 9',
    ],
  ];
  test.each(PRESENT_FACTS)('%s are pages that are present, to those who write them down', (fact) => {
    const problems: string[] = [];
    const link = { present: '0-3', zeroed: '9', [fact === 'shared' ? 'shareds' : fact]: '0-4' };
    rangeOfParams(link, x86_64, ({ message }) => problems.push(message));
    const misplaced = `page 4 is ${fact} but not present`;
    expect(problems).toEqual([misplaced]);
    expect(textOf(rangeOfLine({ present: '0-3', swap: '4', [fact]: '3-5' }, x86_64))).toBe(misplaced);
    expect(textOf(rangeOfLine({ present: '0-3', zero: '4', [fact]: '3-4' }, x86_64))).toMatchObject({
      [fact]: '3-4',
    });
    // Of what a source saw such bits mean nothing.
    expect(rangeOfText({ present: '0-3', [fact]: '4' }, x86_64).ok).toBe(true);
  });

  test.each(cases)('%s', (_, said, answer) => {
    expect(doors(said)).toEqual(same(answer));
  });
});
