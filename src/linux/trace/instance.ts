import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { LostEvents } from '../../core/rules/collapse-events.ts';
import { readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';
import { statFields } from '../processes/process-status.ts';
import { parseTraceFormat, type TraceFormat } from './format.ts';
import { parseRingPage, type RingPage, readRingPage, type TakeRecord } from './ring-page.ts';

/** Space for events of all CPUs together, and of one of them, in KiB. */
const ALL_BUFFERS_KB = 64 * 1024;
const BUFFER_KB = { least: 512, most: 8 * 1024 } as const;

/** `thpscope-PID-STARTTIME-NAMESPACE`: who made an instance. */
const NAME = /^thpscope-(\d+)-(\d+)-(\d+)$/;

/**
 * A trace instance of this process alone: its buffers, events and filters are no others'. It exists in the
 * kernel until `close`; what a killed process left is removed by the next `openTraceInstance`.
 */
export class TraceInstance {
  readonly #folder: string;
  readonly #page: RingPage;
  readonly #buffer: Uint8Array;
  readonly #view: DataView;
  readonly #cpus: readonly { readonly cpu: number; readonly fd: number }[];
  #isOpen = true;

  constructor(folder: string, page: RingPage) {
    this.#folder = folder;
    this.#page = page;
    this.#buffer = new Uint8Array(page.dataOffset + page.dataBytes);
    this.#view = new DataView(this.#buffer.buffer);
    this.#cpus = cpusOf(folder).map((cpu) => ({
      cpu,
      fd: openSync(`${folder}/per_cpu/cpu${cpu}/trace_pipe_raw`, constants.O_RDONLY | constants.O_NONBLOCK),
    }));
  }

  /** The format of an event; undefined where this kernel does not have it. */
  format(system: string, event: string): TraceFormat | undefined {
    const file = readKernelFile(`${this.#folder}/events/${system}/${event}/format`);
    return file.ok ? parseTraceFormat(file.value) : undefined;
  }

  /** Traces an event, where the filter lets it through. False where the kernel does not take it. */
  enable(system: string, event: string, filter?: string): boolean {
    const folder = `${this.#folder}/events/${system}/${event}`;
    return (filter === undefined || write(`${folder}/filter`, filter)) && write(`${folder}/enable`, '1');
  }

  disable(system: string, event: string): void {
    write(`${this.#folder}/events/${system}/${event}/enable`, '0');
  }

  /** Hands out what was traced since the last time, CPU by CPU. */
  drain(take: TakeRecord): void {
    for (const { fd } of this.#cpus)
      while (readPage(fd, this.#buffer)) readRingPage(this.#view, this.#page, take);
  }

  /** Events since the start that there was no room for; only CPUs that lost any. */
  lost(): LostEvents[] {
    return this.#cpus.flatMap(({ cpu }) => {
      const stats = readKernelFile(`${this.#folder}/per_cpu/cpu${cpu}/stats`);
      if (!stats.ok) return [];
      const events = [...stats.value.matchAll(/^(?:overrun|commit overrun|dropped events): (\d+)$/gm)]
        .map(([, count]) => Number(count))
        .reduce((sum, count) => sum + count, 0);
      return events > 0 ? [{ cpu, events }] : [];
    });
  }

  /** Removes it from the kernel. May be called again. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const { fd } of this.#cpus) closeSync(fd);
    removeInstance(this.#folder);
  }
}

/**
 * Makes the instance of this process; instances that processes left which are gone are removed before. Fails
 * where tracefs is not mounted, and for users who may not trace. `bufferKb` is the space of each CPU.
 */
export function openTraceInstance(tree: KernelTree, bufferKb?: number): Result<TraceInstance> {
  const tracing = tracingFolder(tree);
  if (!tracing.ok) return tracing;
  const pageFile = readKernelFile(`${tracing.value}/events/header_page`);
  const page = pageFile.ok ? parseRingPage(pageFile.value) : undefined;
  if (!page || !isLittleEndian())
    return fail('unsupported', 'trace events of this kernel are in a form that is not known here');
  removeLeftInstances(tree, tracing.value);
  const folder = `${tracing.value}/instances/${instanceName(tree)}`;
  try {
    mkdirSync(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return fail(code === 'EACCES' || code === 'EPERM' ? 'permission' : 'unsupported', message);
  }
  const share = Math.floor(ALL_BUFFERS_KB / Math.max(1, cpusOf(folder).length));
  const space = bufferKb ?? Math.min(BUFFER_KB.most, Math.max(BUFFER_KB.least, share));
  // One clock for all CPUs, and the one that this process reads.
  const isSetUp =
    write(`${folder}/trace_clock`, 'mono') &&
    write(`${folder}/buffer_size_kb`, String(space)) &&
    // What is full stays as it is, and counts what comes.
    write(`${folder}/options/overwrite`, '0');
  if (isSetUp) {
    try {
      return succeed(new TraceInstance(folder, page));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }
  removeInstance(folder);
  return fail('unsupported', `${folder}: the kernel does not take its settings`);
}

/** Where tracefs is mounted. */
function tracingFolder(tree: KernelTree): Result<string> {
  let whyNot = fail('unsupported', 'this kernel cannot trace (CONFIG_TRACING)');
  for (const folder of [tree.sys('kernel/tracing'), tree.sys('kernel/debug/tracing')]) {
    try {
      if (readdirSync(folder).includes('instances')) return succeed(folder);
      whyNot = fail('unsupported', `tracefs is not mounted: mount -t tracefs tracefs ${folder}`);
      return whyNot;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM')
        return fail('permission', `${folder} may not be read by this user; run as root`);
      if (code === undefined) throw error;
    }
  }
  return whyNot;
}

function instanceName(tree: KernelTree): string {
  const start = statFields(tree.process('self'))?.[19];
  return `thpscope-${process.pid}-${start}-${pidNamespace(tree)}`;
}

/** Removes instances whose makers are gone. Those of other pid namespaces cannot be told, and stay. */
function removeLeftInstances(tree: KernelTree, tracing: string): void {
  const namespace = pidNamespace(tree);
  for (const name of readdirSync(`${tracing}/instances`)) {
    const [, pid, start, of] = NAME.exec(name) ?? [];
    if (pid === undefined || of !== namespace) continue;
    if (statFields(tree.process(Number(pid)))?.[19] !== start) removeInstance(`${tracing}/instances/${name}`);
  }
}

/** The number of the pid namespace of this process. */
function pidNamespace(tree: KernelTree): string {
  try {
    return /\d+/.exec(readlinkSync(`${tree.process('self')}/ns/pid`))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

function removeInstance(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    // Whoever reads it keeps it.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

function cpusOf(folder: string): number[] {
  return readdirSync(`${folder}/per_cpu`)
    .map((name) => Number(/^cpu(\d+)$/.exec(name)?.[1]))
    .sort((a, b) => a - b);
}

/** Fills the buffer with a page; false where there is none. */
function readPage(fd: number, buffer: Uint8Array): boolean {
  try {
    return readSync(fd, buffer, 0, buffer.length, null) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
    throw error;
  }
}

function write(path: string, value: string): boolean {
  try {
    writeFileSync(path, value);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  }
}

function isLittleEndian(): boolean {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}
