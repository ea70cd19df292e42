import { emptyOccupancy, isEmpty } from '../core/occupancy.ts';
import { LAB_GEOMETRY, type LabBatch, type LabRange } from './lab-batch.ts';
import { randomFrom } from './random.ts';
import type { BatchReport } from './report.ts';
import { selftestPasses, selftests } from './selftest.ts';
import { batchesOf, type Suite } from './suites.ts';

/** A batch of a suite. */
export interface LabQuestion {
  readonly batch: LabBatch;
  readonly name?: string;
  /** What must hold of the real answer, whatever the model says. */
  readonly expects?: (report: BatchReport) => boolean;
}

/** All questions of a suite, and how many ranges they hold. */
export interface LabQuestions extends Iterable<LabQuestion> {
  readonly ranges: number;
}

/**
 * The questions of a suite for a guest with these features. The random suites have as many ranges as they are asked for,
 * the selftest has its own.
 */
export function labQuestions(
  suite: Suite,
  ranges: number,
  seed: number,
  features: ReadonlySet<string>,
): LabQuestions {
  if (suite === 'selftest') {
    const tests = selftests().filter(({ batch }) =>
      batch.ranges.every((range) => isPossible(range, features)),
    );
    const questions = tests.map((test) => ({
      name: test.name,
      batch: test.batch,
      expects: (report: BatchReport) => selftestPasses(test, report),
    }));
    const count = tests.reduce((sum, { batch }) => sum + batch.ranges.length, 0);
    return Object.assign(questions, { ranges: count });
  }
  const generate = function* () {
    for (const batch of batchesOf(suite, ranges, randomFrom(seed)))
      yield { batch: possible(batch, features) };
  };
  return { ranges, [Symbol.iterator]: generate };
}

function isPossible(range: LabRange, features: ReadonlySet<string>): boolean {
  return (features.has('swap') || isEmpty(range.swap)) && (features.has('uffd') || !range.armed);
}

/** The batch without what the guest cannot do. */
function possible(batch: LabBatch, features: ReadonlySet<string>): LabBatch {
  const none = emptyOccupancy(LAB_GEOMETRY);
  const ranges = batch.ranges.map((range) => ({
    ...range,
    ...(features.has('swap') ? {} : { swap: none }),
    ...(features.has('uffd') ? {} : { armed: false, uffd: none }),
  }));
  return { ...batch, ranges };
}
