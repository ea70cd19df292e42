import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RUNNING_KERNEL } from '../../src/linux/kernel/kernel-tree.ts';
import { MemoryGroupReader } from '../../src/linux/machine/memory-groups.ts';

const M = 2 ** 20;

/** A control group below our own with a limit, and its path; undefined where we may not make one. */
function makeGroup(): { folder: string; path: string } | undefined {
  const lines = readFileSync('/proc/self/cgroup', 'utf8');
  const v1 = /^\d+:(?:\w+,)*memory(?:,\w+)*:(.*)$/m.exec(lines)?.[1];
  const own = v1 ?? /^0::(.*)$/m.exec(lines)?.[1] ?? '/';
  const path = `${own === '/' ? '' : own}/thpscope-${process.pid}`;
  const folder = `${v1 === undefined ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory'}${path}`;
  try {
    mkdirSync(folder);
    writeFileSync(`${folder}/${v1 === undefined ? 'memory.max' : 'memory.limit_in_bytes'}`, String(400 * M));
    return { folder, path };
  } catch {
    return undefined;
  }
}

test('the limits of a group and its ancestors are read, innermost first', ({ skip }) => {
  const group = makeGroup() ?? skip('no control group with a limit can be made here');
  const before = new MemoryGroupReader(RUNNING_KERNEL).of('/proc/self') ?? [];
  const own = readFileSync('/proc/self/cgroup', 'utf8');
  try {
    writeFileSync(`${group.folder}/cgroup.procs`, String(process.pid));
    const [inner, ...outer] = new MemoryGroupReader(RUNNING_KERNEL).of('/proc/self') ?? [];
    expect(inner).toMatchObject({ path: group.path, limitBytes: 400 * M });
    expect(inner.usedBytes).toBeLessThan(400 * M);
    expect(outer.map(({ path }) => path)).toEqual(before.map(({ path }) => path));
    const counted = new MemoryGroupReader(RUNNING_KERNEL).countersOf('/proc/self');
    expect(counted?.path).toBe(group.path);
    expect(Object.keys(counted?.counters ?? {})).toEqual(
      expect.arrayContaining(
        counted && 'anon' in counted.counters ? ['anon', 'anon_thp'] : ['rss', 'rss_huge'],
      ),
    );
  } finally {
    writeFileSync(`${group.folder}/../cgroup.procs`, String(process.pid));
    rmdirSync(group.folder);
  }
  expect(readFileSync('/proc/self/cgroup', 'utf8')).toBe(own);
});

test('a task that there is not has no known groups', () => {
  expect(new MemoryGroupReader(RUNNING_KERNEL).of('/proc/0')).toBeUndefined();
  expect(new MemoryGroupReader(RUNNING_KERNEL).countersOf('/proc/0')).toBeUndefined();
});
