// Snapshots of one process with so many ranges of memory, in four kinds, the same in every run.
import { x86_64 } from '../build/core/memory/geometry.js';
import { emptyOccupancy } from '../build/core/memory/occupancy.js';
import { pageFacts, plainRange } from '../build/core/memory/range-state.js';
import { writeSnapshot } from '../build/snapshot/writer.js';
import { fillOccupancy, generator } from './occupancies.mjs';

const RANGE_BYTES = 2 ** 21;
const NONE = emptyOccupancy(x86_64);
const SMALL = new Uint8Array(512);

/** Where ranges begin: nothing lies at address 0. */
export const FIRST_ADDRESS = 2 ** 40;

/** The state of the range with a number, but for its address. */
const RANGES = {
  /** Small pages in runs. */
  plain: (at) => plainRange(x86_64, mixed(at), SMALL),
  /** Aligned folios of 16K to 1M with holes; one range in 16 is 2M. */
  folios: folioRange,
  /** As plain, but one range in 100 has shared pages and swap entries. */
  p1: (at) => (at % 100 === 99 ? sharedAndSwapped(at) : RANGES.plain(at)),
  /** As plain, every page shared, as after fork. */
  shared: (at) => {
    const present = mixed(at);
    return factsOf({ present, shared: present });
  },
};

export const RECORDED_KINDS = Object.keys(RANGES);

/** Writes a snapshot of one process with so many ranges of a kind. */
export function record(path, kind, ranges) {
  const process = { pid: 1, startTime: 1, command: kind, cgroup: '', thpDisabled: false };
  const end = FIRST_ADDRESS + ranges * RANGE_BYTES;
  const vma = { start: FIRST_ADDRESS, end, name: '', anonymous: true, flags: [], thpEligible: undefined };
  async function* items() {
    yield { kind: 'process', process };
    yield { kind: 'vma', vma: { ...vma, rssBytes: 0, swapBytes: 0 } };
    for (let at = 0; at < ranges; at++)
      yield {
        kind: 'ranges',
        ranges: [{ ...RANGES[kind](at), address: FIRST_ADDRESS + at * RANGE_BYTES }],
      };
  }
  const host = { name: '', bootId: '', kernelRelease: '7.2.0', time: '2026-01-01T00:00:00.000Z' };
  return writeSnapshot(path, { host: { ...host, geometry: x86_64, settings: undefined }, items });
}

function mixed(at) {
  const present = new Uint32Array(16);
  fillOccupancy('mixed', present, at + 1);
  return present;
}

function factsOf({ present, swap = NONE, shared = NONE }, folioOrders = SMALL) {
  const facts = pageFacts({ present, swap }, (fact) => (fact === 'shared' ? shared : NONE));
  return { geometry: x86_64, facts, folioOrders, pmdMapped: false, uffdArmed: false };
}

function folioRange(at) {
  if (at % 16 === 15) {
    const facts = pageFacts({ present: new Uint32Array(16).fill(0xffffffff), swap: NONE }, () => NONE);
    const folioOrders = new Uint8Array(512).fill(9);
    return { geometry: x86_64, facts, folioOrders, pmdMapped: true, uffdArmed: false };
  }
  const random = generator(at + 1);
  const present = new Uint32Array(16);
  const orders = new Uint8Array(512);
  for (let page = 0; page < 512; ) {
    const fits = page === 0 ? 8 : Math.min(8, 31 - Math.clz32(page & -page));
    const order = fits < 2 ? 0 : 2 + (random() % (fits - 1));
    const size = 1 << order;
    if (random() % 4 > 0) {
      orders.fill(order, page, page + size);
      for (let i = page; i < page + size; i++) present[i >>> 5] |= 1 << (i & 31);
    }
    page += size;
  }
  return plainRange(x86_64, present, orders);
}

function sharedAndSwapped(at) {
  const random = generator(at + 1);
  const present = mixed(at);
  const shared = present.map((pages) => pages & random() & random());
  const swap = present.map((pages) => ~pages & random() & random() & random());
  return factsOf({ present, swap, shared });
}
