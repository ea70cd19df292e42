import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { listenTo } from '../server/events.ts';
import { PROGRAM, SCRIPT } from '../support/built-command.ts';
import { slice } from '../support/slice.ts';

/**
 * Each signal in each state. That it ends within a second is measured and printed, not tested: a busy machine
 * may take longer. That it ends at all, and leaves nothing, is tested.
 */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const SNAPSHOT = 'examples/redis.parquet';

const root = mkdtempSync(join(tmpdir(), 'thpscope-signals-'));
afterAll(() => rmSync(root, { recursive: true }));

const endless = join(root, 'endless.json');
writeFileSync(
  endless,
  JSON.stringify({
    version: 2,
    title: 't',
    machine: { memory: '1G' },
    processes: [{ name: 'a', mappings: [{ name: 'm', size: '128T' }] }],
    events: [{ at: '0s', process: 'a', do: 'touch', mapping: 'm' }],
  }),
);

/** A browser that never comes back. */
const bin = join(root, 'bin');
mkdirSync(bin);
for (const opener of ['xdg-open', 'open']) {
  writeFileSync(join(bin, opener), '#!/bin/sh\nexec sleep 5\n');
  chmodSync(join(bin, opener), 0o755);
}

interface Started {
  readonly child: ChildProcess;
  /** The address of the page, once a server has printed it. */
  readonly page: () => Promise<URL>;
  /** Where outputs go, and what is temporary. */
  readonly folder: string;
}

interface State {
  readonly name: string;
  /** OUT is a file in the folder. */
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  /** Brings the command into the state; what it gives is called at the end. */
  readonly enter: (started: Started) => Promise<void | (() => void)>;
}

const afterAWhile = async () => void (await wait(500));
const untilPartial = async ({ folder, child }: Started) => {
  const isWriting = () => readdirSync(folder).some((name) => name.endsWith('.partial'));
  while (!isWriting() && child.exitCode === null) await wait(5);
};

/** Asks a server for something and takes nothing of the answer. */
function ask(url: URL, method: string): () => void {
  const request = httpRequest(url, { method, agent: false }).on('error', () => {});
  request.on('response', (response) => response.pause());
  request.end();
  return () => request.destroy();
}

const own = ['-p', String(process.pid), '--refresh', '1'];
const serve = (...args: string[]) => ['serve', ...args, '--no-open'];
const STATES: State[] = [
  { name: 'serve, which reads for the first time', args: serve('--all'), enter: () => wait(400) },
  {
    name: 'serve, to which nobody listens',
    args: serve(SNAPSHOT),
    enter: async ({ page }) => void (await page()),
  },
  {
    name: 'serve of a process, to which nobody listens',
    args: serve(...own),
    enter: async ({ page }) => void (await page()),
  },
  {
    name: 'serve, to which a page listens',
    args: serve(...own),
    enter: async ({ page }) => {
      const events = await listenTo(String(await page()));
      await events.next();
    },
  },
  {
    name: 'serve, to which many pages listen',
    args: serve(...own),
    enter: async ({ page }) => {
      const url = String(await page());
      await Promise.all(Array.from({ length: 20 }, () => listenTo(url)));
    },
  },
  {
    name: 'serve, which reads again',
    args: serve('--all', '--refresh', '1'),
    enter: async ({ page }) => {
      const events = await listenTo(String(await page()));
      await events.next();
      await wait(1100);
    },
  },
  {
    name: 'serve after HEAD of the events',
    args: serve(...own),
    enter: async ({ page }) => void (await fetch(new URL('events', await page()), { method: 'HEAD' })),
  },
  {
    name: 'serve, from which somebody asks and does not read',
    args: serve(SNAPSHOT, ...own),
    enter: async ({ page }) => {
      const url = await page();
      const stops = ['events', 'sources/0', 'sources/1', ''].map((path) => ask(new URL(path, url), 'GET'));
      await wait(200);
      return () => stops.forEach((stop) => stop());
    },
  },
  {
    name: 'serve, to which somebody has connected and says nothing',
    args: serve(...own),
    enter: async ({ page }) => {
      const url = await page();
      const socket = connect(Number(url.port), url.hostname).on('error', () => {});
      socket.write(`GET ${url.pathname} HTTP/1.1\r\nHost:`);
      await wait(200);
      return () => socket.destroy();
    },
  },
  {
    name: 'serve of a process that has ended',
    args: [],
    enter: async ({ page }) => {
      const events = await listenTo(String(await page()));
      await events.next();
    },
  },
  {
    name: 'serve with a browser that starts',
    args: ['serve', ...own],
    env: { PATH: `${bin}:${process.env.PATH}`, DISPLAY: ':9', SSH_CONNECTION: '' },
    enter: async ({ page }) => void (await page()),
  },
  { name: 'capture of all processes', args: ['capture', '--all', '-o', 'OUT'], enter: untilPartial },
  { name: 'digest of all processes', args: ['digest', '--all', '-o', 'OUT'], enter: afterAWhile },
  { name: 'report on all processes', args: ['report', '--all', '-o', 'OUT'], enter: afterAWhile },
  {
    name: 'sweep in workers',
    args: ['sweep', '--all', '--orders', 'all', '--workers', '2'],
    enter: afterAWhile,
  },
  { name: 'advise', args: ['advise', '--all', '--workers', '2'], enter: afterAWhile },
  { name: 'predict of all processes', args: ['predict', '--all'], enter: afterAWhile },
  { name: 'predict, which waits for ranges', args: ['predict', '--ranges', '-'], enter: afterAWhile },
  { name: 'faults, which waits for histories', args: ['faults', '--histories', '-'], enter: afterAWhile },
  { name: 'simulate in a long step', args: ['simulate', endless], enter: () => wait(900) },
  { name: 'verify in its worker', args: ['verify', 'walk', 'stack'], enter: afterAWhile },
  { name: 'a command that starts', args: ['predict', SNAPSHOT], enter: () => wait(20) },
];

async function start({ args, env }: State): Promise<Started> {
  const folder = mkdtempSync(join(root, 'state-'));
  const passing = args.length > 0 ? undefined : spawn(process.execPath, ['-e', 'setTimeout(() => {}, 4000)']);
  const words = passing ? serve('-p', String(passing.pid), '--refresh', '1') : args;
  const child = spawn(
    PROGRAM,
    [...SCRIPT, ...words.map((word) => (word === 'OUT' ? join(folder, 'out') : word))],
    { env: { ...process.env, TMPDIR: folder, ...env }, stdio: ['pipe', 'pipe', 'ignore'] },
  );
  let printed = '';
  child.stdout!.setEncoding('utf8').on('data', (text) => (printed += text));
  const page = async () => {
    while (!printed.includes('#')) {
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`);
      await wait(10);
    }
    return new URL(/http:[^#]+/.exec(printed)![0]);
  };
  return { child, page, folder };
}

const measured: string[] = [];
afterAll(() => console.log(measured.sort().join('\n')));

const cases = STATES.flatMap((state) => SIGNALS.map((signal) => [state, signal] as const));

describe.runIf(process.platform === 'linux')('a signal ends every command and leaves nothing', () => {
  test.each(slice(cases.length, 5).map((i) => [cases[i][0].name, cases[i][1], cases[i][0]] as const))(
    '%s: %s',
    async (name, signal, state) => {
      const started = await start(state);
      const { child, folder } = started;
      const exited = once(child, 'exit');
      const leave = await state.enter(started);
      const begun = performance.now();
      child.kill(signal);
      const last = setTimeout(() => child.kill('SIGKILL'), 30_000);
      const [code, killedBy] = await exited;
      clearTimeout(last);
      measured.push(`${String(Math.round(performance.now() - begun)).padStart(6)} ms  ${name}: ${signal}`);
      leave?.();
      expect(killedBy).not.toBe('SIGKILL');
      expect(readdirSync(folder).filter((each) => each !== 'out')).toEqual([]);
      // Whoever was not done has no output; a code of 70 would be a bug.
      expect(code).not.toBe(70);
    },
  );
});
