// Looks at processes the slow way, every entry and every frame by itself, and says where a capture of thpscope
// says otherwise: the reference for src/linux. It runs as root, on this machine or in a guest:
//   node every-frame.mjs DIST PID...
// prints a line of JSON for each process, and exits with 1 where anything differs.
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const PAGE = 4096;
const RANGE_PAGES = 512;
const FACTS = ['present', 'swap', 'guard', 'zero', 'shared', 'lazyfree', 'locked', 'uffd'];
const KPF = { locked: 0n, anon: 12n, swapBacked: 14n, head: 15n, tail: 16n, large: 22n, zeroPage: 24n };
const has = (word, bit) => ((word >> bit) & 1n) === 1n;

/** Entries of 64 bits of a file, of which each is read once, with its neighbours. */
function entriesOf(path) {
  const fd = openSync(path);
  const blocks = new Map();
  return {
    at(index) {
      const number = Math.floor(index / RANGE_PAGES);
      let block = blocks.get(number);
      if (!block) {
        block = new BigUint64Array(RANGE_PAGES);
        readSync(fd, block, 0, block.byteLength, number * block.byteLength);
        blocks.set(number, block);
      }
      return block[index % RANGE_PAGES];
    },
    close: () => closeSync(fd),
  };
}

/** The folder of the process, or of a thread that lives on after its main thread. */
function folderOf(pid) {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
  const isAlive = (folder) => {
    try {
      return readFileSync(`${folder}/smaps`).length > 0;
    } catch {
      return false;
    }
  };
  return threads.find(isAlive) ?? `/proc/${pid}`;
}

/** What every page of the anonymous VMAs is that is not empty, by its address. */
function lookAtEveryFrame(folder, vmas) {
  const pagemap = entriesOf(`${folder}/pagemap`);
  const flags = entriesOf('/proc/kpageflags');
  const counts = entriesOf('/proc/kpagecount');
  const pages = new Map();
  for (const vma of vmas) {
    for (let address = vma.start; address < vma.end; address += PAGE) {
      const entry = pagemap.at(address / PAGE);
      if (has(entry, 63n) || has(entry, 62n)) pages.set(address, pageOf(entry, flags, vma));
    }
  }
  const ownMappings = new Map();
  for (const { head } of pages.values())
    if (head !== undefined) ownMappings.set(head, (ownMappings.get(head) ?? 0) + 1);
  const sharedFolios = new Map();
  for (const { head, order, exclusive } of pages.values()) {
    if (head === undefined) continue;
    let all = 0;
    if (!sharedFolios.has(head)) {
      for (let i = 0; i < 2 ** order; i++) all += Number(counts.at(head + i));
      sharedFolios.set(head, all > ownMappings.get(head));
    }
    if (!exclusive) sharedFolios.set(head, true);
  }
  for (const page of pages.values())
    page.shared = page.present && !page.zero && (!page.exclusive || sharedFolios.get(page.head) === true);
  for (const file of [pagemap, flags, counts]) file.close();
  return pages;
}

function pageOf(entry, flags, vma) {
  const present = has(entry, 63n);
  const frame = Number(entry & ((1n << 55n) - 1n));
  const flag = present ? flags.at(frame) : 0n;
  const zero = present && has(flag, KPF.zeroPage);
  const folio = present && !zero && has(flag, KPF.large) ? folioOf(frame, flags) : undefined;
  return {
    present,
    swap: !present,
    guard: !present && has(entry, 58n),
    uffd: vma.uffdArmed && has(entry, 57n),
    zero,
    exclusive: has(entry, 56n),
    locked: present && has(flag, KPF.locked),
    lazyfree: present && has(flag, KPF.anon) && !has(flag, KPF.swapBacked),
    order: folio?.order ?? 0,
    head: folio?.head,
  };
}

function folioOf(frame, flags) {
  let head = frame;
  while (has(flags.at(head), KPF.tail)) head--;
  let end = head + 1;
  while (has(flags.at(end), KPF.tail)) end++;
  return { head, order: Math.floor(Math.log2(end - head)) };
}

/** Bytes that smaps says PMD entries map, or are clean MADV_FREE pages, by the start of the VMA. */
function smapsBytes(folder, key) {
  const text = readFileSync(`${folder}/smaps`, 'latin1');
  const all = [...text.matchAll(new RegExp(`^([0-9a-f]+)-[0-9a-f]+ [^]*?^${key}: +(\\d+) kB`, 'gm'))];
  return new Map(all.map(([, start, kB]) => [Number.parseInt(start, 16), Number(kB) * 1024]));
}

/**
 * Whether PMD entries map every large anonymous folio of the machine, by its counters; undefined where it has
 * none (before Linux 6.12).
 */
function pmdEntriesMapAll() {
  const text = readFileSync('/proc/vmstat', 'latin1');
  const mapped = Number(/^nr_anon_transparent_hugepages (\d+)/m.exec(text)[1]);
  const sizes = '/sys/kernel/mm/transparent_hugepage';
  const counted = readdirSync(sizes).filter((name) => existsSync(join(sizes, name, 'stats/nr_anon')));
  if (counted.length === 0) return undefined;
  const folios = (size) => Number(readFileSync(join(sizes, size, 'stats/nr_anon'), 'latin1'));
  return counted.every((size) => folios(size) === (size === 'hugepages-2048kB' ? mapped : 0));
}

/** Compares what a source says of a process that stands still; the facts that it left open. */
export async function compareReaders(source, pid) {
  const differing = [];
  const unknown = new Set();
  const vmas = [];
  for await (const item of source.items()) {
    if (item.kind === 'skipped') differing.push(item.failure.message);
    if (item.kind === 'vma') vmas.push({ ...item.vma, ranges: [] });
    if (item.kind === 'ranges') vmas.at(-1).ranges.push(...item.ranges);
  }
  const asked = vmas.filter(({ anonymous }) => anonymous);
  for (const vma of asked) vma.uffdArmed = vma.flags.some((flag) => ['um', 'uw', 'ui'].includes(flag));
  const folder = folderOf(pid);
  const pages = lookAtEveryFrame(folder, asked);
  const huge = smapsBytes(folder, 'AnonHugePages');
  const clean = smapsBytes(folder, 'LazyFree');
  // Marks wait in a batch of their CPU: a source that says what smaps said then is believed.
  for (const vma of asked) vma.isFreed = (vma.lazyFreeBytes ?? clean.get(vma.start)) > 0;
  let ranges = 0;
  for (const vma of asked) {
    let hugeBytes = 0;
    const seen = new Set();
    for (const range of vma.ranges) {
      ranges++;
      compareRange(range, vma, pages, (what) => differing.push(what), unknown);
      seen.add(range.address);
      if (range.pmdMapped && !(range.facts.zero?.[0] & 1)) hugeBytes += RANGE_PAGES * PAGE;
    }
    if (hugeBytes !== huge.get(vma.start))
      differing.push(`PMD-mapped in ${vma.start.toString(16)}: ${hugeBytes}`);
    for (const address of pages.keys()) {
      const range = address - (address % (RANGE_PAGES * PAGE));
      if (vma.start <= address && address < vma.end && !seen.has(range))
        differing.push(`nothing is said of ${address.toString(16)}`);
    }
  }
  return { pid, ranges, pages: pages.size, unknown: [...unknown].sort(), differing: differing.slice(0, 20) };
}

function compareRange({ address, facts, folioOrders }, vma, pages, differs, unknown) {
  for (let i = 0; i < RANGE_PAGES; i++) {
    const at = address + i * PAGE;
    const page = vma.start <= at && at < vma.end ? pages.get(at) : undefined;
    for (const fact of FACTS) {
      const bits = facts[fact];
      if (bits === undefined) {
        unknown.add(fact);
        continue;
      }
      // Bits of a fact that does not apply to a PTE mean nothing.
      const is = ((bits[i >>> 5] >>> (i & 31)) & 1) === 1;
      const applies = page !== undefined || ['present', 'swap'].includes(fact);
      // Marks of MADV_FREE count where smaps says that pages are clean since.
      const expected = fact === 'lazyfree' && !vma.isFreed ? false : (page?.[fact] ?? false);
      if (applies && is !== expected) differs(`${fact} at ${at.toString(16)}: ${is}`);
    }
    if (folioOrders === undefined) unknown.add('folioOrders');
    else if (folioOrders[i] !== (page?.order ?? 0))
      differs(`order at ${at.toString(16)}: ${folioOrders[i]}, not ${page?.order}`);
  }
}

/** What the built command records of processes: for each of them a source of its items. */
async function captured(dist, pids) {
  // A guest has no /tmp.
  const folder = mkdtempSync(join(existsSync(tmpdir()) ? tmpdir() : '/', 'every-frame-'));
  const file = join(folder, 'capture.parquet');
  const command = [join(dist, 'cli/main.js'), 'capture', '-p', pids.join(','), '-o', file];
  execFileSync(process.execPath, command, { stdio: 'ignore' });
  const { openSnapshotFile } = await import(pathToFileURL(join(dist, 'node.js')));
  const opened = await openSnapshotFile(file);
  const itemsOf = new Map(pids.map((pid) => [pid, []]));
  let pid;
  for await (const item of opened.value.items()) {
    if (item.kind === 'process') pid = item.process.pid;
    if (item.kind !== 'note') itemsOf.get(item.kind === 'skipped' ? item.pid : pid).push(item);
  }
  opened.value.close();
  rmSync(folder, { recursive: true });
  return [...itemsOf].map(([each, items]) => [each, { items: () => items }]);
}

if (process.argv[1]?.endsWith('every-frame.mjs')) {
  const [dist, ...pids] = process.argv.slice(2);
  const counted = pmdEntriesMapAll();
  for (const [pid, source] of await captured(resolve(dist), pids.map(Number))) {
    const compared = await compareReaders(source, pid);
    console.log(JSON.stringify({ ...compared, pmdEntriesMapAll: counted }));
    if (compared.differing.length > 0) process.exitCode = 1;
  }
}
