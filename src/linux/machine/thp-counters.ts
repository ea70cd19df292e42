import { readdirSync } from 'node:fs';
import { sizeFolder } from '../../core/base/sysfs.ts';
import { type Geometry, orderBytes } from '../../core/memory/geometry.ts';
import { anonOrders, ordersOf } from '../../core/memory/order.ts';
import type { ThpCounters } from '../../core/rules/thp-counters.ts';
import { readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';

/** Lines of vmstat about huge pages and about making room for them. */
const VMSTAT = /^((?:thp_\w+|compact_(?:stall|fail|success)|nr_anon_transparent_hugepages)) (\d+)$/gm;

const KHUGEPAGED = ['full_scans', 'pages_collapsed'];

/**
 * What the machine counts of huge pages since it was started; what it does not count, or may not be read, is
 * left out. Undefined where there is nothing.
 */
export function readThpCounters(tree: KernelTree, geometry: Geometry): ThpCounters | undefined {
  const counters: Record<string, number> = {};
  const keep = (name: string, text: string | undefined) => {
    if (text !== undefined && /^\d+$/.test(text)) counters[name] = Number(text);
  };
  const vmstat = readKernelFile(tree.proc('vmstat'));
  for (const [, name, value] of vmstat.ok ? vmstat.value.matchAll(VMSTAT) : []) keep(`vmstat/${name}`, value);
  const files = [
    ...KHUGEPAGED.map((name) => `khugepaged/${name}`),
    ...ordersOf(anonOrders(geometry)).flatMap((order) => {
      const folder = `${sizeFolder(orderBytes(order, geometry))}/stats`;
      return filesOf(tree.thp(folder)).map((name) => `${folder}/${name}`);
    }),
  ];
  for (const file of files) {
    const read = readKernelFile(tree.thp(file));
    keep(file, read.ok ? read.value : undefined);
  }
  return Object.keys(counters).length > 0 ? counters : undefined;
}

/** The names of the files in a folder; none where there is no such folder, as before Linux 6.10. */
function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
