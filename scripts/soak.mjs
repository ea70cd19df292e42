// Does the same again and again while processes come and go, and fails where something grows:
//   node scripts/soak.mjs serve 10000     refreshes of a server with live sources, which a page hears of
//   node scripts/soak.mjs capture 1000    captures by the command
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { captureProcesses } from '../build/cli/shared/memory/capture-processes.js';
import { startServer } from '../build/server/listen.js';

const PROCESSES = 6;
/** What memory may grow by between two measurements: caches that fill late, and what V8 keeps of code. */
const MOST_GROWTH_BYTES = 8 * 2 ** 20;
/** The same of all that the process has, where V8 gives some back late: what C allocates is in this alone. */
const MOST_RESIDENT_GROWTH_BYTES = 64 * 2 ** 20;
/** Shares of the work after which is measured. */
const MEASURED = [0.25, 0.5, 0.75, 1];

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
const folder = mkdtempSync(join(tmpdir(), 'thpscope-soak-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const [what, times] = [process.argv[2], Number(process.argv[3])];
/** Seconds: some end while they are read, some before. */
const shortest = what === 'serve' ? 0.02 : 0.2;

/** Processes that live a moment, each followed by another. */
const living = new Set();
let ending = false;
for (let i = 0; i < PROCESSES; i++) follow();
function follow() {
  const child = spawn('sleep', [String(shortest * (1 + 5 * Math.random()))], { stdio: 'ignore' });
  living.add(child.pid);
  child.on('exit', () => {
    living.delete(child.pid);
    if (!ending) follow();
  });
}

const context = { process, command: 'serve', deadlines: { step: 1, silence: 1 }, kernelRoot: '' };
const begun = performance.now();
const wrong = what === 'serve' ? await soakServer() : await soakCapture();
ending = true;
console.log(
  `${times} times in ${((performance.now() - begun) / 1000).toFixed(0)} s: ${wrong ?? 'nothing grows'}`,
);
process.exit(wrong === undefined ? 0 : 1);

async function soakServer() {
  let refreshes = 0;
  const outcomes = { read: 0, gone: 0 };
  const live = (name, flags) => {
    const path = join(folder, `${name}.parquet`);
    const refresh = async (signal) => {
      const result = await captureProcesses(context, flags(), path, { signal });
      outcomes[result.ok ? 'read' : 'gone']++;
      refreshes++;
      return result;
    };
    return { name, path, refresh };
  };
  const sources = [
    live('this', () => ({ pid: [process.pid] })),
    live('many', () => ({ pid: [...living, process.pid] })),
    live('one', () => ({ pid: [[...living][0] ?? 1] })),
  ];
  const server = await startServer(sources, { port: 0, webFolder: 'dist/web', refreshMs: 1 });
  if (!server.ok) return server.failure.message;
  const samples = [];
  for (const share of MEASURED) {
    // A page that comes and goes.
    const page = new AbortController();
    const response = await fetch(new URL('events', server.value.url), { signal: page.signal });
    const heard = (async () => {
      for await (const _ of response.body);
    })().catch(() => {});
    while (refreshes < share * times) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await take(new URL('sources/0', server.value.url));
    }
    page.abort();
    await heard;
    await new Promise((resolve) => setTimeout(resolve, 200));
    samples.push(measure());
  }
  await server.value.close();
  console.log(`${outcomes.read} readings, ${outcomes.gone} of processes that were gone`);
  return growthIn(samples);
}

/** Takes an answer over a connection of its own, which nobody closes meanwhile. */
async function take(url) {
  const request = get(url, { agent: false });
  const [answer] = await once(request, 'response');
  answer.resume();
  await once(answer, 'end');
}

function measure() {
  collectGarbage();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  const sample = {
    memory: heapUsed + arrayBuffers,
    rss,
    descriptors: readdirSync('/proc/self/fd').length,
    timers: process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length,
  };
  const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(1);
  console.log(
    `memory ${megabytes(sample.memory)}M (resident ${megabytes(sample.rss)}M), ${sample.descriptors} descriptors, ${sample.timers} timers`,
  );
  return sample;
}

function growthIn([first, ...rest]) {
  const last = rest.at(-1);
  if (last.memory > first.memory + MOST_GROWTH_BYTES) return 'memory grows';
  if (last.rss > first.rss + MOST_RESIDENT_GROWTH_BYTES) return 'resident memory grows';
  // Processes that start and end have some at times.
  if (last.descriptors > first.descriptors + 2 * PROCESSES) return 'descriptors grow';
  if (last.timers > first.timers + 2) return 'timers grow';
}

async function soakCapture() {
  const codes = new Map();
  const path = join(folder, 'capture.parquet');
  for (let i = 0; i < times; i++) {
    const pids = i % 2 === 0 ? [...living] : [...living].slice(0, 1);
    const child = spawn(
      process.execPath,
      ['dist/cli/main.js', 'capture', '-p', pids.join() || '1', '-o', path],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
    const [code] = await once(child, 'close');
    codes.set(code, (codes.get(code) ?? 0) + 1);
    if (![0, 3, 5].includes(code)) return `exit code ${code}: ${said}`;
    if (said === '' || /NaN|undefined|\n {4}at /.test(said)) return `says ${JSON.stringify(said)}`;
    const files = readdirSync(folder);
    if (files.some((name) => name !== 'capture.parquet')) return `leaves ${files.join(' ')}`;
    if (code === 0 && statSync(path).size === 0) return 'an empty snapshot';
  }
  console.log([...codes].map(([code, count]) => `exit code ${code}: ${count}`).join(', '));
}
