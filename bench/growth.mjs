// Time and memory of whole commands as snapshots grow, and with one worker and two.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { x86_64 } from '../dist/core/memory/geometry.js';
import { plainRange } from '../dist/core/memory/range-state.js';
import { writeSnapshot } from '../dist/snapshot/writer.js';
import { fillOccupancy } from './occupancies.mjs';

const GIB = [1, 4, 16, 64, 1024];
const RANGES_PER_GIB = 512;

export async function measureGrowth() {
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-bench-'));
  const rows = [];
  try {
    let first;
    for (const gib of GIB) {
      const path = join(folder, `${gib}.parquet`);
      await recordMixed(path, gib * RANGES_PER_GIB);
      const output = join(folder, 'digest.json');
      const one = await run(['digest', path, '-o', output, '--json', '--workers', '1']);
      const two = await run(['digest', path, '-o', output, '--json', '--workers', '2']);
      first ??= one;
      const mib = `${Math.round(one.peak / 1024)} and ${Math.round(two.peak / 1024)} MiB`;
      rows.push(row(`digest of a ${gib} GiB snapshot, 1 worker : of 1 GiB`, one.time, first.time));
      rows.push({
        ...row(`  2 workers : 1 worker`, two.time, one.time),
        note: mib,
        peak: [one.peak, two.peak],
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return rows;
}

const row = (name, time, base) => ({ name, unit: 'ms', time, base, ratio: time / base });

/** Wall time, and the most memory that /proc saw of it in KiB. */
async function run(args) {
  const start = performance.now();
  const child = spawn(process.execPath, ['dist/cli/main.js', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let peak = 0;
  const poll = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // It has just ended.
    }
  }, 20);
  const [code] = await once(child, 'close');
  clearInterval(poll);
  if (code !== 0) throw new Error(`thpscope ${args.join(' ')} ended with ${code}`);
  return { time: performance.now() - start, peak };
}

/** Writes a snapshot of one process with so many ranges of mixed occupancy. */
export function recordMixed(path, ranges) {
  const process = { pid: 1, startTime: 1, command: 'mixed', cgroup: '', thpDisabled: false };
  const vma = { start: 0, end: ranges * 2 ** 21, name: '', anonymous: true, flags: [] };
  async function* items() {
    yield { kind: 'process', process };
    yield { kind: 'vma', vma: { ...vma, thpEligible: undefined, rssBytes: 0, swapBytes: 0 } };
    for (let i = 0; i < ranges; i++) {
      const present = new Uint32Array(16);
      fillOccupancy('mixed', present, i + 1);
      const range = plainRange(x86_64, present, new Uint8Array(512));
      yield { kind: 'ranges', ranges: [{ ...range, address: i * 2 ** 21 }] };
    }
  }
  const host = { name: '', bootId: '', kernelRelease: '7.2.0', time: '2026-01-01T00:00:00.000Z' };
  return writeSnapshot(path, { host: { ...host, geometry: x86_64, settings: undefined }, items });
}
