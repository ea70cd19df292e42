import { clip } from '../../core/base/clip.ts';
import { type Failed, fail, type Result, succeed } from '../../core/base/failure.ts';
import {
  type Geometry,
  MAX_PAGE_SHIFT,
  MAX_PMD_ORDER,
  MIN_PAGE_SHIFT,
  MIN_PMD_ORDER,
} from '../../core/memory/geometry.ts';
import type { Host } from '../../core/rules/memory-source.ts';
import { closeKernelFile, openKernelFile, readFully, readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';
import { readCpu } from './cpu.ts';
import {
  readKhugepagedPace,
  readShmemSettings,
  readShrinkUnderused,
  readThpSettings,
} from './sysfs-settings.ts';
import { readThpCounters } from './thp-counters.ts';

/**
 * Facts about a machine that stay the same while it is read, and its counters at that time. Fails as
 * unsupported where it has pages of other sizes than thpscope knows.
 */
export function readHost(tree: KernelTree, now: Date): Result<Host> {
  const geometry = readKnownGeometry(tree);
  if (!geometry) return otherPages(tree);
  const settings = readThpSettings(tree, geometry);
  return succeed({
    name: readWord(tree, 'hostname'),
    bootId: readWord(tree, 'random/boot_id'),
    kernelRelease: readWord(tree, 'osrelease'),
    time: now.toISOString(),
    geometry,
    settings: settings.ok ? settings.value : undefined,
    shmem: readShmemSettings(tree, geometry),
    khugepaged: readKhugepagedPace(tree, geometry),
    shrinkUnderused: readShrinkUnderused(tree),
    zoneReclaim: readZoneReclaim(tree),
    cpu: readCpu(tree),
    counters: readThpCounters(tree, geometry),
  });
}

/** A file of /proc/sys/kernel; '' where there is none. */
function readWord(tree: KernelTree, name: string): string {
  const file = readKernelFile(tree.proc(`sys/kernel/${name}`));
  return file.ok ? file.value : '';
}

/** Whether khugepaged leaves ranges with pages on several nodes alone (docs/khugepaged.md#scan-rows). */
function readZoneReclaim(tree: KernelTree): boolean | undefined {
  const mode = readKernelFile(tree.proc('sys/vm/zone_reclaim_mode'));
  const nodes = readKernelFile(tree.sys('devices/system/node/online'));
  // A kernel without NUMA has neither file.
  if (!mode.ok || !nodes.ok) return mode.ok === nodes.ok ? false : undefined;
  return (Number(mode.value) & 7) !== 0 && /[,-]/.test(nodes.value);
}

/** Page size from the auxiliary vector; PMD size from sysfs, or of a page table of 8-byte entries. */
function readGeometry(tree: KernelTree): Geometry {
  const pageShift = Math.log2(auxiliaryValue(tree, 6) ?? 4096);
  const pmdSize = readKernelFile(tree.thp('hpage_pmd_size'));
  const pmdShift = pmdSize.ok ? Math.log2(Number(pmdSize.value)) : 2 * pageShift - 3;
  return { pageShift, pmdOrder: pmdShift - pageShift };
}

/** The geometry of the machine, if thpscope knows such. */
export function readKnownGeometry(tree: KernelTree): Geometry | undefined {
  const geometry = readGeometry(tree);
  return isKnown(geometry) ? geometry : undefined;
}

function isKnown({ pageShift, pmdOrder }: Geometry): boolean {
  const isPage = Number.isInteger(pageShift) && pageShift >= MIN_PAGE_SHIFT && pageShift <= MAX_PAGE_SHIFT;
  return isPage && Number.isInteger(pmdOrder) && pmdOrder >= MIN_PMD_ORDER && pmdOrder <= MAX_PMD_ORDER;
}

function otherPages(tree: KernelTree): Failed {
  const file = readKernelFile(tree.thp('hpage_pmd_size'));
  const pmd = file.ok ? `PMD ranges of '${clip(file.value)}' bytes` : 'no PMD size';
  const pages = `pages of ${auxiliaryValue(tree, 6)} bytes and ${pmd}`;
  const known = `of 4K to 64K and PMD orders ${MIN_PMD_ORDER} to ${MAX_PMD_ORDER}`;
  return fail('unsupported', `this machine has ${pages}; thpscope knows those ${known}`);
}

/** An entry of /proc/self/auxv by its type; 6 is AT_PAGESZ. */
function auxiliaryValue(tree: KernelTree, type: number): number | undefined {
  const file = openKernelFile(`${tree.process('self')}/auxv`);
  if (!file.ok) return undefined;
  const vector = new BigUint64Array(64);
  readFully(file.value, new Uint8Array(vector.buffer), 0);
  closeKernelFile(file.value);
  for (let at = 0; at + 1 < vector.length; at += 2)
    if (vector[at] === BigInt(type)) return Number(vector[at + 1]);
  return undefined;
}
