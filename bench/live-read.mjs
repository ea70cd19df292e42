// Reading a process against a bare pread of the same pagemap bytes in the same pieces.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readSync } from 'node:fs';
import { createChunkBuffer } from '../dist/linux/chunk-buffer.js';
import { RANGES_PER_CHUNK, readChunk } from '../dist/linux/chunk-reader.js';
import { readHost } from '../dist/linux/host.js';
import { RUNNING_KERNEL } from '../dist/linux/kernel-tree.js';
import { PageFlags } from '../dist/linux/page-flags.js';
import { openPagemap } from '../dist/linux/pagemap.js';
import { loadPagemapScan } from '../dist/linux/pagemap-scan.js';
import { readSmaps } from '../dist/linux/smaps.js';
import { medians } from './median.mjs';

const GIB = 1 << 30;
const ROUNDS = 7;

/** Memory that a child process holds, by the pages it touches of every 4. */
const OCCUPANCIES = [
  { name: 'dense 4 GiB', touched: 4 },
  { name: 'half of 4 GiB', touched: 2 },
];

export async function measureLiveRead() {
  const rows = [];
  for (const { name, touched } of OCCUPANCIES) {
    const child = spawn(process.execPath, ['bench/occupied.mjs', String(4 * GIB), String(touched)]);
    await once(child.stdout, 'data');
    rows.push(...(await measure(child.pid, name)));
    child.kill();
  }
  return rows;
}

async function measure(pid, name) {
  const { geometry } = readHost(RUNNING_KERNEL, new Date()).value;
  const pagemap = openPagemap(pid, geometry).value;
  const scan = await loadPagemapScan(pagemap.fd);
  const flags = PageFlags.open(RUNNING_KERNEL);
  const chunks = anonymousChunks(pid, geometry);
  const buffer = Buffer.allocUnsafe(8 * RANGES_PER_CHUNK * 2 ** geometry.pmdOrder);
  const file = openSync(`/proc/${pid}/pagemap`);
  const pageBytes = 2 ** geometry.pageShift;

  const buffers = createChunkBuffer(geometry, RANGES_PER_CHUNK);
  const bare = () => {
    for (const { start, end } of chunks) {
      readSync(file, buffer, 0, (8 * (end - start)) / pageBytes, (8 * start) / pageBytes);
    }
  };
  const reader = (tools) => () => {
    for (const { vma, start, end } of chunks)
      readChunk({ geometry, pagemap, scan, buffer: buffers, ...tools }, vma, start, end);
  };
  const actions = [
    bare,
    reader({ flags: undefined }),
    () => readSmaps(pid),
    ...(flags ? [reader({ flags })] : []),
  ];
  const [base, time, smaps, withFlags] = await medians(ROUNDS, actions);
  closeSync(file);
  pagemap.close();
  flags?.close();
  return [
    { name: `ranges of ${name} : bare pread`, time, base, ratio: time / base, aim: 1.3 },
    { name: `  smaps of it : bare pread`, time: smaps, base, ratio: smaps / base },
    ...(withFlags
      ? [{ name: `  ranges with folios : bare pread`, time: withFlags, base, ratio: withFlags / base }]
      : []),
  ];
}

/** The anonymous memory of a process in the pieces that the reader uses. */
function anonymousChunks(pid, geometry) {
  const rangeBytes = 2 ** (geometry.pageShift + geometry.pmdOrder);
  const chunks = [];
  for (const vma of readSmaps(pid).value) {
    if (!vma.anonymous || vma.rssBytes < rangeBytes) continue;
    const last = Math.ceil(vma.end / rangeBytes) * rangeBytes;
    for (let start = Math.floor(vma.start / rangeBytes) * rangeBytes; start < last; ) {
      const end = Math.min(start + RANGES_PER_CHUNK * rangeBytes, last);
      chunks.push({ vma, start, end });
      start = end;
    }
  }
  return chunks;
}
