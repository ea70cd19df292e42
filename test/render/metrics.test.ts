import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expositionText, type MetricFamily } from '../../src/render/metrics/exposition.ts';
import { parseExposition } from '../support/exposition.ts';

const family = (samples: MetricFamily['samples'], help = 'What it is.'): MetricFamily => ({
  name: 'thpscope_x_bytes',
  help,
  type: 'gauge',
  samples,
});

test('a family is HELP, TYPE and a line for each series', () => {
  const samples: MetricFamily['samples'] = [
    { labels: {}, value: 0 },
    { labels: { size: '64K', policy: 'current' }, value: 2 ** 53 },
    { labels: { size: '2M', policy: 'current' }, value: 0.25 },
  ];
  expect(expositionText([family(samples)])).toBe(
    [
      '# HELP thpscope_x_bytes What it is.',
      '# TYPE thpscope_x_bytes gauge',
      'thpscope_x_bytes 0',
      'thpscope_x_bytes{size="64K",policy="current"} 9007199254740992',
      'thpscope_x_bytes{size="2M",policy="current"} 0.25',
      '',
    ].join('\n'),
  );
});

test('a family without a series leaves no line', () => {
  expect(expositionText([family([])])).toBe('');
});

test('line breaks, quotes and backslashes are escaped where the format says so', () => {
  const text = expositionText([
    family([{ labels: { service: 'a"b\\c\nd' }, value: 1 }], 'A "quote", \\ and\na line.'),
  ]);
  expect(text).toContain('# HELP thpscope_x_bytes A "quote", \\\\ and\\na line.\n');
  expect(text).toContain('{service="a\\"b\\\\c\\nd"} 1\n');
});

test('whatever the labels are, they come back', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ unit: 'binary' }), { maxLength: 5 }), (services) => {
      const samples = services.map((service, value) => ({ labels: { service }, value }));
      const read = parseExposition(expositionText([family(samples)]));
      expect(read.map(({ labels, value }) => ({ labels, value }))).toEqual(samples);
    }),
  );
});
