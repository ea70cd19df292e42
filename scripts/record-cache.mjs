// Records test/fixtures/corpus/cache-SERIES.jsonl.gz: what real kernels made of shared memory and files in
// the page cache, so that `npm test` holds the rules to real answers where there is no QEMU. Takes some
// minutes a kernel.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { cacheRequest } from '../build/conform/cache/batch.js';
import { compareCacheReport } from '../build/conform/cache/conformance.js';
import { makeDisk } from '../build/conform/cache/disk.js';
import { parseCacheReport } from '../build/conform/cache/report.js';
import { cacheBatches } from '../build/conform/cache/suite.js';
import { bootGuest } from '../build/conform/guest/guest.js';
import { GUEST_MACHINES } from '../build/conform/guest/guest-machines.js';
import { buildInitramfs, compileProbe, fetchKernels, KERNEL_SERIES } from '../build/conform/guest/kernels.js';
import { CACHE_SUITES } from '../build/conform/suite-names.js';
import { randomFrom } from '../build/core/base/random.js';

const SEED = 20261127;
const RANGES = { shared: 300, files: 300 };
const FIXTURES = 'test/fixtures/corpus';
/** How often a batch that differs is asked about again: what another thread did passes. */
const MOST_ASKS = 4;

const folder = mkdtempSync(join(tmpdir(), 'thpscope-cache-'));
const kernels = valueOf(await fetchKernels(KERNEL_SERIES));
const probe = valueOf(await compileProbe(folder));
for (const kernel of kernels) {
  const { name, version } = kernel;
  const disk = valueOf(await makeDisk(folder));
  const initramfs = buildInitramfs(probe, kernel, folder);
  const guest = valueOf(await bootGuest(kernel.path, initramfs, folder, GUEST_MACHINES.amd64, disk));
  const lines = [JSON.stringify({ kernel: name, version, recorded: new Date().toISOString(), seed: SEED })];
  for (const suite of CACHE_SUITES)
    for (const batch of cacheBatches(suite, RANGES[suite], randomFrom(SEED)))
      lines.push(
        JSON.stringify({
          suite,
          request: cacheRequest(batch),
          answer: await settled(guest, batch, kernel.model),
        }),
      );
  await guest.stop();
  const packed = gzipSync(lines.join('\n'), { level: 9 });
  writeFileSync(join(FIXTURES, `cache-${name}.jsonl.gz`), packed);
  console.log(`${name} ${version}: ${packed.length} bytes`);
}
rmSync(folder, { recursive: true });

async function settled(guest, batch, model) {
  for (let asks = 1; ; asks++) {
    const answer = valueOf(await guest.ask(cacheRequest(batch), 180_000));
    const report = parseCacheReport(batch, answer);
    if (asks === MOST_ASKS || (report.ok && compareCacheReport(batch, report.value, model).length === 0))
      return answer;
  }
}

function valueOf(result) {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}
