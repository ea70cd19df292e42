import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../support/seed.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import { explainSvg, ignoredRangeSvg } from '../../src/render/svg/explain.ts';
import { textAt } from '../../src/render/svg/svg.ts';
import { stepsOf } from '../../src/render/words/explain/explain-steps.ts';
import { type PolicyText, policyOf, type RangeText, rangeOf } from '../support/ranges.ts';
import { explanationOf, explanations } from './explanations.ts';

/**
 * What is wrong with a text as XML, if anything: tags that do not match, a bare & or <, an attribute twice.
 */
function xmlMistake(xml: string): string | undefined {
  const open: string[] = [];
  let rest = xml;
  while (rest !== '') {
    rest = rest.slice(/^[^<&]*/.exec(rest)![0].length);
    if (rest === '') break;
    const entity = /^&(amp|lt|gt|quot|#39);/.exec(rest);
    const tag = /^<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<]*")*)(\/?)>/.exec(rest);
    if (!entity && !tag) return `at ${rest.slice(0, 40)}`;
    rest = rest.slice((entity ?? tag)![0].length);
    if (!tag) continue;
    const [, closing, name, attributes, single] = tag;
    const names = [...attributes.matchAll(/ ([a-zA-Z-]+)=/g)].map(([, each]) => each);
    if (new Set(names).size !== names.length) return `an attribute twice in ${tag[0]}`;
    if (closing && open.pop() !== name) return `${tag[0]} closes something else`;
    if (!closing && !single) open.push(name);
  }
  return open.length === 0 ? undefined : `not closed: ${open.join(' ')}`;
}

function svgOf(range: RangeText, policy: PolicyText, algorithm: keyof typeof ALGORITHMS = 'walk'): string {
  return explainSvg(explanationOf(rangeOf(range), policyOf(policy), ALGORITHMS[algorithm]), true);
}

const stepRows = (svg: string) => svg.split('\n').filter((line) => line.startsWith('<g><text'));

/** The texts in the row of a step. */
function rowOf(svg: string, number: string): string[] {
  const row = stepRows(svg).find((line) => line.includes(`>${number}</text>`)) ?? '';
  return [...row.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
}

test('pictures are XML that stands for itself, the same every time, with all steps', () => {
  fc.assert(
    fc.property(explanations, fc.boolean(), (explanation, everyStep) => {
      const svg = explainSvg(explanation, everyStep);
      expect(xmlMistake(svg)).toBeUndefined();
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
      expect(svg).not.toMatch(/(?:href|src)="[^#]|url\(|@import/);
      expect(explainSvg(explanation, everyStep)).toBe(svg);
      const steps = stepsOf(explanation.visits, explanation.plan, everyStep);
      expect(stepRows(svg)).toHaveLength(steps.length);
      const visits = steps.reduce((sum, { first, last }) => sum + last - first + 1, 0);
      expect(visits).toBe(explanation.visits.length);
    }),
    { numRuns: 60 },
  );
});

test('a row has the window, the count, the threshold, the outcome and the stack', () => {
  const svg = svgOf({ present: '4-7,12-27' }, { orders: '2-8', maxPtesNone: 0 }, 'stack');
  expect(rowOf(svg, '1')).toEqual(['1', '0:9', '2M', 'not enabled', 'empty']);
  expect(rowOf(svg, '3')).toEqual(['3', '0:7', '512K', '20', '128', 'too few pages', '256:8', '128:7']);
  expect(rowOf(svg, '9')).toEqual(
    ['9', '4:2', '16K', '4', '4', 'collapses'].concat('256:8 128:7 64:6 32:5 16:4 8:3'.split(' ')),
  );
});

test('the title says what is shown, the description what came of it', () => {
  const svg = svgOf({ present: '0-15' }, { orders: '4', maxPtesNone: 0 });
  expect(svg).toContain('<title>PMD range 0x0, 512 PTEs of 4K; linux-7.2, walk</title>');
  expect(/<desc>([^<]*)<\/desc>/.exec(svg)?.[1]).toContain('1 collapse: 0:4 (64K)');
  expect(svg).toContain('prefers-color-scheme:dark');
});

test('a range that is not looked at is drawn with the reason', () => {
  const svg = ignoredRangeSvg({
    range: rangeOf({ present: '0-3' }),
    policy: policyOf({}),
    algorithm: 'walk',
    ignored: 'vma-edge',
    firstWhole: 0x200000,
  });
  expect(xmlMistake(svg)).toBeUndefined();
  expect(svg).toContain('khugepaged does not look at this range');
  expect(svg).toContain('0x200000');
});

test('text is escaped, and characters that XML does not have are replaced', () => {
  expect(textAt(1 / 3, 0, 'a<b & "c">\u0007\uffff', `"'`).text).toBe(
    '<text x="0.33" y="0" class="&quot;&#39;">a&lt;b &amp; &quot;c&quot;&gt;\\x07\ufffd</text>',
  );
});
