/** Where a page of a ring buffer has what, as the file `events/header_page` says. */
export interface RingPage {
  readonly commitOffset: number;
  readonly dataOffset: number;
  readonly dataBytes: number;
}

/** Types of entries that are no records (linux/ring_buffer.h). */
const PADDING = 29;
const TIME_EXTEND = 30;
const TIME_STAMP = 31;
/** The commit word also says whether events before it were lost. */
const COMMIT_MASK = 0x0fffffff;
/** Absolute times leave out their upper bits. */
const STAMP_BITS = 2 ** 59;

/** Reads `events/header_page`; undefined where it is none. */
export function parseRingPage(text: string): RingPage | undefined {
  const offsetOf = (name: string) =>
    new RegExp(`\\b${name};\\s*offset:(\\d+);\\s*size:(\\d+);`).exec(text)?.slice(1).map(Number);
  const [commit, data] = [offsetOf('commit'), offsetOf('data')];
  if (!commit || !data) return undefined;
  return { commitOffset: commit[0], dataOffset: data[0], dataBytes: data[1] };
}

/** Takes a record: where it starts, and its time in ns of the clock of the trace. */
export type TakeRecord = (view: DataView, record: number, atNs: number) => void;

/**
 * Hands out the records of one page of trace_pipe_raw, oldest first. Entries are 4 bytes of type and time
 * since the one before, and their data (Documentation/trace/ring-buffer-design.rst, linux/ring_buffer.h).
 */
export function readRingPage(view: DataView, page: RingPage, take: TakeRecord): void {
  const { commitOffset, dataOffset, dataBytes } = page;
  let atNs = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  const filled = view.getUint32(commitOffset, true) & COMMIT_MASK;
  const end = dataOffset + Math.min(filled, dataBytes);
  for (let at = dataOffset; at + 4 <= end; ) {
    const header = view.getUint32(at, true);
    const type = header & 31;
    const delta = header >>> 5;
    if (type === PADDING) {
      if (delta === 0) return;
      at += 4 + view.getUint32(at + 4, true);
    } else if (type === TIME_EXTEND) {
      atNs += view.getUint32(at + 4, true) * 2 ** 27 + delta;
      at += 8;
    } else if (type === TIME_STAMP) {
      atNs = Math.floor(atNs / STAMP_BITS) * STAMP_BITS + view.getUint32(at + 4, true) * 2 ** 27 + delta;
      at += 8;
    } else {
      atNs += delta;
      const [record, bytes] = type === 0 ? [at + 8, view.getUint32(at + 4, true) - 4] : [at + 4, 4 * type];
      if (record + bytes > end) return;
      take(view, record, atNs);
      at = record + bytes;
    }
  }
}
