import { Worker } from 'node:worker_threads';

/** What workers share: places in an Int32Array that they count up. */
export const SHARED = { next: 0, done: 1 } as const;

export function sharedCounters(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(8));
}

const POLL_MS = 100;

/**
 * Runs a script in `count` worker threads with the same data and returns what each posts last. Once the
 * signal aborts, or one fails, no worker is left and the reason is thrown. `onPoll` is called ten times a
 * second.
 */
export async function runWorkers<T>(
  script: URL,
  count: number,
  data: unknown,
  signal: AbortSignal,
  onPoll: () => void,
): Promise<T[]> {
  signal.throwIfAborted();
  const workers = Array.from({ length: count }, () => new Worker(script, { workerData: data }));
  const poll = setInterval(onPoll, POLL_MS);
  let abort: () => void = () => {};
  try {
    const aborted = new Promise<never>((_, reject) => {
      abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
    });
    return await Promise.race([Promise.all(workers.map((worker) => resultOf<T>(worker))), aborted]);
  } finally {
    clearInterval(poll);
    signal.removeEventListener('abort', abort);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function resultOf<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    let result: { readonly value: T } | undefined;
    worker.on('message', (value: T) => (result = { value }));
    worker.on('error', reject);
    worker.on('exit', (code) => {
      if (result) resolve(result.value);
      else reject(new Error(`bug: a worker ended with ${code} and no result`));
    });
  });
}
