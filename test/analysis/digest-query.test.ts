import { expect, test } from 'vitest';
import { checkDigestModel } from '../../src/analysis/digest/digest-query.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { SWEPT_KERNEL_NAMES } from '../../src/core/rules/kernel-names.ts';

test('a digest answers for exactly the models that are named so', () => {
  const answered = Object.values(KERNEL_MODELS).filter((model) => checkDigestModel(model).ok);
  expect(answered.map(({ name }) => name)).toEqual(SWEPT_KERNEL_NAMES);
});
