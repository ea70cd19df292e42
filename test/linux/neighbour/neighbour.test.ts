import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { MemoryItem, Process } from '../../../src/core/rules/memory-source.ts';
import { RUNNING_KERNEL } from '../../../src/linux/kernel/kernel-tree.ts';
import { openLiveSource } from '../../../src/linux/live-source.ts';
import { listUserPids, readProcess } from '../../../src/linux/processes/process.ts';
import { SharedMemory } from '../../../src/linux/processes/shared-mm.ts';

const SOURCE = fileURLToPath(new URL('neighbour.c', import.meta.url));
const M = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'neighbour-'));
const binary = build();
const isRoot = process.geteuid?.() === 0;
if (!binary) console.warn('no C compiler: what stands around live memory is not tested');

function build(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const to = join(folder, 'neighbour');
    execFileSync('cc', ['-std=gnu11', '-O1', '-Wall', '-Werror', '-pthread', '-o', to, SOURCE], {
      stdio: 'pipe',
    });
    execFileSync('chmod', ['-R', '755', folder]);
    return to;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const running: ChildProcess[] = [];
const others: number[] = [];

/** Starts a neighbour in a situation; the pids that it reports, undefined where the kernel refuses it. */
async function start(situation: string, uid?: number): Promise<number[] | undefined> {
  const child = spawn(binary ?? '', [situation], { stdio: ['ignore', 'pipe', 'inherit'], uid, gid: uid });
  running.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const pids = line.split(' ').map(Number);
    others.push(...pids.slice(1));
    return pids;
  }
  return undefined;
}

afterEach(async () => {
  for (const pid of others.splice(0)) process.kill(pid, 'SIGKILL');
  for (const child of running.splice(0)) {
    const closed = child.exitCode === null && child.signalCode === null ? once(child, 'close') : undefined;
    child.kill('SIGKILL');
    await closed;
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

async function look(pids: number[]): Promise<MemoryItem[]> {
  const source = await openLiveSource(RUNNING_KERNEL, pids, new Date(0));
  if (!source.ok) throw new Error(source.failure.message);
  const items: MemoryItem[] = [];
  for await (const item of source.value.items()) items.push(item);
  return items;
}

function processesOf(items: readonly MemoryItem[]): Process[] {
  return items.flatMap((item) => (item.kind === 'process' ? [item.process] : []));
}

describe.runIf(binary)('what stands around live memory', () => {
  test('a process whose main thread has ended is read through a living thread', async () => {
    const [pid = 0] = (await start('leaderless')) ?? [];
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /);
    const items = await look([pid]);
    expect(items.filter(({ kind }) => kind === 'skipped')).toEqual([]);
    const rss = items.map((item) => (item.kind === 'vma' && item.vma.anonymous ? item.vma.rssBytes : 0));
    expect(Math.max(...rss)).toBe(16 * M);
    expect(listUserPids(RUNNING_KERNEL)).toContain(pid);
  });

  test('processes that share one address space are counted once, and the one left out is named', async () => {
    const [first = 0, second = 0] = (await start('sharing')) ?? [];
    const items = await look([first, second]);
    expect(processesOf(items).map(({ pid }) => pid)).toEqual([first]);
    const notes = items.flatMap((item) => (item.kind === 'note' ? [item.message] : []));
    expect(notes).toContain(
      `process ${second} shares one address space with process ${first}: counted once, as that one`,
    );
    const byEye = new SharedMemory(RUNNING_KERNEL, undefined);
    expect([first, second].map((pid) => byEye.ownerOf(pid)?.by)).toEqual([undefined, 'sums']);
  });

  test('a forked process is another one, with kcmp and without', async () => {
    const pids = (await start('forked')) ?? [];
    expect(processesOf(await look(pids)).map(({ pid }) => pid)).toEqual(pids);
    const byEye = new SharedMemory(RUNNING_KERNEL, undefined);
    expect(pids.map((pid) => byEye.ownerOf(pid))).toEqual([undefined, undefined]);
  });

  test('memory that is pinned for long is known by how much it is', async ({ skip }) => {
    const pids = (await start('pinned')) ?? skip('io_uring is not to be had here');
    expect(processesOf(await look(pids))).toMatchObject([{ pinnedBytes: 8 * M, ksmBytes: 0 }]);
  });

  test.runIf(isRoot)(
    'a process of one\u2019s own that is not dumpable is not sent to its owner',
    async () => {
      const nobody = 65534;
      const pids = (await start('undumpable', nobody)) ?? [];
      await look([process.pid]);
      process.setegid?.(nobody);
      process.seteuid?.(nobody);
      koffi.load(null).func('int prctl(int option, unsigned long value)')(4, 1);
      try {
        const skipped = (await look(pids)).flatMap((item) => (item.kind === 'skipped' ? [item.failure] : []));
        expect(skipped).toMatchObject([{ kind: 'permission' }]);
        expect(skipped[0].message).toContain('it is yours, but not dumpable');
      } finally {
        process.seteuid?.(0);
        process.setegid?.(0);
      }
    },
  );
});

test.runIf(existsSync('/proc/2/stat'))('a kernel thread is called one', () => {
  const thread = readProcess(RUNNING_KERNEL, 2);
  if (thread.ok) return;
  expect(thread.failure.message).toContain('a kernel thread');
});
