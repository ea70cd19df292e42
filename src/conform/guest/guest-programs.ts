import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { Guest } from './guest.ts';
import { GUEST_PACKAGE } from './guest-files.ts';

/** Beyond anything seen on a busy machine: a guest that takes longer hangs. */
const TIMEOUT_MS = 600_000;
/** Where the package of the guest records a process. */
const SNAPSHOT = '/snapshot.parquet';

/** A program of the guest that makes the same memory each time that it starts. */
export interface GuestProgram {
  readonly name: string;
  /** Prints a line, and waits. */
  readonly command: string;
  /** Runs to its end once the program has printed its line: it fills a server. */
  readonly fill?: string;
}

/** A program that goes on in the guest. */
interface StartedProgram {
  readonly pid: number;
  /** The first line that it printed. */
  readonly line: string;
}

/**
 * Runs a program of the guest to its end; the lines that it printed. Fails if it exits with another code than
 * 0.
 */
export async function runProgram(guest: Guest, command: string): Promise<Result<string[]>> {
  const answer = await guest.ask([`run ${command}`], TIMEOUT_MS);
  if (!answer.ok) return answer;
  const lines = printed(answer.value);
  if (answer.value.at(-1) === 'done exit=0') return succeed(lines);
  return fail('unreadable', `in the guest '${command}' failed: ${lines.slice(-3).join(' ')}`);
}

/** Starts a program and waits for its first line. */
export async function startProgram(guest: Guest, command: string): Promise<Result<StartedProgram>> {
  const answer = await guest.ask([`start ${command}`], TIMEOUT_MS);
  if (!answer.ok) return answer;
  const [line = ''] = printed(answer.value);
  const pid = /^done pid=(\d+)$/.exec(answer.value.at(-1) ?? '')?.[1];
  return pid
    ? succeed({ line, pid: Number(pid) })
    : fail('unreadable', `in the guest '${command}' does not start`);
}

/** Runs a program for as long as it is looked at, by its pid and the first line that it printed. */
export async function withProgram<T>(
  guest: Guest,
  { command, fill }: GuestProgram,
  look: (pid: number, line: string) => Promise<Result<T>>,
): Promise<Result<T>> {
  const started = await startProgram(guest, command);
  if (!started.ok) return started;
  const filled = fill === undefined ? succeed([]) : await runProgram(guest, fill);
  const seen = filled.ok ? await look(started.value.pid, started.value.line) : filled;
  const ended = await endProgram(guest, started.value);
  return ended.ok ? seen : ended;
}

/** Runs the package of the guest, and reads the JSON that it prints. */
export async function askThpscope(guest: Guest, words: string): Promise<Result<unknown>> {
  const lines = await runProgram(guest, `node /${GUEST_PACKAGE}/dist/cli/main.js ${words}`);
  if (!lines.ok) return lines;
  // Warnings come on lines before it.
  const text = lines.value.slice(lines.value.findIndex((line) => line.startsWith('{'))).join('\n');
  try {
    return succeed(JSON.parse(text));
  } catch {
    return fail('unreadable', `in the guest 'thpscope ${words}' prints no JSON: ${text.slice(0, 200)}`);
  }
}

/** Has the package of the guest record processes; the snapshot. */
export async function captureInGuest(guest: Guest, pids: readonly number[]): Promise<Result<Uint8Array>> {
  const captured = await askThpscope(guest, `capture -p ${pids.join()} -o ${SNAPSHOT} --json`);
  if (!captured.ok) return captured;
  const lines = await runProgram(guest, `node -p require("fs").readFileSync("${SNAPSHOT}","base64")`);
  return lines.ok ? succeed(Buffer.from(lines.value.join(''), 'base64')) : lines;
}

/** Sends a signal, and waits for the line that the program answers with. */
export function signalProcess(guest: Guest, pid: number, signal: number): Promise<Result<string[]>> {
  return guest.ask([`signal ${pid} ${signal}`], TIMEOUT_MS);
}

/** Ends a program and all that it forked. */
export function endProgram(guest: Guest, { pid }: Pick<StartedProgram, 'pid'>): Promise<Result<string[]>> {
  return guest.ask([`end ${pid}`], TIMEOUT_MS);
}

/** The pages of some PMD ranges of a process from an address on, a line of the probe for each. */
export async function pagesOf(
  guest: Guest,
  pid: number,
  address: number,
  ranges: number,
): Promise<Result<string[]>> {
  const lines = await guest.ask([`pages ${pid} ${address.toString(16)} ${ranges}`], TIMEOUT_MS);
  return lines.ok ? succeed(lines.value.slice(0, ranges)) : lines;
}

/** The lines of a file of the guest, which must be there. */
export async function linesOf(guest: Guest, path: string): Promise<Result<string[]>> {
  const answer = await guest.ask([`read ${path}`], TIMEOUT_MS);
  return answer.ok ? succeed(printed(answer.value)) : answer;
}

/** A VMA with anonymous memory. */
export interface GuestVma {
  readonly start: number;
  readonly end: number;
  readonly anonymousBytes: number;
  /** Written pages of a private mapping of a file. */
  readonly ofFile: boolean;
}

/** The VMAs of a process that hold anonymous memory. */
export async function memoryOf(guest: Guest, pid: number): Promise<Result<GuestVma[]>> {
  const answer = await guest.ask([`memory ${pid}`], TIMEOUT_MS);
  if (!answer.ok) return answer;
  return succeed(
    answer.value.slice(0, -1).map((line) => {
      const [start, end, kib, kind] = line.split(' ');
      return {
        start: Number.parseInt(start, 16),
        end: Number.parseInt(end, 16),
        anonymousBytes: Number(kib) * 1024,
        ofFile: kind === 'file',
      };
    }),
  );
}

function printed(answer: readonly string[]): string[] {
  return answer.filter((line) => line.startsWith('| ')).map((line) => line.slice(2));
}
