import { below, pick, type Random } from '../core/base/random.ts';
import { isEmpty } from '../core/memory/occupancy.ts';
import type { DaemonBatch, ProbeArea } from './daemon-batch.ts';
import { PROBE_GEOMETRY, type ProbeRange, probeRange } from './probe-batch.ts';
import { mixedRange, noneLimits, randomOrders, randomPages } from './suites.ts';

/** Batches for the whole daemon: `count` ranges or a few more in all. A seed reproduces them. */
export function* daemonBatches(count: number, random: Random): Generator<DaemonBatch> {
  for (let left = count; left > 0; ) {
    const batch = daemonBatch(random);
    left -= batch.processes.flat().reduce((sum, area) => sum + area.ranges.length, 0);
    yield batch;
  }
}

function daemonBatch(random: Random): DaemonBatch {
  const several = (most: number, make: () => ProbeArea | ProbeArea[]) =>
    Array.from({ length: 1 + below(most, random) }, make);
  return {
    orders: randomOrders(random, PROBE_GEOMETRY),
    maxPtesNone: pick(noneLimits(PROBE_GEOMETRY), random),
    maxPtesSwap: pick([0, 3, 64, 511], random),
    maxPtesShared: pick([0, 256], random),
    // From one range a wake-up to all at once, and such that a wake-up ends in the middle of a process.
    pagesToScan: pick([1, 100, 512, 513, 1100, 4096, 1 << 24], random),
    scans: 2 + below(2, random),
    // Takes some seconds to make.
    freeOrder: random() < 0.1 ? pick([2, 4, 6, 8], random) : 0,
    processes: several(4, () => several(3, () => randomArea(random)) as ProbeArea[]) as ProbeArea[][],
  };
}

function randomArea(random: Random): ProbeArea {
  const ranges = Array.from({ length: 1 + below(6, random) }, () => randomRange(random));
  const edge = () => pick([0, 0, 3, 100, 511], random);
  return {
    lead: edge(),
    tail: edge(),
    advised: random() < 0.85,
    // Now and then an area that was never written: khugepaged does not count it among those it scans.
    ranges: random() < 0.1 ? [probeRange({ zero: randomPages(random, PROBE_GEOMETRY) })] : ranges,
  };
}

/** Conditions that a simulated machine can be put into, too. */
function randomRange(random: Random): ProbeRange {
  if (random() < 0.3) return probeRange({ present: randomPages(random, PROBE_GEOMETRY) });
  if (random() < 0.1) return probeRange({});
  for (;;) {
    const range = mixedRange(random, false, PROBE_GEOMETRY);
    const isWhole = range.folioOrder === PROBE_GEOMETRY.pmdOrder && !range.split;
    if (isEmpty(range.outside) && !range.armed && !range.scattered) {
      // A range that is mapped by a PMD takes its facts whole.
      return isWhole ? { ...range, unreferenced: probeRange({}).unreferenced } : range;
    }
  }
}
