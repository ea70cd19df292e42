import { printable } from '../../../render/words/printable.ts';
import type { Context } from '../context.ts';

const ERASE_LINE = '\r\u001b[K';
const INTERVAL_MS = 100;
const BAR_CELLS = 20;

/** A line on stderr that says how far long work has come; silent unless stderr is a terminal. */
export interface Progress {
  /** `total` is undefined where nobody knows how much there will be. */
  show(done: number, total: number | undefined, what: string): void;
  /** Removes the line; nothing else may be written to a terminal before that. */
  clear(): void;
}

export function startProgress(context: Context): Progress {
  const { stderr } = context.process;
  if (!stderr.isTTY) return { show: () => {}, clear: () => {} };
  let last = Number.NEGATIVE_INFINITY;
  return {
    show(done, total, what) {
      const now = performance.now();
      if (now - last < INTERVAL_MS) return;
      last = now;
      const line = `${total ? `${bar(done / total)} ${done}/${total}` : done} ${printable(what)}`;
      stderr.write(ERASE_LINE + line.slice(0, stderr.columns - 1));
    },
    clear: () => void stderr.write(ERASE_LINE),
  };
}

function bar(share: number): string {
  const filled = Math.round(BAR_CELLS * Math.min(share, 1));
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}]`;
}
