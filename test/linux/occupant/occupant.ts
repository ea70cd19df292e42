import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** What a command reports when it was done; README.md says which command reports what. */
export interface OccupantReport {
  readonly ok: true;
  /** First aligned PMD range of a new mapping. */
  readonly address?: string;
  /** First byte of the new mapping's VMA. */
  readonly start?: string;
  /** End of the new mapping's VMA. */
  readonly end?: string;
  /** Pages the command was applied to; for `big`, pages that are present. */
  readonly pages?: number;
  /** Of the pages paged out, those no longer present. */
  readonly left?: number;
  /** Of the pages paged out, those that are now swap entries. */
  readonly swapped?: number;
  /** Of the pages given to userfaultfd, those now write-protected. */
  readonly protected?: number;
  /** Whether one PMD entry maps the range; null where the kernel cannot tell. */
  readonly pmdMapped?: boolean | null;
  /** The same before the command. */
  readonly wasPmdMapped?: boolean | null;
  /** In how many VMAs the kernel keeps the mapping. */
  readonly vmas?: number;
  /** Process id of the forked child. */
  readonly child?: number;
  /** Children that were killed and waited for. */
  readonly reaped?: number;
}

/** Why a command was not done: the kernel's errno, or EINVAL for a command that cannot be meant. */
interface OccupantRefusal {
  readonly ok: false;
  readonly errno: number;
  readonly error: string;
  /** Of the pages verified, those that changed, and the first of them. */
  readonly bad?: number;
  readonly firstBad?: string;
}

type OccupantAnswer = OccupantReport | OccupantRefusal;

/** A running occupant. Commands are answered in the order in which they were given. */
export interface Occupant {
  readonly pid: number;
  /** Gives one command and waits for its answer. Rejects when the process is gone. */
  command(text: string): Promise<OccupantAnswer>;
  /** As `command`, but rejects when the answer is a refusal. */
  must(text: string): Promise<OccupantReport>;
  /** As `must`, for the commands that make a mapping: the address of its first PMD range. */
  map(text: string): Promise<number>;
  /**
   * Stops the process (SIGSTOP) and waits until the kernel says so; its memory can then not change by its own
   * doing.
   */
  suspend(): Promise<void>;
  resume(): Promise<void>;
  /** Ends the process and its children. May be called again. */
  stop(): Promise<void>;
}

const FOLDER = dirname(fileURLToPath(import.meta.url));
const SOURCE = join(FOLDER, 'occupant.c');
const BUILD = join(FOLDER, 'build');

/**
 * Compiles the occupant unless the last build is newer than the source. Gives the path of the binary, or
 * undefined when this is not Linux or there is no compiler. Throws when the source does not compile.
 */
export function buildOccupant(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const binary = join(BUILD, 'occupant');
  if (existsSync(binary) && statSync(binary).mtimeMs > statSync(SOURCE).mtimeMs) return binary;
  mkdirSync(BUILD, { recursive: true });
  // Test workers build at the same time: each its own file, the rename puts a whole one in place.
  const fresh = `${binary}.${process.pid}`;
  for (const compiler of ['cc', 'gcc']) {
    try {
      execFileSync(compiler, ['-std=gnu11', '-O1', '-Wall', '-Werror', '-o', fresh, SOURCE], {
        stdio: 'pipe',
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw error;
    }
    renameSync(fresh, binary);
    return binary;
  }
  return undefined;
}

/** Who the occupant runs as; only root may choose. */
export interface OccupantUser {
  readonly uid?: number;
  readonly gid?: number;
}

/** Starts an occupant. Build it first; rejects when there is no binary or it cannot work on this machine. */
export async function startOccupant(user: OccupantUser = {}): Promise<Occupant> {
  const binary = buildOccupant();
  if (binary === undefined) throw new Error('the occupant needs Linux and a C compiler (cc or gcc)');
  const reachable = user.uid === undefined || othersMayRun(binary);
  const copy = reachable ? undefined : copyForOthers(binary);
  try {
    const process = spawn(copy ?? binary, { ...user, cwd: '/', env: {}, stdio: 'pipe' });
    const occupant = await connect(process);
    const hello = await occupant.command('hello');
    if (hello.ok) return occupant;
    await occupant.stop();
    throw new Error(`the occupant cannot work here: ${hello.error}`);
  } finally {
    // The running process keeps the file.
    if (copy !== undefined) rmSync(dirname(copy), { recursive: true });
  }
}

/** Whether every user can reach and execute this file. */
function othersMayRun(file: string): boolean {
  if ((statSync(file).mode & 0o005) !== 0o005) return false;
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

function copyForOthers(binary: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'occupant-'));
  chmodSync(folder, 0o755);
  const copy = join(folder, 'occupant');
  copyFileSync(binary, copy);
  chmodSync(copy, 0o755);
  return copy;
}

interface Waiting {
  resolve(answer: OccupantAnswer): void;
  reject(reason: Error): void;
}

async function connect(process: ChildProcessWithoutNullStreams): Promise<Occupant> {
  await once(process, 'spawn');
  const pid = process.pid as number;
  const waiting: Waiting[] = [];
  let ended = false;
  const exited = new Promise<void>((resolve) => {
    process.once('close', () => {
      ended = true;
      for (const { reject } of waiting.splice(0)) reject(new Error('the occupant is gone'));
      resolve();
    });
  });
  // Writing to a process that is just ending: 'close' rejects the command.
  process.stdin.on('error', () => {});
  process.stderr.resume();
  createInterface({ input: process.stdout }).on('line', (line) => {
    waiting.shift()?.resolve(JSON.parse(line) as OccupantAnswer);
  });

  function command(text: string): Promise<OccupantAnswer> {
    if (text.includes('\n')) return Promise.reject(new Error('one command at a time'));
    if (ended) return Promise.reject(new Error('the occupant is gone'));
    return new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      process.stdin.write(`${text}\n`);
    });
  }

  async function must(text: string): Promise<OccupantReport> {
    const answer = await command(text);
    if (!answer.ok) throw new Error(`occupant: ${text}: ${answer.error}`);
    return answer;
  }

  async function map(text: string): Promise<number> {
    const { address } = await must(text);
    if (address === undefined) throw new Error(`occupant: ${text}: makes no mapping`);
    return Number(address);
  }

  async function signal(name: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    process.kill(name);
    while (!ended && (processState(pid) === 'T') !== (name === 'SIGSTOP')) await sleep(1);
    if (ended) throw new Error('the occupant is gone');
  }

  async function stop(): Promise<void> {
    if (ended) return;
    process.kill('SIGCONT');
    process.stdin.end();
    const timer = setTimeout(() => process.kill('SIGKILL'), 5000);
    await exited;
    clearTimeout(timer);
  }

  return {
    pid,
    command,
    must,
    map,
    suspend: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    stop,
  };
}

/** The state letter of a process in /proc/PID/stat; the name before it may hold blanks and parentheses. */
function processState(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2];
  } catch {
    return undefined;
  }
}
