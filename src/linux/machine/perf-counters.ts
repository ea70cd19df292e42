import { closeSync, readSync } from 'node:fs';
import { loadKoffi } from '../kernel/koffi.ts';

/** What to count: a type and a number of perf_event_attr. */
export interface CountedEvent {
  readonly type: 'hardware' | 'software' | 'raw';
  readonly config: number;
}

/** A counter of one thread and of what it starts later. It counts from its opening on. */
export interface PerfCounter {
  /** The count so far; scaled up where the counter was shared, undefined where it never ran. */
  read(): number | undefined;
  close(): void;
}

/** Opens a counter of a thread; or the errno, which is positive. */
export type OpenCounter = (event: CountedEvent, tid: number) => PerfCounter | number;

/** System call numbers of perf_event_open. */
const PERF_EVENT_OPEN: Partial<Record<NodeJS.Architecture, number>> = { x64: 298, arm64: 241, riscv64: 241 };

const TYPES = { hardware: 0, software: 1, raw: 4 } as const;
/** struct perf_event_attr in its first version. */
const ATTR_BYTES = 64;
const ANY_CPU = -1;
const NO_GROUP = -1;
const CLOSE_ON_EXEC = 8;
/** PERF_FORMAT_TOTAL_TIME_ENABLED and PERF_FORMAT_TOTAL_TIME_RUNNING. */
const WITH_TIMES = 3n;
/** inherit, exclude_kernel, exclude_hv: perf_event_paranoid allows users no more of their own processes. */
const FLAGS = (1n << 1n) | (1n << 5n) | (1n << 6n);

/** perf_event_open through koffi; undefined where either is missing. */
export async function loadPerfCounters(): Promise<OpenCounter | undefined> {
  const number = PERF_EVENT_OPEN[process.arch];
  const koffi = await loadKoffi();
  if (!koffi || number === undefined) return undefined;
  const syscall = koffi
    .load(null)
    .func('long syscall(long number, void *attr, long pid, long cpu, long group, unsigned long flags)');
  return (event, tid) => {
    const fd: number = syscall(number, attributes(event), tid, ANY_CPU, NO_GROUP, CLOSE_ON_EXEC);
    return fd < 0 ? koffi.errno() : new ThreadCounter(fd);
  };
}

function attributes({ type, config }: CountedEvent): Uint8Array {
  const attr = new Uint8Array(ATTR_BYTES);
  const view = new DataView(attr.buffer);
  view.setUint32(0, TYPES[type], true);
  view.setUint32(4, ATTR_BYTES, true);
  view.setBigUint64(8, BigInt(config), true);
  view.setBigUint64(32, WITH_TIMES, true);
  view.setBigUint64(40, FLAGS, true);
  return attr;
}

class ThreadCounter implements PerfCounter {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  read(): number | undefined {
    const values = new BigUint64Array(3);
    readSync(this.#fd, new Uint8Array(values.buffer), 0, values.byteLength, null);
    return scaledCount(values);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** A count and the times for which it was wanted and did count, as the kernel hands them out. */
export function scaledCount([count, enabled, running]: BigUint64Array): number | undefined {
  if (running === 0n) return enabled === 0n ? 0 : undefined;
  return (Number(count) * Number(enabled)) / Number(running);
}
