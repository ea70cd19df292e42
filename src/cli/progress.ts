import type { Context } from './context.ts';

const ERASE_LINE = '\r\u001b[K';
const INTERVAL_MS = 100;

/** A line on stderr that says how far long work has come; silent unless stderr is a terminal. */
export interface Progress {
  show(done: number, total: number, what: string): void;
  /** Removes the line; nothing else may be written to a terminal before that. */
  clear(): void;
}

const BAR_CELLS = 20;

export function startProgress(context: Context): Progress {
  const { stderr } = context.process;
  if (!stderr.isTTY) return { show: () => {}, clear: () => {} };
  let last = 0;
  return {
    show(done, total, what) {
      const now = performance.now();
      if (now - last < INTERVAL_MS) return;
      last = now;
      const filled = Math.round((BAR_CELLS * done) / Math.max(total, 1));
      const bar = `${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}`;
      stderr.write(`${ERASE_LINE}[${bar}] ${done}/${total} ${what}`.slice(0, stderr.columns));
    },
    clear: () => void stderr.write(ERASE_LINE),
  };
}
