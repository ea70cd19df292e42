// What reading one process costs: the reader of src/linux against a bare PAGEMAP_SCAN and a bare pread of
// pagemap in C, with and without the counters that save it a look at every frame; and how long a fault of the
// process waits meanwhile. CPU times, for the machine may be busy; run as root.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelTells } from '../build/linux/kernel/kernel-tells.js';
import { RUNNING_KERNEL } from '../build/linux/kernel/kernel-tree.js';
import { readHost } from '../build/linux/machine/host.js';
import { MemoryGroupReader } from '../build/linux/machine/memory-groups.js';
import { createChunkBuffer } from '../build/linux/pages/chunk-buffer.js';
import { LargeFolioCounters } from '../build/linux/pages/large-folios.js';
import { RANGES_PER_CHUNK } from '../build/linux/pages/page-chunks.js';
import { PageFlags } from '../build/linux/pages/page-flags.js';
import { openPagemap } from '../build/linux/pages/pagemap.js';
import { loadPagemapScan } from '../build/linux/pages/pagemap-scan.js';
import { PageNumbers } from '../build/linux/pages/shared-pages.js';
import { readSmaps } from '../build/linux/pages/smaps.js';
import { readOne } from '../build/linux/processes/process-reader.js';
import { cpuOf, holdMemory, mediansOf, timeBareReads } from './live-memory.mjs';

const MIB = 4096;
const ROUNDS = 7;
const KINDS = ['dense', 'half', 'alternate', 'half-huge', 'huge', 'scattered', 'folios'];
const VMAS = 60_000;
const FAULT_SECONDS = 2;

export async function measureLiveRead() {
  const tools = await openTools();
  const rows = [];
  for (const kind of KINDS) rows.push(...(await measureKind(kind, tools)));
  rows.push(...(await measureVmas(tools)), ...(await measureStall(tools)));
  return rows;
}

/** What processes are read with, with every right there is. */
export async function openTools() {
  const { geometry, kernelRelease } = readHost(RUNNING_KERNEL, new Date()).value;
  const own = openPagemap('/proc/self', geometry).value;
  const scan = await loadPagemapScan(own.fd);
  own.close();
  return {
    tree: RUNNING_KERNEL,
    geometry,
    scan,
    flags: PageFlags.open(RUNNING_KERNEL),
    largeFolios: LargeFolioCounters.open(RUNNING_KERNEL, geometry),
    tells: kernelTells(kernelRelease),
    numbers: new PageNumbers(),
    buffer: createChunkBuffer(geometry, RANGES_PER_CHUNK),
    groups: new MemoryGroupReader(RUNNING_KERNEL),
    underLocks: (call) => call(),
  };
}

function read(pid, tools) {
  for (const item of readOne(pid, tools, undefined))
    if (item.kind === 'skipped') throw new Error(item.failure.message);
}

/** Readers by what they know of folios: by the counters, by every frame, and nothing, as an ordinary user. */
function readersOf(tools) {
  return [
    tools,
    { ...tools, largeFolios: undefined },
    { ...tools, flags: undefined, largeFolios: undefined },
  ];
}

async function measureKind(kind, tools) {
  const memory = await holdMemory(kind, MIB);
  const folder = `/proc/${memory.pid}`;
  const measures = [() => cpuOf(() => readSmaps(folder)), () => cpuOf(() => readFileSync(`${folder}/smaps`))];
  for (const reader of readersOf(tools)) measures.push(() => cpuOf(() => read(memory.pid, reader)));
  // Once, so that code is compiled.
  for (const measure of measures) measure();
  const [smaps, bareSmaps, counted, framed, user] = mediansOf(ROUNDS, measures);
  const { scan, pagemap } = timeBareReads(memory, ROUNDS);
  const left = smallestWords(tools);
  memory.stop();
  const base = scan;
  const row = (name, time, more) => ({ name, time, base, ratio: time / base, ...more });
  return [
    row(`reading ${kind} 4 GiB : PAGEMAP_SCAN`, counted, { aim: 2, note: left }),
    row('  of it smaps', smaps, { note: `the kernel alone ${bareSmaps.toFixed(1)} ms` }),
    row('  pread of pagemap in C', pagemap),
    row('  every frame looked at', framed),
    row('  as an ordinary user', user),
  ];
}

function smallestWords({ largeFolios }) {
  const { smallest } = largeFolios?.read() ?? { smallest: 0 };
  if (smallest === 0) return 'folios are not counted here';
  return smallest > 9
    ? 'PMD entries map all folios'
    : `folios of order ${smallest} are not mapped by PMD entries`;
}

async function measureVmas(tools) {
  const memory = await holdMemory('vmas', VMAS / 256);
  const path = `/proc/${memory.pid}/smaps`;
  const measures = [() => cpuOf(() => read(memory.pid, tools)), () => cpuOf(() => readFileSync(path))];
  for (const measure of measures) measure();
  const [time, base] = mediansOf(ROUNDS, measures);
  memory.stop();
  const note = `${((1000 * time) / VMAS).toFixed(1)} µs a VMA`;
  return [{ name: 'reading 60,000 VMAs : smaps', time, base, ratio: time / base, note }];
}

/** The slowest fault of a thread of the process, while nobody and while somebody looks. */
async function measureStall(tools) {
  const memory = await holdMemory('stall', MIB);
  const slowest = async (look) => {
    await memory.ask();
    const until = performance.now() + 1000 * FAULT_SECONDS;
    while (performance.now() < until) {
      look();
      await sleep(1);
    }
    const [microseconds, faults] = await memory.ask();
    return { time: microseconds / 1000, note: `${faults} faults in ${FAULT_SECONDS} s` };
  };
  const [counted, framed] = readersOf(tools);
  const looks = [
    ['nobody looks', () => {}],
    ['smaps is read', () => readFileSync(`/proc/${memory.pid}/smaps`)],
    ['it is read', () => read(memory.pid, counted)],
    ['every frame is looked at', () => read(memory.pid, framed)],
  ];
  const rows = [];
  for (const [name, look] of looks) {
    const { time, note } = await slowest(look);
    const base = rows[0]?.time ?? time;
    rows.push({ name: `slowest fault while ${name}`, time, base, ratio: time / base, note });
  }
  memory.stop();
  return rows;
}
