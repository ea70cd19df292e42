import { describe, expect, test } from 'vitest';
import { bootParameters } from '../../src/analysis/sweep/boot-parameters.ts';
import { geometryOfPmdOrder, x86_64 } from '../../src/core/memory/geometry.ts';
import { asOrder } from '../../src/core/memory/order.ts';
import type { SizeWord } from '../../src/core/rules/settings-words.ts';
import { defaultSettings, type ThpSettings } from '../../src/core/rules/thp-settings.ts';

const untouched = defaultSettings(x86_64);

function settingsOf(words: Record<number, SizeWord>, others: Partial<ThpSettings> = {}): ThpSettings {
  const sizes = new Map(Object.entries(words).map(([order, word]) => [asOrder(Number(order)), word]));
  return { ...untouched, sizes, ...others };
}

const ask = (settings: ThpSettings, release = '7.3.0') => bootParameters(settings, release, x86_64);

describe('settings on the command line of the kernel', () => {
  test('settings that it begins with anyway need the top level alone', () => {
    expect(ask(untouched)).toEqual({ parameters: ['transparent_hugepage=always'], unsaid: [] });
  });

  // What 7.2 and 7.3 make of these lines was seen in guests: docs/khugepaged.md#sysfs.
  test('every word has its sizes, in runs', () => {
    const settings = settingsOf(
      { 2: 'always', 3: 'always', 4: 'always', 6: 'madvise', 9: 'inherit' },
      { enabled: 'madvise' },
    );
    expect(ask(settings).parameters).toEqual([
      'transparent_hugepage=madvise',
      'thp_anon=16K-64K:always',
      'thp_anon=2M:inherit',
      'thp_anon=256K:madvise',
    ]);
  });

  test('a PMD size that is never is not named where others are, and is where none is', () => {
    expect(ask(settingsOf({ 4: 'always' })).parameters).toEqual([
      'transparent_hugepage=always',
      'thp_anon=64K:always',
    ]);
    expect(ask(settingsOf({})).parameters).toEqual(['transparent_hugepage=always', 'thp_anon=16K-2M:never']);
  });

  test('limits are not among the parameters, and are named', () => {
    const { unsaid } = ask({ ...untouched, maxPtesNone: 64, maxPtesShared: 0 });
    expect(unsaid).toEqual([
      { path: '/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none', value: '64' },
      { path: '/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_shared', value: '0' },
    ]);
  });

  test.each(['6.8.0', '6.11.9', '7.3.0, 6.6.1'])('kernels before 6.12 have no thp_anon: %s', (release) => {
    const { parameters, unsaid } = ask(settingsOf({ 4: 'always', 9: 'inherit' }), release);
    expect(parameters).toEqual(['transparent_hugepage=always']);
    expect(unsaid).toEqual([
      { path: '/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled', value: 'always' },
    ]);
  });

  test('sizes follow the geometry', () => {
    const arm = { pageShift: 16, pmdOrder: 13 };
    const sizes = new Map([[asOrder(5), 'always' as const]]);
    const { parameters } = bootParameters({ ...defaultSettings(arm), sizes }, '6.18.0', arm);
    expect(parameters).toEqual(['transparent_hugepage=always', 'thp_anon=2M:always']);
    expect(geometryOfPmdOrder(9)).toEqual(x86_64);
  });
});
