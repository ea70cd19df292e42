// A whole `predict -p` of 4 GiB against the kernel's thpmaps on the same process, and against what the kernel
// and Node alone take for it. THPMAPS is the path to that script, which comes with the kernel's source
// (tools/mm/thpmaps) and needs root.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { medians } from './median.mjs';

const ENTRY = 8;
const PAGE = 4096;
/** Page flags that are read for nothing between two wanted ones, as the reader does. */
const LARGEST_GAP = 16;
const LONGEST_READ = 1 << 16;

export async function measureThpmaps() {
  const script = process.env.THPMAPS;
  if (!script) return [];
  const child = spawn(process.execPath, ['bench/occupied.mjs', String(4 * 2 ** 30), '4']);
  await once(child.stdout, 'data');
  const run = (command, ...args) => {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  };
  const smaps = `/proc/${child.pid}/smaps`;
  const areas = anonymousAreas(readFileSync(smaps, 'utf8'));
  const pagemap = openSync(`/proc/${child.pid}/pagemap`);
  const flags = openSync('/proc/kpageflags');
  const buffer = Buffer.allocUnsafe(LONGEST_READ * ENTRY);
  const readPagemap = (use) => {
    for (const { start, end } of areas) {
      for (let page = start / PAGE; page < end / PAGE; page += LONGEST_READ) {
        const count = Math.min(LONGEST_READ, end / PAGE - page);
        readSync(pagemap, buffer, 0, count * ENTRY, page * ENTRY);
        use?.(count);
      }
    }
  };
  const spans = spansOf(framesOf(readPagemap, buffer));
  const [time, base, node, ...kernel] = await medians(5, [
    () => run(process.execPath, 'dist/cli/main.js', 'predict', '-p', String(child.pid)),
    () => run('python3', script, '--pid', String(child.pid)),
    () => run(process.execPath, '-e', '0'),
    () => readFileSync(smaps),
    () => readPagemap(),
    () => {
      for (const { first, end } of spans) readSync(flags, buffer, 0, (end - first) * ENTRY, first * ENTRY);
    },
  ]);
  closeSync(pagemap);
  closeSync(flags);
  child.kill();
  const floor = kernel.reduce((sum, each) => sum + each, node);
  const parts = [node, ...kernel].map((each) => each.toFixed(0)).join(' + ');
  return [
    { name: 'predict -p of 4 GiB : thpmaps', unit: 'ms', time, base, ratio: time / base, aim: 1 / 3 },
    {
      name: '  floor (node -e 0 + smaps + pagemap + kpageflags) : thpmaps',
      unit: 'ms',
      time: floor,
      base,
      ratio: floor / base,
      note: `${parts} ms`,
    },
  ];
}

/** The large areas of private memory without a file. */
function anonymousAreas(smaps) {
  return [...smaps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) ..[-x]p 0+ 00:00 0 *\n(?:[A-Z].*\n)*?Rss: +(\d+) kB/gm)]
    .filter(([, , , rss]) => Number(rss) > 2048)
    .map(([, start, end]) => ({ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) }));
}

function framesOf(readPagemap, buffer) {
  const frames = [];
  readPagemap((count) => {
    for (let i = 0; i < count; i++) {
      const high = buffer.readUInt32LE(i * ENTRY + 4);
      if (high >>> 31) frames.push(buffer.readUInt32LE(i * ENTRY) + (high & 0x7fffff) * 2 ** 32);
    }
  });
  return Float64Array.from(frames).sort();
}

/** Runs of frames that are read at once. */
function spansOf(frames) {
  const spans = [];
  for (const frame of frames) {
    const last = spans.at(-1);
    if (last && frame - last.end <= LARGEST_GAP && frame + 1 - last.first <= LONGEST_READ)
      last.end = frame + 1;
    else spans.push({ first: frame, end: frame + 1 });
  }
  return spans;
}
