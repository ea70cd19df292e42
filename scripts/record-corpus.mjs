// Records test/fixtures/corpus/SERIES.jsonl.gz: what real kernels made of a few thousand ranges, so that `npm test` holds the
// model to real answers where there is no QEMU. Takes a minute or two a kernel.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { compareReport } from '../dist/kernel-lab/conformance.js';
import { corpusLine } from '../dist/kernel-lab/corpus.js';
import { bootGuest } from '../dist/kernel-lab/guest.js';
import { buildInitramfs, compileProbe, fetchKernels, KERNEL_SERIES } from '../dist/kernel-lab/kernels.js';
import { requestLines } from '../dist/kernel-lab/lab-batch.js';
import { labQuestions } from '../dist/kernel-lab/questions.js';
import { parseReport } from '../dist/kernel-lab/report.js';
import { SUITES } from '../dist/kernel-lab/suites.js';

const SEED = 20261122;
const RANGES_A_SUITE = 1500;
const FIXTURES = 'test/fixtures/corpus';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-corpus-'));
const kernels = valueOf(await fetchKernels(KERNEL_SERIES));
const probe = valueOf(await compileProbe(folder));
mkdirSync(FIXTURES, { recursive: true });
for (const kernel of kernels) {
  const { name, version, model } = kernel;
  const guest = valueOf(await bootGuest(kernel.path, buildInitramfs(probe, kernel, folder), folder));
  const lines = [JSON.stringify({ kernel: name, version, recorded: new Date().toISOString(), seed: SEED })];
  for (const suite of SUITES) {
    for (const { batch } of labQuestions(suite, RANGES_A_SUITE, SEED, guest.features)) {
      lines.push(corpusLine(suite, batch, await settledAnswer(guest, batch, model)));
    }
  }
  await guest.stop();
  const packed = gzipSync(lines.join('\n'), { level: 9 });
  writeFileSync(join(FIXTURES, `${name}.jsonl.gz`), packed);
  console.log(`${name} ${version}: ${packed.length} bytes`);
}
rmSync(folder, { recursive: true });

/** What another thread of the guest disturbed is asked again; what the model has wrong is recorded as it is. */
async function settledAnswer(guest, batch, model) {
  let answer;
  for (let times = 0; times < 3; times++) {
    answer = valueOf(await guest.ask(requestLines(batch), 180_000));
    if (compareReport(batch, valueOf(parseReport(batch, answer)), model).disagreements.length === 0) break;
    console.log(`asked again: ${batch.call}`);
  }
  return answer;
}

function valueOf(result) {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}
