import { describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { Machine } from '../../src/machine/machine.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';

const PAGE = 4096;

/** Where in a PMD range of 512 pages a mapping begins. */
const offsetOf = (address: number) => (address / PAGE) % 512;

describe('mmap without an address', () => {
  // Observed on 7.2.13 and 7.3.4.
  test.each([
    [511, 1],
    [512, 0],
    [513, 511],
    [2563, 509],
  ])('of %i pages begins at page %i of a range', (pages, offset) => {
    const machine = new Machine({ geometry: x86_64, nodes: [1024] });
    const mm = machine.createMm('process');
    expect(offsetOf(mmap(machine, mm, { bytes: pages * PAGE }))).toBe(offset);
  });

  test('goes below what is there, and into the highest gap that fits', () => {
    const machine = new Machine({ geometry: x86_64, nodes: [1024] });
    const mm = machine.createMm('process');
    const small = mmap(machine, mm, { bytes: 3 * PAGE, name: 'small' });
    const huge = mmap(machine, mm, { bytes: 1024 * PAGE, name: 'huge' });
    expect([huge < small, offsetOf(huge), small - huge - 1024 * PAGE]).toEqual([true, 0, 509 * PAGE]);
    expect(mmap(machine, mm, { bytes: 509 * PAGE, name: 'gap' })).toBe(small - 509 * PAGE);
    expect(mmap(machine, mm, { bytes: PAGE, name: 'below' })).toBe(huge - PAGE);
  });
});
