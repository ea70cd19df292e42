import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { redacted } from '../../src/snapshot/redact.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { geometries, hosts, itemSequences } from './arbitraries.ts';
import { hostOf, itemsOf, opened, rangeAt, redis, sourceOf, temporaryDirectory, vmaAt } from './sources.ts';

const SECRETS = ['acme', 'secret', 'redis', 'example', '0f8fad5b', 'fe:00', '4711'];

const secretItems: MemoryItem[] = [
  { kind: 'note', message: 'secret note' },
  { kind: 'process', process: { ...redis, command: 'secretd', cgroup: '/redis.slice' } },
  {
    kind: 'vma',
    vma: {
      ...vmaAt(2 ** 40, 2 ** 41),
      name: '/opt/acme/secret.so',
      mapping: { file: 'fe:00:4711', offset: 2 ** 21 },
    },
  },
  { kind: 'vma', vma: { ...vmaAt(2 ** 42, 2 ** 43), name: '[anon:secret arena]' } },
  { kind: 'vma', vma: { ...vmaAt(2 ** 45, 2 ** 46), name: '[heap]' } },
  { kind: 'ranges', ranges: [{ ...rangeAt(0, 7), address: 2 ** 45 }] },
  { kind: 'skipped', pid: 7, failure: { kind: 'permission', message: '/proc/7/acme' } },
  { kind: 'file', file: { id: '00:01:2', kind: 'internal', name: '/memfd:secret (deleted)' } },
  { kind: 'file', file: { id: 'fe:00:4711', kind: 'file', name: '/opt/acme/secret.so', filesystem: 'ext4' } },
  { kind: 'file', file: { id: '00:01:9', kind: 'shared-anonymous', name: '/dev/zero (deleted)' } },
];

async function bytesOf(redact: boolean): Promise<Uint8Array> {
  const path = join(temporaryDirectory(), 'a.parquet');
  expect(await writeSnapshot(path, sourceOf(secretItems), { redact, random: () => 0.5 })).toMatchObject({
    ok: true,
  });
  return new Uint8Array(readFileSync(path));
}

function secretsIn(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes).toString('latin1');
  return SECRETS.filter((secret) => text.includes(secret));
}

test('no name is left in the bytes of a redacted file', async () => {
  // Snappy stores short new strings as they are, as the file with names shows.
  expect(secretsIn(await bytesOf(false))).toEqual(SECRETS);
  expect(secretsIn(await bytesOf(true))).toEqual([]);
});

test('what predictions need stays, shifted by the PMD size', async () => {
  const snapshot = await opened(await bytesOf(true));
  const shift = 2 ** 46 + rangeBytes(x86_64);
  expect(snapshot.host).toEqual({
    ...hostOf(),
    name: 'redacted',
    bootId: '00000000-0000-0000-0000-000000000000',
    kernelRelease: '7.2.0',
  });
  expect(await itemsOf(snapshot)).toEqual([
    { kind: 'note', message: 'a note of the capture (redacted)' },
    { kind: 'process', process: { ...redis, command: 'redacted', cgroup: '' } },
    {
      kind: 'vma',
      vma: {
        ...vmaAt(2 ** 40, 2 ** 41),
        start: 2 ** 40 + shift,
        end: 2 ** 41 + shift,
        mapping: { file: '1', offset: 2 ** 21 },
      },
    },
    { kind: 'vma', vma: { ...vmaAt(2 ** 42, 2 ** 43), start: 2 ** 42 + shift, end: 2 ** 43 + shift } },
    {
      kind: 'vma',
      vma: { ...vmaAt(2 ** 45, 2 ** 46), start: 2 ** 45 + shift, end: 2 ** 46 + shift, name: '[heap]' },
    },
    { kind: 'ranges', ranges: [{ ...rangeAt(0, 7), address: 2 ** 45 + shift }] },
    {
      kind: 'skipped',
      pid: 7,
      failure: { kind: 'permission', message: 'could not be read (message redacted)' },
    },
    { kind: 'file', file: { id: '2', kind: 'internal', name: '' } },
    { kind: 'file', file: { id: '1', kind: 'file', name: '', filesystem: 'ext4' } },
    { kind: 'file', file: { id: '3', kind: 'shared-anonymous', name: '/dev/zero (deleted)' } },
  ]);
});

test('each process has a shift of its own, [vsyscall] none', async () => {
  const vsyscall = { ...vmaAt(0xffffffffff600000, 0xffffffffff601000), name: '[vsyscall]' };
  const process = (pid: number): MemoryItem[] => [
    { kind: 'process', process: { ...redis, pid } },
    { kind: 'vma', vma: vmaAt(0, 4096) },
    { kind: 'vma', vma: vsyscall },
  ];
  const randoms = [0, 0.25];
  const source = redacted(sourceOf([...process(1), ...process(2)]), () => randoms.shift() ?? 1);
  const vmas = (await itemsOf(source)).flatMap((item) => (item.kind === 'vma' ? [item.vma] : []));
  expect(vmas.map(({ start }) => start)).toEqual([
    2 ** 21,
    vsyscall.start,
    2 ** 45 + 2 ** 21,
    vsyscall.start,
  ]);
});

test('redaction keeps every bitmap and the place of every PTE in its PMD range, in every geometry', async () => {
  const cases = geometries.chain((geometry) =>
    fc.tuple(
      hosts(geometry),
      itemSequences(geometry),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    ),
  );
  await fc.assert(
    fc.asyncProperty(cases, async ([host, items, random]) => {
      const source = sourceOf(items, host);
      const plain = (await itemsOf(source)).filter(({ kind }) => kind === 'ranges' || kind === 'vma');
      const hidden = (await itemsOf(redacted(source, () => random))).filter(
        ({ kind }) => kind === 'ranges' || kind === 'vma',
      );
      const bytes = rangeBytes(host.geometry);
      plain.forEach((item, i) => {
        const other = hidden[i];
        if (item.kind === 'vma' && other.kind === 'vma') {
          const shift = other.vma.start - item.vma.start;
          expect(shift).toBeGreaterThan(0);
          expect(shift % bytes).toBe(0);
          expect(other.vma).toEqual({
            ...item.vma,
            start: item.vma.start + shift,
            end: item.vma.end + shift,
            name: other.vma.name,
            mapping: item.vma.mapping && { ...item.vma.mapping, file: other.vma.mapping?.file },
          });
        } else if (item.kind === 'ranges' && other.kind === 'ranges') {
          const shift = other.ranges[0].address - item.ranges[0].address;
          expect(other.ranges).toEqual(
            item.ranges.map((range) => ({ ...range, address: range.address + shift })),
          );
        } else expect.unreachable();
      });
    }),
    { numRuns: 60 },
  );
});
