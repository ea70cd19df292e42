import { spawn, spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { WalkProgram } from '../../../verify/c/c-algorithm.ts';

/** Milliseconds on a CPU that one search of a range may take; it takes microseconds. */
const MOST_MILLISECONDS = 1_000;

const SANITIZER_OPTIONS =
  'detect_leaks=0:exitcode=86:allocator_may_return_null=0:print_stacktrace=1:print_legend=0:color=never';

/** What the program prints beyond this is left out of messages. */
const MOST_PRINTED = 64 << 10;

/**
 * Characters that are left to be said of what the searches of this thread print while nothing is wrong:
 * hundreds of lines at first.
 */
let left = 16_000;

/** One for each program of this thread that may have printed. */
const sayings: (() => void)[] = [];

/** Says what searches in C printed and no message tells. */
export function sayPrints(): void {
  for (const say of sayings) say();
}

/**
 * Starts the program of a search, in a process group of its own. All reading waits: the caller has nothing
 * else to do, and is no main thread. The program ends when this thread does.
 * `say` hears of what it prints while nothing is wrong.
 */
export function startWalkProgram(
  program: string,
  folder: string,
  say: (text: string) => void,
): WalkProgram & { readonly pid: number } {
  const requests = makePipe(join(folder, 'requests'));
  const answers = makePipe(join(folder, 'answers'));
  const log = openSync(`${program}.log`, 'w+');
  // Another start of the same program has a log of its own.
  unlinkSync(`${program}.log`);
  const child = spawn(program, [String(MOST_MILLISECONDS)], {
    stdio: ['ignore', log, log, requests.reader, answers.writer],
    detached: true,
    cwd: folder,
    env: { ASAN_OPTIONS: SANITIZER_OPTIONS, UBSAN_OPTIONS: SANITIZER_OPTIONS },
  });
  child.on('error', () => {});
  child.unref();
  closeSync(requests.reader);
  closeSync(answers.writer);
  let printedTo = 0;
  const buffer = Buffer.alloc(64 << 10);
  let [from, to] = [0, 0];
  const readInto = (bytes: Uint8Array): boolean => {
    for (let done = 0; done < bytes.length; ) {
      if (from === to) {
        [from, to] = [0, readSync(answers.reader, buffer, 0, buffer.length, null)];
        if (to === 0) return false;
      }
      const count = Math.min(to - from, bytes.length - done);
      bytes.set(buffer.subarray(from, from + count), done);
      from += count;
      done += count;
    }
    return true;
  };
  const printed = () => {
    const { size } = fstatSync(log);
    const text = Buffer.alloc(Math.min(size - printedTo, MOST_PRINTED));
    const length = readSync(log, text, 0, text.length, size - text.length);
    printedTo = size;
    return text.toString('utf8', 0, length);
  };
  const sayPrinted = () => {
    if (fstatSync(log).size === printedTo) return;
    const text = printed();
    const whole = text.slice(0, text.lastIndexOf('\n', left) + 1);
    if (left >= 0) say(text.length <= left ? text : `${whole}(what else it prints is left out)`);
    left -= text.length;
  };
  sayings.push(sayPrinted);
  return {
    pid: child.pid ?? 0,
    write: (request) => {
      sayPrinted();
      writeAll(requests.writer, request);
    },
    read: (count) => {
      const words = new Int32Array(count);
      return readInto(new Uint8Array(words.buffer)) ? words : undefined;
    },
    printed,
  };
}

/** Both ends of a pipe that can be waited on: those that Node makes cannot. */
function makePipe(path: string): { reader: number; writer: number } {
  const { status, stderr, error } = spawnSync('mkfifo', ['-m', '600', path], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mkfifo ${path}: ${error?.message ?? stderr.trim()}`);
  // Opened both ways first: each end alone would wait for the other.
  const both = openSync(path, 'r+');
  const [reader, writer] = [openSync(path, 'r'), openSync(path, 'w')];
  closeSync(both);
  unlinkSync(path);
  return { reader, writer };
}

/** Writes all; a program that is gone is noticed by reading. */
function writeAll(fd: number, bytes: Uint8Array): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}
