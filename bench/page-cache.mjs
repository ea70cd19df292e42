// What the page cache of mapped files adds to reading their processes: 2 GiB of shared memory, of a file, and
// whatever runs on the machine. CPU times, for the machine may be busy; run as root.
import { readFileSync } from 'node:fs';
import { RUNNING_KERNEL } from '../build/linux/kernel/kernel-tree.js';
import { loadCacheCalls } from '../build/linux/page-cache/cache-calls.js';
import { readPageCache } from '../build/linux/page-cache/cache-reader.js';
import { MappedFiles } from '../build/linux/page-cache/mapped-files.js';
import { listUserPids } from '../build/linux/processes/process.js';
import { readOne } from '../build/linux/processes/process-reader.js';
import { cpuOf, holdMemory, mediansOf } from './live-memory.mjs';
import { openTools } from './live-read.mjs';

const MIB = 2048;
const ROUNDS = 7;

export async function measurePageCache() {
  const tools = await openTools();
  const cacheTools = { ...tools, calls: await loadCacheCalls(tools.geometry) };
  const rows = [];
  for (const kind of ['shared', 'file']) {
    const memory = await holdMemory(kind, MIB);
    rows.push(measure(`page cache of ${kind}, 2 GiB`, [memory.pid], cacheTools));
    memory.stop();
  }
  const others = listUserPids(RUNNING_KERNEL).filter((pid) => pid !== process.pid);
  rows.push(measure(`page cache of ${others.length} processes here`, others, cacheTools));
  return rows;
}

function measure(name, pids, tools) {
  let files;
  const readProcesses = () => {
    files = new MappedFiles(tools.geometry, undefined);
    for (const pid of pids) for (const item of readOne(pid, tools, undefined)) files.add(item);
  };
  let ranges = 0;
  const readCache = () => {
    ranges = 0;
    for (const item of readPageCache(tools, files))
      if (item.kind === 'cache-ranges') ranges += item.ranges.length;
  };
  const readSmaps = () => {
    for (const pid of pids) {
      try {
        readFileSync(`/proc/${pid}/smaps`);
      } catch {
        // It has ended.
      }
    }
  };
  const measures = [readProcesses, readCache, readSmaps].map((action) => () => cpuOf(action));
  // Once, so that code is compiled.
  for (const each of measures) each();
  const [base, time, smaps] = mediansOf(ROUNDS, measures);
  const note = `${ranges} ranges; smaps by the kernel alone ${smaps.toFixed(1)} ms`;
  return { name: `${name} : the processes`, time, base, ratio: time / base, note };
}
