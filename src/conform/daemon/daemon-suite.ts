import { below, pick, type Random } from '../../core/base/random.ts';
import { type Geometry, pagesPerRange, rangeBytes, x86_64 } from '../../core/memory/geometry.ts';
import { emptyOccupancy, isEmpty } from '../../core/memory/occupancy.ts';
import { PROBE_GEOMETRY, type ProbeRange, probeRange } from '../probe/probe-batch.ts';
import { mixedRange, noneLimits, randomOrders, randomPages } from '../ranges/suites.ts';
import type { DaemonBatch, ProbeArea } from './daemon-batch.ts';

/** Batches for the whole daemon: `count` ranges or a few more in all. A seed reproduces them. */
export function* daemonBatches(
  count: number,
  random: Random,
  geometry: Geometry = PROBE_GEOMETRY,
): Generator<DaemonBatch> {
  for (let left = count; left > 0; ) {
    const batch = daemonBatch(random, geometry);
    left -= batch.processes.flat().reduce((sum, area) => sum + area.ranges.length, 0);
    yield batch;
  }
}

/** Of ranges larger than 2M a guest holds few. */
function most(count: number, geometry: Geometry): number {
  return rangeBytes(geometry) > rangeBytes(x86_64) ? Math.min(2, count) : count;
}

function daemonBatch(random: Random, geometry: Geometry): DaemonBatch {
  const several = (count: number, make: () => ProbeArea | ProbeArea[]) =>
    Array.from({ length: 1 + below(most(count, geometry), random) }, make);
  const pages = pagesPerRange(geometry);
  return {
    geometry,
    orders: randomOrders(random, geometry),
    maxPtesNone: pick(noneLimits(geometry), random),
    maxPtesSwap: pick([0, 3, pages / 8, pages - 1], random),
    maxPtesShared: pick([0, pages / 2], random),
    // From one range a wake-up to all at once, and such that a wake-up ends in the middle of a process.
    pagesToScan: pick(
      [1, somePages(geometry), pages, pages + 1, Math.floor(2.15 * pages), 8 * pages, 1 << 24],
      random,
    ),
    scans: 2 + below(2, random),
    // Takes some seconds to make.
    freeOrder:
      random() < 0.1
        ? pick(
            [2, 4, 6, 8].filter((order) => order < geometry.pmdOrder),
            random,
          )
        : 0,
    processes: several(
      4,
      () => several(3, () => randomArea(random, geometry)) as ProbeArea[],
    ) as ProbeArea[][],
  };
}

/** Some pages, and not all of a range. */
function somePages(geometry: Geometry): number {
  return Math.min(100, pagesPerRange(geometry) / 2);
}

function randomArea(random: Random, geometry: Geometry): ProbeArea {
  const ranges = Array.from({ length: 1 + below(most(6, geometry), random) }, () =>
    randomRange(random, geometry),
  );
  const edge = () => pick([0, 0, 3, somePages(geometry), pagesPerRange(geometry) - 1], random);
  return {
    lead: edge(),
    tail: edge(),
    advised: random() < 0.85,
    // Now and then an area that was never written: khugepaged does not count it among those it scans.
    ranges: random() < 0.1 ? [probeRange({ zero: randomPages(random, geometry) }, geometry)] : ranges,
  };
}

/** Conditions that a simulated machine can be put into, too. */
function randomRange(random: Random, geometry: Geometry): ProbeRange {
  if (random() < 0.3) return probeRange({ present: randomPages(random, geometry) }, geometry);
  if (random() < 0.1) return probeRange({}, geometry);
  for (;;) {
    const range = mixedRange(random, false, geometry);
    const isWhole = range.folioOrder === geometry.pmdOrder && !range.split;
    if (isEmpty(range.outside) && !range.armed && !range.scattered) {
      // A range that is mapped by a PMD takes its facts whole.
      return isWhole ? { ...range, unreferenced: emptyOccupancy(geometry) } : range;
    }
  }
}
