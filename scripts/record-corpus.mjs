// Records test/fixtures/corpus/SERIES.jsonl.gz: what real kernels made of a few thousand ranges, so that `npm
// test` holds the model to real answers where there is no QEMU. Takes a minute or two a kernel.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { corpusLine, parseCorpusLine } from '../build/conform/corpus.js';
import { daemonRequest } from '../build/conform/daemon/daemon-batch.js';
import { compareDaemonReport } from '../build/conform/daemon/daemon-conformance.js';
import { bootGuest } from '../build/conform/guest/guest.js';
import { buildInitramfs, compileProbe, fetchKernels, KERNEL_SERIES } from '../build/conform/guest/kernels.js';
import { PROBE_GEOMETRY, requestLines } from '../build/conform/probe/probe-batch.js';
import { probeQuestions } from '../build/conform/questions.js';
import { compareReport } from '../build/conform/ranges/conformance.js';
import { SUITES } from '../build/conform/suite-names.js';

const SEED = 20261122;
const RANGES = { plain: 1500, mixed: 1500, daemon: 500 };
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
    const { questions } = probeQuestions(suite, RANGES[suite], SEED, guest.features, PROBE_GEOMETRY);
    for (const question of questions) {
      lines.push(await settledLine(guest, suite, question, model));
    }
  }
  await guest.stop();
  const packed = gzipSync(lines.join('\n'), { level: 9 });
  writeFileSync(join(FIXTURES, `${name}.jsonl.gz`), packed);
  console.log(`${name} ${version}: ${packed.length} bytes`);
}
rmSync(folder, { recursive: true });

/**
 * What another thread of the guest disturbed is asked again; what the model has wrong is recorded as it is.
 */
async function settledLine(guest, suite, { batch, daemon }, model) {
  const request = daemon ? daemonRequest(daemon) : requestLines(batch);
  let line;
  for (let times = 0; times < 3; times++) {
    line = corpusLine(suite, request, valueOf(await guest.ask(request, 180_000)));
    if (agrees(valueOf(parseCorpusLine(line)), model)) break;
    console.log(`asked again: ${request[0]}`);
  }
  return line;
}

function agrees({ batch, daemon, layout, report }, model) {
  if (daemon) return compareDaemonReport(daemon, layout, report, model) === undefined;
  return compareReport(batch, report, model).disagreements.length === 0;
}

function valueOf(result) {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}
