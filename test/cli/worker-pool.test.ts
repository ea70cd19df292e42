import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runWorkers } from '../../src/cli/shared/worker-pool.ts';

/** A script as a worker gets it. */
const script = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);
const ENDLESS = `import { workerData } from 'node:worker_threads'; for (;;) Atomics.add(workerData, 0, 1);`;

/** Whether anything still counts. */
async function isCounting(counter: Int32Array): Promise<boolean> {
  const before = Atomics.load(counter, 0);
  await sleep(50);
  return Atomics.load(counter, 0) !== before;
}

test('what each worker posts comes back', async () => {
  const code = `import { parentPort, workerData } from 'node:worker_threads'; parentPort.postMessage(workerData + 1);`;
  const { signal } = new AbortController();
  expect(await runWorkers(script(code), 3, 41, signal, () => {})).toEqual([42, 42, 42]);
});

test('an abort ends every worker and throws its reason', async () => {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const stop = new AbortController();
  const run = runWorkers(script(ENDLESS), 3, counter, stop.signal, () => {
    if (Atomics.load(counter, 0) > 0) stop.abort(new Error('enough'));
  });
  await expect(run).rejects.toThrow('enough');
  expect(await isCounting(counter)).toBe(false);
});

test('a worker that fails ends the others', async () => {
  const counter = new Int32Array(new SharedArrayBuffer(8));
  const code = `import { workerData } from 'node:worker_threads';
    if (Atomics.add(workerData, 1, 1) === 1) throw new Error('broken');
    for (;;) Atomics.add(workerData, 0, 1);`;
  const { signal } = new AbortController();
  await expect(runWorkers(script(code), 2, counter, signal, () => {})).rejects.toThrow('broken');
  expect(await isCounting(counter)).toBe(false);
});
