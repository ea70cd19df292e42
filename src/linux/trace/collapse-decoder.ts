import type { CollapseEvent } from '../../core/rules/collapse-events.ts';
import { fieldReader, type ReadField, type TraceFormat } from './format.ts';

/** Makes an event of a record; `atNs` and `task` are those of the record. */
type Decode = (view: DataView, record: number, atNs: number, task: number) => CollapseEvent;

/** What one event of the kernel becomes. */
interface Source {
  readonly system: string;
  readonly event: string;
  readonly decode: (format: TraceFormat) => Decode;
}

/** Collapses of anonymous memory. */
export const COLLAPSE_EVENTS: readonly Source[] = [
  { system: 'huge_memory', event: 'mm_khugepaged_scan_pmd', decode: scanDecoder },
  { system: 'huge_memory', event: 'mm_collapse_huge_page', decode: attemptDecoder },
  { system: 'huge_memory', event: 'mm_collapse_huge_page_isolate', decode: isolateDecoder },
  { system: 'huge_memory', event: 'mm_collapse_huge_page_swapin', decode: swapinDecoder },
  // Since 7.2.
  { system: 'huge_memory', event: 'mm_khugepaged_scan', decode: passDecoder },
];

/** The mmap lock of an address space: waited for, held, released. */
export const LOCK_EVENTS: readonly Source[] = (
  [
    ['mmap_lock_start_locking', 'wait'],
    ['mmap_lock_acquire_returned', 'held'],
    ['mmap_lock_released', 'released'],
  ] as const
).map(([event, step]) => ({ system: 'mmap_lock', event, decode: (format) => lockDecoder(format, step) }));

/** Makes events of the records of a trace, as the formats of the kernel that wrote them say. */
export class CollapseDecoder {
  readonly #decoders = new Map<number, { readonly task: ReadField; readonly decode: Decode }>();

  /** `formatOf` knows nothing of events that the kernel does not have. */
  constructor(formatOf: (system: string, event: string) => TraceFormat | undefined) {
    for (const { system, event, decode } of [...COLLAPSE_EVENTS, ...LOCK_EVENTS]) {
      const format = formatOf(system, event);
      if (format)
        this.#decoders.set(format.id, { task: fieldReader(format, 'common_pid'), decode: decode(format) });
    }
  }

  /** The event of a record; undefined for records of other events. */
  decode(view: DataView, record: number, atNs: number): CollapseEvent | undefined {
    // The number of its format comes first in every record.
    const decoder = this.#decoders.get(view.getUint16(record, true));
    return decoder?.decode(view, record, atNs, decoder.task(view, record) ?? 0);
  }
}

function scanDecoder(format: TraceFormat): Decode {
  const [mm, noneOrZero] = readersOf(format, 'mm', 'none_or_zero');
  const status = statusReader(format);
  return (view, record, atNs, task) => ({
    kind: 'scan',
    atNs,
    task,
    mm: mm(view, record) ?? 0,
    status: status(view, record),
    noneOrZero: noneOrZero(view, record),
  });
}

function attemptDecoder(format: TraceFormat): Decode {
  const [mm, order] = readersOf(format, 'mm', 'order');
  const status = statusReader(format);
  return (view, record, atNs, task) => ({
    kind: 'attempt',
    atNs,
    task,
    mm: mm(view, record) ?? 0,
    status: status(view, record),
    order: order(view, record),
  });
}

function isolateDecoder(format: TraceFormat): Decode {
  const [noneOrZero, order] = readersOf(format, 'none_or_zero', 'order');
  const status = statusReader(format);
  return (view, record, atNs, task) => ({
    kind: 'isolate',
    atNs,
    task,
    status: status(view, record),
    noneOrZero: noneOrZero(view, record),
    order: order(view, record),
  });
}

function swapinDecoder(format: TraceFormat): Decode {
  const [mm, swappedIn] = readersOf(format, 'mm', 'swapped_in');
  return (view, record, atNs, task) => ({
    kind: 'swapin',
    atNs,
    task,
    mm: mm(view, record) ?? 0,
    swappedIn: swappedIn(view, record) ?? 0,
  });
}

function passDecoder(format: TraceFormat): Decode {
  const [mm, progress, isRound] = readersOf(format, 'mm', 'progress', 'full_scan_finished');
  return (view, record, atNs, task) => ({
    kind: 'pass',
    atNs,
    task,
    mm: mm(view, record) ?? 0,
    progress: progress(view, record) ?? 0,
    isRound: (isRound(view, record) ?? 0) !== 0,
  });
}

function lockDecoder(format: TraceFormat, step: 'wait' | 'held' | 'released'): Decode {
  const [mm, write, success] = readersOf(format, 'mm', 'write', 'success');
  return (view, record, atNs, task) => ({
    kind: 'lock',
    atNs,
    task,
    mm: mm(view, record) ?? 0,
    // What was not got is as if it had been given back.
    step: step === 'held' && success(view, record) === 0 ? 'released' : step,
    isWrite: write(view, record) === 1,
  });
}

function readersOf(format: TraceFormat, ...names: string[]) {
  return names.map((name) => fieldReader(format, name));
}

/** The word of the kernel for the field `status`; its number where it has none. */
function statusReader(format: TraceFormat): (view: DataView, record: number) => string {
  const status = fieldReader(format, 'status');
  const words = format.words.get('status');
  return (view, record) => {
    const number = status(view, record);
    return number === undefined ? 'unknown' : (words?.get(number) ?? String(number));
  };
}
