import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, failWith, type Result, succeed } from '../../../core/base/failure.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import { definitionsOf, namesIn } from '../../../verify/c/c-definitions.ts';
import { type CEntry, entryOf, searchNames } from '../../../verify/c/c-entry.ts';
import { cOf } from '../../../verify/c/c-of-mail.ts';
import { type CFile, programOf } from '../../../verify/c/c-program.ts';
import { compilerAdvice } from '../../../verify/c/compiler-advice.ts';
import { C_WALK } from './c-file.ts';
import { messagesOf } from './mail-messages.ts';

const SANITIZERS = ['-fsanitize=undefined,address', '-fno-sanitize=shift-base', '-fno-sanitize-recover=all'];

/** As the kernel is compiled: integers wrap around, and pointers may point to anything. */
const FLAGS = [
  '-std=gnu11',
  '-O1',
  '-g',
  '-fwrapv',
  '-fno-strict-aliasing',
  '-fno-omit-frame-pointer',
  '-Werror=implicit-function-declaration',
  '-Wreturn-type',
  '-Wno-pointer-sign',
];

/** A file with one function in it is far smaller. */
const MOST_BYTES = 1 << 20;

/** Milliseconds that one run of a compiler may take. */
export const MOST_COMPILING = 60_000;

/** How a C file is to be compiled. */
export interface CBuildOptions {
  /** The compiler, with arguments of its own. */
  readonly cc: string;
  /** The function that searches; undefined for one with a name that is known. */
  readonly function: string | undefined;
  /** A folder that nobody else looks into. */
  readonly folder: string;
}

/** Compiles one C file, for one geometry after the other. */
export class CBuild {
  readonly #file: CFile;
  readonly #entry: CEntry;
  readonly #options: CBuildOptions;
  readonly #say: (text: string) => void;
  /** What is said of one geometry is said of others too. */
  #hasSaid = false;
  #sanitizers: readonly string[] | undefined;

  private constructor(file: CFile, entry: CEntry, options: CBuildOptions, say: (text: string) => void) {
    this.#file = file;
    this.#entry = entry;
    this.#options = options;
    this.#say = say;
  }

  /**
   * Reads a C file; fails without a compiler, or where the file has no search. `say` is told what compilers
   * say.
   */
  static of(path: string, options: CBuildOptions, say: (text: string) => void): Result<CBuild> {
    if (process.platform !== 'linux') {
      return fail(
        'unsupported',
        `${path}: searches in C run on Linux only; write it as a module (verify --new)`,
      );
    }
    let text: string;
    try {
      const found = statSync(path);
      if (!found.isFile() || found.size > MOST_BYTES) {
        return fail('unreadable', `${path}: no C file: it must be a regular file of at most a megabyte`);
      }
      text = readFileSync(path, 'utf8');
    } catch (error) {
      return fail('unreadable', `${path}: ${(error as Error).message}`);
    }
    const messages = messagesOf(text);
    const found = messages.ok ? cOf(messages.value, new Set(searchNames(options.function))) : messages;
    if (!found.ok) return fail(found.failure.kind, `${path}: ${found.failure.message}`);
    ({ text } = found.value);
    for (const note of found.value.notes) say(`${path}: ${note}\n`);
    const definitions = definitionsOf(text);
    const entry = entryOf(path, definitions, options.function);
    if (!entry.ok) return entry;
    const build = new CBuild({ path, text, definitions }, entry.value, options, say);
    const runner = build.#compileRunner();
    return runner.ok ? succeed(build) : runner;
  }

  /** The program for a geometry. */
  program({ pmdOrder, pageShift }: Geometry): Result<string> {
    const { folder } = this.#options;
    const source = join(folder, 'program.c');
    const program = join(folder, `search-${pmdOrder}-${pageShift}`);
    writeFileSync(source, programOf(this.#file, this.#entry, headerNames()));
    const machine = [`-DHPAGE_PMD_ORDER=${pmdOrder}`, `-DPAGE_SHIFT=${pageShift}`];
    const inputs = [source, join(folder, 'runner.o'), join(folder, 'sandbox.o')];
    const flags = [...FLAGS, ...this.#sanitizersHere(), '-isystem', C_WALK, ...machine];
    const compiled = this.#run([...flags, ...inputs, '-o', program]);
    if (!compiled.ok) return compiled;
    const { status, stderr } = compiled.value;
    if (!this.#hasSaid) this.#say(stderr);
    this.#hasSaid = true;
    if (status === 0) return succeed(program);
    const { path } = this.#file;
    const advice = compilerAdvice(path, stderr).join('; ');
    return fail('usage', `${path} does not compile at PMD order ${pmdOrder}${advice ? `: ${advice}` : ''}`);
  }

  #compileRunner(): Result<void> {
    for (const name of ['runner', 'sandbox']) {
      const output = join(this.#options.folder, `${name}.o`);
      const compiled = this.#run(['-std=gnu11', '-O2', '-c', join(C_WALK, `${name}.c`), '-o', output]);
      if (!compiled.ok) return compiled;
      const { status, stderr } = compiled.value;
      if (status === 0) continue;
      this.#say(stderr);
      return fail('unsupported', `${this.#options.cc} cannot compile thpscope's own ${name}.c: see above`);
    }
    return succeed(undefined);
  }

  /** The sanitizers, if this compiler has them. */
  #sanitizersHere(): readonly string[] {
    if (this.#sanitizers) return this.#sanitizers;
    const empty = join(this.#options.folder, 'empty.c');
    writeFileSync(empty, 'int main(void) { return 0; }\n');
    const tried = this.#run([...SANITIZERS, empty, '-o', join(this.#options.folder, 'empty')]);
    const has = tried.ok && tried.value.status === 0;
    if (!has) {
      this.#say(`${this.#options.cc} has no sanitizers here: what is written out of bounds may go unseen\n`);
    }
    this.#sanitizers = has ? SANITIZERS : [];
    return this.#sanitizers;
  }

  #run(words: readonly string[]): Result<{ status: number | null; stderr: string }> {
    const [command, ...own] = this.#options.cc.split(/\s+/).filter((word) => word !== '');
    const { status, stderr, error } = spawnSync(command ?? 'cc', [...own, ...words], {
      encoding: 'utf8',
      timeout: MOST_COMPILING,
      env: { ...process.env, LC_ALL: 'C' },
    });
    const code = (error as NodeJS.ErrnoException | undefined)?.code;
    if (code === 'ENOENT' || code === 'EACCES') {
      return fail(
        'unsupported',
        `${this.#file.path}: no C compiler '${command}' here; install one (gcc or clang), or name it with --cc or CC`,
      );
    }
    if (error) return failWith({ kind: 'usage', message: `${this.#options.cc}: ${error.message}` });
    return succeed({ status, stderr });
  }
}

/** Every name in thpscope's header. */
function headerNames(): ReadonlySet<string> {
  const texts = readdirSync(C_WALK).filter((name) => name.endsWith('.h'));
  return namesIn(texts.map((name) => readFileSync(join(C_WALK, name), 'utf8')).join('\n'));
}
