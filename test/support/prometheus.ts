import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, vi } from 'vitest';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'thpscope', 'prometheus');

function found(program: 'prometheus' | 'promtool'): string | undefined {
  return [...(process.env.PATH ?? '').split(delimiter), CACHE]
    .map((folder) => join(folder, program))
    .find(existsSync);
}

/** Where Prometheus and its tool are; undefined where there is none: scripts/install-prometheus.sh. */
const PROMETHEUS = found('prometheus');
const PROMTOOL = found('promtool');
export const HAS_PROMETHEUS =
  process.platform === 'linux' && PROMETHEUS !== undefined && PROMTOOL !== undefined;

/** Added to the names of tests that need it. */
export const NO_PROMETHEUS = HAS_PROMETHEUS
  ? ''
  : ' (NO PROMETHEUS HERE: skipped; scripts/install-prometheus.sh brings it)';

/** Runs promtool; what it prints to both, and its exit code. */
export function promtool(
  args: readonly string[],
  input = '',
): Promise<{ text: string; code: number | null }> {
  return new Promise((resolve) => {
    const child = execFile(PROMTOOL!, [...args], (_, stdout, stderr) =>
      resolve({ text: `${stdout}${stderr}`, code: child.exitCode }),
    );
    child.stdin?.end(input);
  });
}

/** A series that a query gave. */
interface Row {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

export interface Prometheus {
  /** What the API answers to a path, such as "query?query=up". */
  ask<T>(path: string): Promise<T>;
  query(expression: string): Promise<readonly Row[]>;
  stop(): Promise<void>;
}

/** Starts a Prometheus with this configuration, ready to be asked, on loopback, with its data in `folder`. */
export async function startPrometheus(folder: string, config: string): Promise<Prometheus> {
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, config);
  const child = spawn(
    PROMETHEUS!,
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const address = await addressOf(child);
  // It listens before it has opened its data, and answers 503 until then.
  const isReady = async () => (await fetch(`http://${address}/-/ready`)).ok;
  await vi.waitUntil(isReady, { timeout: 60_000, interval: 100 });
  const ask = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`http://${address}/api/v1/${path}`);
    const body = (await answer.json()) as { status: string; data: T };
    expect(body, path).toMatchObject({ status: 'success' });
    return body.data;
  };
  return {
    ask,
    async query(expression) {
      const { result } = await ask<{ result: Row[] }>(`query?query=${encodeURIComponent(expression)}`);
      return result;
    },
    async stop() {
      const exited = once(child, 'exit');
      if (child.exitCode === null) {
        child.kill();
        await exited;
      }
    },
  };
}

/** The address that it logs: the port is one that was free. */
async function addressOf({ stderr, pid }: ChildProcess): Promise<string> {
  const lines = [];
  for await (const line of createInterface({ input: stderr! })) {
    lines.push(line);
    const [, address] = /msg="Listening on" address=(\S+)/.exec(line) ?? [];
    if (address === undefined) continue;
    // It goes on to log, and must not wait for a reader.
    stderr!.resume();
    return address;
  }
  throw new Error(`Prometheus (${pid}) ended: ${lines.join('\n')}`);
}
