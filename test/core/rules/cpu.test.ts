import { expect, test } from 'vitest';
import { type Cpu, commonCpu } from '../../../src/core/rules/cpu.ts';

const zen: Cpu = { architecture: 'x86_64', vendor: 'AuthenticAMD', family: 25, modelName: 'AMD EPYC' };

test('machines have a processor in common only where all have the same', () => {
  expect(commonCpu([zen])).toEqual(zen);
  expect(commonCpu([zen, { ...zen }])).toEqual(zen);
  expect(commonCpu([zen, { ...zen, family: 26 }])).toBeUndefined();
  expect(commonCpu([zen, undefined])).toBeUndefined();
  expect(commonCpu([undefined, zen])).toBeUndefined();
  expect(commonCpu([])).toBeUndefined();
});
