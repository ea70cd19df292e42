import { expect, test } from 'vitest';
import type { ReadOn } from '../../src/analysis/reading/read-on.ts';
import { readOnKernel } from '../../src/analysis/reading/read-on.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import { kernelWords, otherKernelLine } from '../../src/render/words/kernel-words.ts';

const read = (release: string): ReadOn => readOnKernel(release, false);
const live = (release: string): ReadOn => readOnKernel(release, true);

test.each<[KernelModelName, ReadOn | undefined, string]>([
  ['linux-6.18', live('6.18.44-cloud'), 'Linux 6.18, which runs here,'],
  ['linux-6.18', read('6.18.44-cloud'), 'Linux 6.18, on which it was read,'],
  ['linux-6.18', read('6.12.48'), 'Linux 6.12, on which it was read (rules of linux-6.18),'],
  ['linux-6.6', live('5.15.0-91-generic'), 'Linux 5.15, which runs here (rules of linux-6.6),'],
  ['linux-7.3', live('7.5.1'), 'Linux 7.5, which runs here (rules of linux-7.3),'],
  ['linux-7.3', read('7.3.1, 7.3.4'), 'Linux 7.3, on which it was read,'],
  ['linux-7.3', read('7.3.1, 8.0.4'), 'Linux 7.3 and Linux 8.0, on which it was read (rules of linux-7.3),'],
  ['linux-7.3', read('6.18.44'), 'Linux 7.3 (--kernel)'],
  ['linux-7.3', read('7.3.4, 6.18.44'), 'Linux 7.3 (--kernel)'],
  ['scaled', live('7.2.13'), 'scaled (--kernel)'],
  ['linux-7.3', undefined, 'Linux 7.3'],
  ['linux-7.3', read('?'), 'Linux 7.3 (the newest: "?", on which it was read, is no release of Linux)'],
  ['linux-7.2', read('?'), 'Linux 7.2 (--kernel)'],
])('%s for memory read on %j: as %s decides', (model, readOn, words) => {
  expect(kernelWords(KERNEL_MODELS[model], readOn)).toBe(words);
});

test('who asks an older khugepaged learns how to ask the newest, and the other way round', () => {
  const line = (model: KernelModelName, readOn: ReadOn, pmdOrder = 9) =>
    otherKernelLine(KERNEL_MODELS[model], readOn, geometryOfPmdOrder(pmdOrder));
  expect(line('linux-6.18', live('6.18.44'))).toBe(
    'its khugepaged collapses to 2M only; --kernel linux-7.3 asks the newest, which collapses to all sizes',
  );
  expect(line('linux-7.3', read('6.18.44'))).toBe(
    'the memory was read on Linux 6.18, whose khugepaged collapses to 2M only: without --kernel it is asked',
  );
  expect(line('linux-7.3', read('7.2.13'))).toBeUndefined();
  // Without the flag it would be refused, for the two differ.
  expect(line('linux-7.3', read('6.18.44, 7.3.1'))).toBeUndefined();
});
