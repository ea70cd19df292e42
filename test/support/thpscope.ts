import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { resolve } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import type * as CommandLine from '../../src/cli/run.ts';
import type { Surroundings } from '../../src/cli/run.ts';
import { DEADLINES } from '../../src/cli/shared/search/deadline.ts';
import { SYSTEM_CLOCK } from '../../src/linux/reading-clock.ts';
import { IS_BUILT_HERE, PROGRAM, SCRIPT } from './built-command.ts';

export interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** The built command line; Vite leaves dist alone, so that this is what users run. */
async function builtCommandLine(): Promise<typeof CommandLine> {
  return await import(pathToFileURL(resolve('dist/cli/run.js')).href);
}

/** Keeps what is written to it. */
class Kept extends Writable {
  text = '';

  constructor() {
    super({ decodeStrings: false });
  }

  override _write(chunk: string | Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/**
 * Runs the built command in this process, which spares the start of another: what it would print and how it
 * would end. A program named by THPSCOPE_COMMAND is started, unless its surroundings are to be others. What
 * is about processes themselves (signals, pipes, users, terminals) needs `spawnThpscope`;
 * test/cli/main.test.ts holds one to the other. `columns` is how wide the terminal says that it is.
 */
export async function thpscope(
  args: readonly string[],
  input = '',
  {
    deadlines = DEADLINES,
    kernelRoot = '',
    clock = SYSTEM_CLOCK,
    columns,
  }: Partial<Omit<Surroundings, 'process'>> & { readonly columns?: number } = {},
): Promise<Run> {
  const usual =
    deadlines === DEADLINES && kernelRoot === '' && clock === SYSTEM_CLOCK && columns === undefined;
  if (!IS_BUILT_HERE && usual) return spawnThpscope(args, input);
  const { runThpscope } = await builtCommandLine();
  const [stdout, stderr] = [new Kept(), new Kept()];
  const alone = Object.assign(new EventEmitter(), {
    pid: process.pid,
    argv: [process.execPath, 'dist/cli/main.js', ...args],
    // As into a pipe, unless a test asks for a width.
    env: { ...process.env, COLUMNS: columns === undefined ? undefined : String(columns) },
    exitCode: undefined as number | undefined,
    stdin: Readable.from([Buffer.from(input)]),
    stdout,
    stderr,
  });
  const context = { process: alone, deadlines, kernelRoot, clock };
  await runThpscope(args, context as unknown as Surroundings);
  return { stdout: stdout.text, stderr: stderr.text, code: alone.exitCode ?? 0 };
}

/** Runs the built command as a user runs it, in a process of its own. */
export function spawnThpscope(
  args: readonly string[],
  input = '',
  options: { uid?: number; gid?: number } = {},
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, [...SCRIPT, ...args], options);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ stdout, stderr, code }));
    // The command may end before it has read everything.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** Splits a command line as it is written in documentation; quotes are not needed there. */
export function words(line: string): string[] {
  return line.split(/\s+/).filter((word) => word !== '');
}
