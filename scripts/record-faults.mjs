// Records test/fixtures/corpus/faults-SERIES.jsonl.gz: what real kernels mapped after a thousand random
// histories, so that `npm test` holds the fault rule to real answers where there is no QEMU. Takes a minute
// or two a kernel.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { faultRequest } from '../build/conform/faults/fault-conformance.js';
import { historyLine } from '../build/conform/faults/fault-history.js';
import { faultBatches } from '../build/conform/faults/fault-suite.js';
import { bootGuest } from '../build/conform/guest/guest.js';
import { buildInitramfs, compileProbe, fetchKernels, KERNEL_SERIES } from '../build/conform/guest/kernels.js';
import { randomFrom } from '../build/core/base/random.js';

const SEED = 20261126;
const HISTORIES = 1000;
const FIXTURES = 'test/fixtures/corpus';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-faults-'));
const kernels = valueOf(await fetchKernels(KERNEL_SERIES));
const probe = valueOf(await compileProbe(folder));
for (const kernel of kernels) {
  const { name, version } = kernel;
  const guest = valueOf(await bootGuest(kernel.path, buildInitramfs(probe, kernel, folder), folder));
  const lines = [JSON.stringify({ kernel: name, version, recorded: new Date().toISOString(), seed: SEED })];
  for (const histories of faultBatches(HISTORIES, randomFrom(SEED))) {
    const answer = valueOf(await guest.ask(faultRequest(histories), 180_000));
    const mapped = answer.filter((line) => line.startsWith('mapped'));
    for (const [i, history] of histories.entries())
      lines.push(JSON.stringify({ history: historyLine(history), answer: mapped[i] }));
  }
  await guest.stop();
  const packed = gzipSync(lines.join('\n'), { level: 9 });
  writeFileSync(join(FIXTURES, `faults-${name}.jsonl.gz`), packed);
  console.log(`${name} ${version}: ${packed.length} bytes`);
}
rmSync(folder, { recursive: true });

function valueOf(result) {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}
