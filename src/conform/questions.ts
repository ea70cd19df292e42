import { randomFrom } from '../core/base/random.ts';
import type { Geometry } from '../core/memory/geometry.ts';
import { emptyOccupancy, isEmpty } from '../core/memory/occupancy.ts';
import type { DaemonBatch } from './daemon/daemon-batch.ts';
import { daemonBatches } from './daemon/daemon-suite.ts';
import type { ProbeBatch, ProbeRange } from './probe/probe-batch.ts';
import type { BatchReport } from './probe/probe-report.ts';
import { selftestPasses, selftests } from './ranges/selftest.ts';
import { batchesOf } from './ranges/suites.ts';
import type { CacheSuite, Suite } from './suite-names.ts';

/** A batch of a suite. */
type ProbeQuestion = RangesQuestion | { readonly daemon: DaemonBatch };

/** What khugepaged or MADV_COLLAPSE makes of ranges. */
export interface RangesQuestion {
  readonly daemon?: undefined;
  readonly batch: ProbeBatch;
  readonly name?: string;
  /** What must hold of the real answer, whatever the model says. */
  readonly expects?: (report: BatchReport) => boolean;
}

/** All questions of a suite, and how many ranges they hold. */
export interface ProbeQuestions {
  readonly questions: Iterable<ProbeQuestion>;
  readonly ranges: number;
}

/**
 * The questions of a suite for a guest with these features. The random suites have as many ranges as they are
 * asked for, the selftest has its own.
 */
export function probeQuestions(
  suite: Exclude<Suite, 'fault' | CacheSuite>,
  ranges: number,
  seed: number,
  features: ReadonlySet<string>,
  geometry: Geometry,
): ProbeQuestions {
  if (suite === 'selftest') {
    const tests = selftests(geometry).filter(({ batch }) =>
      batch.ranges.every((range) => isPossible(range, features)),
    );
    const questions = tests.map((test) => ({
      name: test.name,
      batch: test.batch,
      expects: (report: BatchReport) => selftestPasses(test, report),
    }));
    const count = tests.reduce((sum, { batch }) => sum + batch.ranges.length, 0);
    return { questions, ranges: count };
  }
  const generate = function* (): Generator<ProbeQuestion> {
    const random = randomFrom(seed);
    if (suite === 'daemon') {
      for (const batch of daemonBatches(ranges, random, geometry))
        yield { daemon: possibleDaemon(batch, features) };
    } else {
      for (const batch of batchesOf(suite, ranges, random, geometry))
        yield { batch: possible(batch, features) };
    }
  };
  return { questions: generate(), ranges };
}

function isPossible(range: ProbeRange, features: ReadonlySet<string>): boolean {
  return (features.has('swap') || isEmpty(range.swap)) && (features.has('uffd') || !range.armed);
}

/** The batch without what the guest cannot do. */
function possible(batch: ProbeBatch, features: ReadonlySet<string>): ProbeBatch {
  return { ...batch, ranges: batch.ranges.map((range) => possibleRange(range, features, batch.geometry)) };
}

function possibleDaemon(batch: DaemonBatch, features: ReadonlySet<string>): DaemonBatch {
  const processes = batch.processes.map((areas) =>
    areas.map((area) => ({
      ...area,
      ranges: area.ranges.map((range) => possibleRange(range, features, batch.geometry)),
    })),
  );
  return { ...batch, processes };
}

function possibleRange(range: ProbeRange, features: ReadonlySet<string>, geometry: Geometry): ProbeRange {
  const none = emptyOccupancy(geometry);
  return {
    ...range,
    ...(features.has('swap') ? {} : { swap: none }),
    ...(features.has('uffd') ? {} : { armed: false, uffd: none }),
  };
}
