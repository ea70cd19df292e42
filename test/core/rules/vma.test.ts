import { describe, expect, test } from 'vitest';
import { x86_64 } from '../../../src/core/memory/geometry.ts';
import { asOrder, formatOrders } from '../../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../../src/core/rules/kernel-model.ts';
import {
  defaultSettings,
  enabledOrders,
  type ThpSettings,
  withOrdersAlways,
} from '../../../src/core/rules/thp-settings.ts';
import {
  coversRange,
  faultOrders,
  isUffdArmed,
  madviseOrders,
  possibleOrders,
  type Vma,
} from '../../../src/core/rules/vma.ts';
import { policyOf } from '../../support/ranges.ts';

const K = 1024;
const M = 1024 * K;
const everySize = withOrdersAlways(defaultSettings(x86_64), policyOf().orders);

function vmaOf(facts: Partial<Vma>): Vma {
  return {
    start: 0,
    end: 4 * M,
    name: '',
    anonymous: true,
    flags: [],
    thpEligible: undefined,
    rssBytes: 0,
    swapBytes: 0,
    ...facts,
  };
}

/** The orders of a VMA, or why it has none. */
function orders(facts: Partial<Vma>, settings: ThpSettings = everySize, thpDisabled = false): string {
  const { orders: possible, ineligible } = possibleOrders(
    vmaOf(facts),
    settings,
    KERNEL_MODELS['linux-7.2'],
    x86_64,
    thpDisabled,
  );
  return ineligible ?? formatOrders(possible);
}

// The steps are those of docs/khugepaged.md#possible-orders.
describe('step A: sizes enabled for a VMA', () => {
  const cases = [
    ['always', ['always', 'madvise', 'never'], '4', '4'],
    ['never', ['always', 'madvise', 'never'], 'none', 'none'],
    ['madvise', ['always', 'madvise', 'never'], 'none', '4'],
    ['inherit', ['always'], '4', '4'],
    ['inherit', ['madvise'], 'none', '4'],
    ['inherit', ['never'], 'none', 'none'],
  ] as const;
  for (const [word, topLevels, plain, advised] of cases) {
    for (const enabled of topLevels) {
      test(`64K ${word} under top level ${enabled}: ${plain}, with MADV_HUGEPAGE ${advised}`, () => {
        const settings: ThpSettings = {
          ...defaultSettings(x86_64),
          enabled,
          sizes: new Map([[asOrder(4), word]]),
        };
        expect(formatOrders(enabledOrders(settings, false, x86_64))).toBe(plain);
        expect(formatOrders(enabledOrders(settings, true, x86_64))).toBe(advised);
      });
    }
  }

  test('nothing enabled makes a VMA ineligible by settings', () => {
    const never: ThpSettings = { ...defaultSettings(x86_64), enabled: 'never' };
    expect(orders({}, never)).toBe('settings');
    expect(orders({ flags: ['hg'] }, never)).toBe('settings');
    const madvise: ThpSettings = { ...defaultSettings(x86_64), enabled: 'madvise' };
    expect([orders({}, madvise), orders({ flags: ['hg'] }, madvise)]).toEqual(['settings', '9']);
  });

  test('an untouched kernel enables the PMD size', () =>
    expect(orders({}, defaultSettings(x86_64))).toBe('9'));

  test('step B: orders that anonymous memory does not have are dropped', () => {
    const sizes = new Map([1, 2, 10].map((order) => [asOrder(order), 'always'] as const));
    expect(orders({}, { ...everySize, sizes })).toBe('2');
  });

  test('6.18 knows the PMD size alone', () => {
    const model = KERNEL_MODELS['linux-6.18'];
    const small = withOrdersAlways(everySize, policyOf({ orders: '2-8' }).orders);
    expect(possibleOrders(vmaOf({}), everySize, model, x86_64, false)).toEqual({ orders: 1 << 9 });
    expect(possibleOrders(vmaOf({}), small, model, x86_64, false)).toEqual({
      orders: 0,
      ineligible: 'kernel-sizes',
    });
    const advised: ThpSettings = { ...small, enabled: 'never', sizes: new Map([[asOrder(4), 'madvise']]) };
    expect(possibleOrders(vmaOf({}), advised, model, x86_64, false).ineligible).toBe('kernel-sizes');
    expect(orders({}, advised)).toBe('settings');
    const never: ThpSettings = { ...small, sizes: new Map() };
    expect(possibleOrders(vmaOf({}), never, model, x86_64, false).ineligible).toBe('settings');
  });
});

describe('a VMA is ineligible', () => {
  test('step D: with MADV_NOHUGEPAGE', () => expect(orders({ flags: ['nh'] })).toBe('nohugepage'));

  test('step D: with THP disabled by prctl, MADV_HUGEPAGE or not', () => {
    expect(orders({}, everySize, true)).toBe('prctl');
    expect(orders({ flags: ['hg'] }, everySize, true)).toBe('prctl');
  });

  for (const flag of ['io', 'de', 'pf', 'mm', 'ht']) {
    test(`step F: with the special flag ${flag}`, () =>
      expect(orders({ flags: ['rd', flag] })).toBe('special'));
  }

  test('step H: when it is not anonymous', () => expect(orders({ anonymous: false })).toBe('not-anonymous'));

  test('step I: when it is the stack that exec builds, which needs all three flags', () => {
    expect(orders({ flags: ['gd', 'sr', 'rr'] })).toBe('temporary-stack');
    expect(orders({ flags: ['gd'] })).toBe('2-9');
    expect(orders({ flags: ['sr', 'rr'] })).toBe('2-9');
  });
});

describe('step G: the size of a VMA', () => {
  test.for([
    ['2M aligned', 2 * M, 4 * M, '2-9'],
    ['2M not aligned', 2 * M + 4 * K, 4 * M + 4 * K, '2-8'],
    ['4M less a page, which holds one aligned 2M', 4 * K, 4 * M, '2-9'],
    ['64K aligned', 2 * M, 2 * M + 64 * K, '2-4'],
    ['64K less a page', 2 * M, 2 * M + 60 * K, '2-3'],
    ['16K not aligned', 4 * K, 20 * K, 'too-small'],
    ['a high address', 0x7fff_f000_0000, 0x7fff_f020_0000, '2-9'],
  ] as const)('%s', ([, start, end, expected]) => expect(orders({ start, end })).toBe(expected));

  test('drops the only enabled order', () => {
    expect(orders({ end: 2 * M - 4 * K }, defaultSettings(x86_64))).toBe('too-small');
  });
});

describe('MADV_COLLAPSE, whatever the settings', () => {
  const orders = (facts: Partial<Vma>, thpDisabled = false) => {
    const { orders: possible, ineligible } = madviseOrders(vmaOf(facts), x86_64, thpDisabled);
    return ineligible ?? formatOrders(possible);
  };

  test('has the PMD order, with MADV_HUGEPAGE or without, where a whole range lies in the VMA', () => {
    expect([orders({}), orders({ flags: ['hg'] }), orders({ start: 4 * K })]).toEqual(['9', '9', '9']);
    expect(orders({ start: 4 * K, end: 4 * M - 4 * K })).toBe('too-small');
  });

  test.for([
    ['nohugepage', { flags: ['nh'] }],
    ['special', { flags: ['io'] }],
    ['temporary-stack', { flags: ['gd', 'sr', 'rr'] }],
    ['not-anonymous', { anonymous: false }],
  ] as const)('is refused as %s', ([reason, facts]) => expect(orders(facts)).toBe(reason));

  test('is refused with THP disabled by prctl', () => expect(orders({ flags: ['hg'] }, true)).toBe('prctl'));
});

test('read-only and PROT_NONE VMAs are eligible', () => {
  expect(orders({ flags: ['rd', 'mr'] })).toBe('2-9');
  expect(orders({ flags: [] })).toBe('2-9');
});

test.for(['um', 'uw', 'ui'])('flag %s means that userfaultfd is armed', (flag) => {
  expect(isUffdArmed(vmaOf({ flags: ['rd', flag] }))).toBe(true);
  expect(isUffdArmed(vmaOf({ flags: ['rd'] }))).toBe(false);
});

test('a VMA covers a range only if the whole PMD range lies in it', () => {
  const vma = vmaOf({ start: 2 * M, end: 6 * M - 4 * K });
  expect([0, 2 * M, 4 * M].map((address) => coversRange(vma, address, x86_64))).toEqual([false, true, false]);
});

describe('orders of page faults', () => {
  const mixed: ThpSettings = {
    ...everySize,
    enabled: 'madvise',
    sizes: new Map([
      [asOrder(2), 'always'],
      [asOrder(4), 'madvise'],
      [asOrder(9), 'inherit'],
    ]),
  };

  function ofFaults(
    facts: Partial<Vma>,
    settings = mixed,
    thpDisabled = false,
    faults: 'pmd' | 'all' = 'all',
  ) {
    const model = { ...KERNEL_MODELS['linux-7.3'], faultOrders: faults };
    return formatOrders(faultOrders(vmaOf(facts), settings, model, x86_64, thpDisabled));
  }

  test('follow always, madvise and inherit', () => {
    expect(ofFaults({})).toBe('2');
    expect(ofFaults({ flags: ['hg'] })).toBe('2,4,9');
    expect(ofFaults({}, { ...mixed, enabled: 'always' })).toBe('2,9');
    expect(ofFaults({ flags: ['hg'] }, { ...mixed, enabled: 'never' })).toBe('2,4');
  });

  test('are the PMD order alone before 6.8', () => {
    expect(ofFaults({ flags: ['hg'] }, mixed, false, 'pmd')).toBe('9');
    expect(ofFaults({}, mixed, false, 'pmd')).toBe('none');
  });

  test('exist in a VMA that khugepaged finds too small', () => {
    expect(ofFaults({ start: 4 * K, end: 60 * K })).toBe('2');
    expect(ofFaults({ start: 4 * K, end: 12 * K })).toBe('2');
  });

  test('are none in a VMA that faults serve with small pages', () => {
    for (const flags of [['nh'], ['hg', 'um'], ['io'], ['gd', 'sr', 'rr']])
      expect(ofFaults({ flags })).toBe('none');
    expect(ofFaults({}, mixed, true)).toBe('none');
    expect(ofFaults({ anonymous: false })).toBe('none');
  });

  test('are the PMD order where userfaultfd only write-protects', () => {
    expect(ofFaults({ flags: ['hg', 'uw'] })).toBe('9');
    expect(ofFaults({ flags: ['uw'] })).toBe('none');
  });
});
