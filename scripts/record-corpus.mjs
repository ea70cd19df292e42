// Records test/fixtures/corpus/SERIES.jsonl.gz: what real kernels made of a few thousand ranges, so that `npm test` holds the
// model to real answers where there is no QEMU. Takes a minute or two a kernel.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { askBatch } from '../dist/kernel-lab/conformance.js';
import { corpusLine } from '../dist/kernel-lab/corpus.js';
import { bootGuest } from '../dist/kernel-lab/guest.js';
import { buildInitramfs, fetchKernels } from '../dist/kernel-lab/kernels.js';
import { randomFrom } from '../dist/kernel-lab/random.js';
import { batchesOf, SUITES } from '../dist/kernel-lab/suites.js';

const SEED = 20261122;
const RANGES_A_SUITE = 2000;
const FIXTURES = 'test/fixtures/corpus';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-corpus-'));
const kernels = valueOf(await fetchKernels(['7.2', '7.3']));
const initramfs = valueOf(await buildInitramfs(folder));
mkdirSync(FIXTURES, { recursive: true });
for (const { series, version, path } of kernels) {
  const guest = valueOf(await bootGuest(path, initramfs, folder));
  const lines = [JSON.stringify({ kernel: series, version, recorded: new Date().toISOString(), seed: SEED })];
  for (const suite of SUITES) {
    for (const batch of batchesOf(suite, RANGES_A_SUITE, randomFrom(SEED))) {
      lines.push(corpusLine({ suite, batch, answer: valueOf(await askBatch(guest, batch)) }));
    }
  }
  await guest.stop();
  const packed = gzipSync(lines.join('\n'), { level: 9 });
  writeFileSync(join(FIXTURES, `${series}.jsonl.gz`), packed);
  console.log(`${series} ${version}: ${SUITES.length * RANGES_A_SUITE} ranges, ${packed.length} bytes`);
}
rmSync(folder, { recursive: true });

function valueOf(result) {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}
