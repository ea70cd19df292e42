import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Geometry, pageBytes, rangeBytes } from '../../src/core/memory/geometry.ts';
import { KernelTree } from '../../src/linux/kernel/kernel-tree.ts';

/** Files below /, such as "proc/7/status"; a pagemap says which entry each address has. */
export type KernelFiles = Readonly<Record<string, string | Uint8Array | Pages>>;

/** 64-bit entries of a sparse file by their index: page numbers in pagemap, frames in kpageflags. */
export type Pages = ReadonlyMap<number, bigint>;

/** A kernel that shows these files; its folder is removed after the test. */
export function kernelTree(files: KernelFiles): KernelTree {
  const root = mkdtempSync(join(tmpdir(), 'thpscope-kernel-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    if (content instanceof Map) writeEntries(path, content);
    else writeFileSync(path, content as string | Uint8Array);
  }
  return new KernelTree(root);
}

function writeEntries(path: string, entries: Pages): void {
  const file = openSync(path, 'w');
  for (const [index, entry] of entries) writeSync(file, new BigUint64Array([entry]), 0, 8, 8 * index);
  closeSync(file);
}

/** The entry of a present page that nobody else maps, and of one in swap. */
export const PRESENT = (1n << 63n) | (1n << 56n);
export const SWAPPED = 1n << 62n;

/** What a machine has besides its processes: x86-64 under Linux 6.18 unless `files` say otherwise. */
export function machineFiles(geometry: Geometry, files: KernelFiles = {}): KernelFiles {
  const auxv = new BigUint64Array([6n, BigInt(pageBytes(geometry)), 0n, 0n]);
  const THP = 'sys/kernel/mm/transparent_hugepage';
  return {
    'proc/sys/kernel/hostname': 'recorded\n',
    'proc/sys/kernel/osrelease': '6.18.44\n',
    'proc/sys/kernel/arch': 'x86_64\n',
    'proc/sys/kernel/random/boot_id': '3c8d8cb1-5a0a-4f6f-9d8e-000000000000\n',
    'proc/self/auxv': new Uint8Array(auxv.buffer),
    'proc/self/maps': '00400000-00401000 r-xp 00000000 00:00 1 /bin/cat\n',
    'proc/self/pagemap': new Map([[0x400000 / pageBytes(geometry), PRESENT]]),
    'proc/self/status': 'Name:\tnode\nTgid:\t1\nCapEff:\t0000000000000000\n',
    [`${THP}/enabled`]: '[always] madvise never\n',
    [`${THP}/hpage_pmd_size`]: `${rangeBytes(geometry)}\n`,
    [`${THP}/hugepages-${rangeBytes(geometry) / 1024}kB/enabled`]: 'always [inherit] madvise never\n',
    [`${THP}/khugepaged/max_ptes_none`]: '511\n',
    [`${THP}/khugepaged/max_ptes_swap`]: '64\n',
    [`${THP}/khugepaged/max_ptes_shared`]: '256\n',
    ...files,
  };
}

/** A VMA as smaps has it; `sums` are lines such as { Rss: 64 }, in kB. */
export interface VmaLines {
  readonly start: number;
  readonly end: number;
  readonly name?: string;
  readonly sums?: Readonly<Record<string, number>>;
  /** Other lines, as they are. */
  readonly more?: string;
}

function smapsText(vmas: readonly VmaLines[]): string {
  const hex = (address: number) => address.toString(16).padStart(8, '0');
  return vmas
    .map(({ start, end, name = '', sums = {}, more = '' }) => {
      const lines = Object.entries(sums).map(
        ([key, kB]) => `${`${key}:`.padEnd(16)}${String(kB).padStart(8)} kB`,
      );
      const header = `${hex(start)}-${hex(end)} rw-p 00000000 00:00 0 ${name}`;
      return `${[header, ...lines].join('\n')}\n${more}`;
    })
    .join('');
}

/** The files of a process with one thread and this memory. */
export function processFiles(
  pid: number,
  {
    vmas,
    pages,
    files = {},
  }: { readonly vmas: readonly VmaLines[]; readonly pages: Pages; readonly files?: KernelFiles },
): KernelFiles {
  const stat = [pid, '(cat)', 'S', ...Array<number>(16).fill(0), 0, 0, 4242, ...Array<number>(30).fill(0)];
  const own = {
    stat: `${stat.join(' ')}\n`,
    statm: '100 50 0 0 0 0 0\n',
    status: `Name:\tcat\nTgid:\t${pid}\nPid:\t${pid}\nUid:\t0\t0\t0\t0\nVmSize:\t     400 kB\nTHP_enabled:\t1\n`,
    smaps: smapsText(vmas),
    cgroup: '0::/\n',
    pagemap: pages,
    ...files,
  };
  return Object.fromEntries(Object.entries(own).map(([name, content]) => [`proc/${pid}/${name}`, content]));
}
