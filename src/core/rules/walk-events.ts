import type { Cpu } from './cpu.ts';

/** A raw event of a processor's performance counters. */
interface RawEvent {
  readonly name: string;
  /** As PERF_TYPE_RAW takes it: the event in bits 0-7, the unit mask in 8-15, the counter mask in 24-31. */
  readonly config: number;
}

/** What a processor counts of the walks of page tables that data accesses cause. */
export interface WalkEvents {
  /** Cycles in which a walk is under way, or walks. */
  readonly counts: 'cycles' | 'walks';
  readonly events: readonly RawEvent[];
  /** The list of events that has them. */
  readonly source: string;
}

/** What processes did in user mode while they were watched. */
export interface PageWalks {
  readonly cycles: number;
  /** Cycles with a page walk under way, or walks: see `events`. */
  readonly walks: number;
  readonly events: WalkEvents;
}

const LISTS = 'https://github.com/torvalds/linux/blob/master/tools/perf/pmu-events/arch/x86';

function raw(name: string, event: number, mask: number, counterMask = 0): RawEvent {
  return { name, config: event | (mask << 8) | (counterMask << 24) };
}

/** Cycles in which the one page walker is busy: Haswell, Broadwell. */
const WALK_DURATION: WalkEvents = {
  counts: 'cycles',
  events: [
    raw('DTLB_LOAD_MISSES.WALK_DURATION', 0x08, 0x10),
    raw('DTLB_STORE_MISSES.WALK_DURATION', 0x49, 0x10),
  ],
  source: `${LISTS}/broadwellx/virtual-memory.json`,
};

/** Cycles in which at least one page walker is busy: Skylake to Tiger Lake. */
const WALK_ACTIVE: WalkEvents = {
  counts: 'cycles',
  events: [
    raw('DTLB_LOAD_MISSES.WALK_ACTIVE', 0x08, 0x10, 1),
    raw('DTLB_STORE_MISSES.WALK_ACTIVE', 0x49, 0x10, 1),
  ],
  source: `${LISTS}/skylakex/virtual-memory.json`,
};

/** The same under other numbers: Sapphire, Emerald and Granite Rapids. */
const WALK_ACTIVE_GOLDEN_COVE: WalkEvents = {
  counts: 'cycles',
  events: [
    raw('DTLB_LOAD_MISSES.WALK_ACTIVE', 0x12, 0x10, 1),
    raw('DTLB_STORE_MISSES.WALK_ACTIVE', 0x13, 0x10, 1),
  ],
  source: `${LISTS}/sapphirerapids/virtual-memory.json`,
};

/** Zen counts the misses of the second data TLB, each of which asks for a walk, and not their cycles. */
const L2_DTLB_MISSES: WalkEvents = {
  counts: 'walks',
  events: [raw('ls_l1_d_tlb_miss.all_l2_miss', 0x45, 0xf0)],
  source: `${LISTS}/amdzen4/memory.json`,
};

/**
 * Models of Intel's family 6 by their numbers. Those with two kinds of cores (Alder Lake and later clients)
 * have two sets of counters and are left out.
 */
const INTEL_MODELS: readonly (readonly [events: WalkEvents, models: readonly number[]])[] = [
  [WALK_DURATION, [0x3c, 0x3f, 0x45, 0x46, 0x3d, 0x47, 0x4f, 0x56]],
  [WALK_ACTIVE, [0x4e, 0x5e, 0x55, 0x8e, 0x9e, 0xa5, 0xa6, 0x66, 0x6a, 0x6c, 0x7d, 0x7e, 0xa7, 0x8c, 0x8d]],
  [WALK_ACTIVE_GOLDEN_COVE, [0x8f, 0xcf, 0xad, 0xae]],
];

/** What a processor counts; `model` is that of /proc/cpuinfo. Undefined where it is not known. */
export function walkEventsOf({ vendor, family }: Cpu, model: number | undefined): WalkEvents | undefined {
  if (vendor === 'GenuineIntel' && family === 6 && model !== undefined)
    return INTEL_MODELS.find(([, models]) => models.includes(model))?.[0];
  // Zen to Zen 5; Hygon's are Zen as well.
  const isZen = vendor === 'AuthenticAMD' && family !== undefined && [0x17, 0x19, 0x1a].includes(family);
  return isZen ? L2_DTLB_MISSES : undefined;
}
