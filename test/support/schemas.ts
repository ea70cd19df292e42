import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';

/** Fails with what is wrong if a value does not conform to a published schema. */
export function expectSchema(
  name:
    | 'predict'
    | 'explain'
    | 'faults'
    | 'range-answer'
    | 'range-line'
    | 'conform'
    | 'scenario'
    | 'simulate'
    | 'verify'
    | 'compare'
    | 'apply'
    | 'apply-collapse'
    | 'diff'
    | 'diff-series'
    | 'diff-digest'
    | 'digest'
    | 'sweep'
    | 'advise'
    | 'serve'
    | 'capture'
    | 'digested'
    | 'report'
    | 'scenarios'
    | 'metrics'
    | 'fleet-top'
    | 'fleet-history'
    | 'collect'
    | 'watch',
  value: unknown,
): void {
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
  const schema = JSON.parse(
    readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8'),
  );
  const validate = ajv.compile(schema);
  validate(value);
  expect(validate.errors ?? []).toEqual([]);
}
