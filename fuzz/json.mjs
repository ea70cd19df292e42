import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DigestQuery } from '../build/analysis/digest/digest-query.js';
import { totalDigest } from '../build/analysis/digest/memory-digest.js';
import { digestOfBytes } from '../build/cli/shared/digest/digest-file.js';
import { readPolicyFile } from '../build/cli/shared/flags/policy-file.js';
import { policyOfLine, rangeOfLine } from '../build/cli/shared/input/range-line.js';
import { parseRangeLine } from '../build/cli/shared/input/range-line-json.js';
import { parseJson } from '../build/core/base/json.js';
import { below } from '../build/core/base/random.js';
import { x86_64 } from '../build/core/memory/geometry.js';
import { planRange } from '../build/core/plan/plan.js';
import { KERNEL_MODELS } from '../build/core/rules/kernel-model.js';
import { collapsePolicy, defaultLimits } from '../build/core/rules/policy.js';
import { defaultSettings } from '../build/core/rules/thp-settings.js';
import { DEFAULT_CALIBRATION } from '../build/khugepaged/costs.js';
import { loadScenario } from '../build/simulation/load-scenario.js';
import { scenarioOf, scenarioSchema } from '../build/simulation/scenario-schema.js';
import { toCurrentScenario } from '../build/simulation/scenario-version.js';
import { checksumOf } from '../build/snapshot/crc32.js';
import { mutateJson, mutateText } from './mutate.mjs';

const HOSTILE = 'test/fixtures/hostile';
const folder = mkdtempSync(join(tmpdir(), 'thpscope-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const model = KERNEL_MODELS['linux-7.3'];

/** A target for JSON: its structure is changed, now and then its text. */
function jsonTarget(covers, seedsOf, run, close) {
  const mutate = (text, random, other) => {
    const [value, from] = [valueOf(text), valueOf(other)];
    if (value === undefined || from === undefined || below(6, random) === 0) return mutateText(text, random);
    return JSON.stringify(mutateJson(value, random, from));
  };
  return { covers, open: async () => ({ seeds: seedsOf(), mutate, run, close }) };
}

function valueOf(text) {
  const value = parseJson(text);
  return value.ok ? value.value : undefined;
}

const textsOf = (folder, pattern) =>
  readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => readFileSync(`${folder}/${name}`, 'utf8'));

/** A digest of the newest version, which ends with a checksum. */
function newDigest() {
  const path = join(folder, 'digest.json');
  execFileSync(process.execPath, ['dist/cli/main.js', 'digest', 'examples/redis.parquet', '-o', path], {
    stdio: 'ignore',
  });
  return readFileSync(path, 'utf8');
}

export const digest = jsonTarget(
  /build\/(cli\/shared\/digest\/digest-(file|schema)|analysis\/digest\/\w+-json|core\/digest)/,
  () => [...textsOf(HOSTILE, /^digest-/), newDigest()],
  (text) => {
    const body = text.replace(/,"crc32":"[^"]*"\}\s*$/, '');
    const sealed = body === text ? text : `${body},"crc32":"${checksumOf(Buffer.from(body))}"}\n`;
    const read = digestOfBytes(Buffer.from(sealed), 'a.json');
    if (!read.ok) return;
    const { geometry } = read.value.host;
    const counts = new DigestQuery(totalDigest(read.value)).ask(defaultSettings(geometry), model);
    if (/null|NaN/.test(JSON.stringify(counts))) return 'counts that are no numbers';
  },
);

export const ranges = jsonTarget(
  /build\/(cli\/shared\/input\/range-line|core\/memory|core\/base\/json)/,
  () => [
    '{"id":"a","present":"0-15","swap":"16","zero":"1","shared":"2","unreferenced":"","folios":[{"offset":0,"order":4,"missing":"3"}],"orders":"2-9","maxPtesNone":0}',
    '{"present":"0x5","pinned":null,"lazyfree":"0","folios":null,"vma":"0-512","uffdArmed":true,"pmdMapped":false}',
  ],
  (text) => {
    const line = parseRangeLine(text);
    if (!line.ok) return;
    const range = rangeOfLine(line.value.asked, x86_64);
    const flags = collapsePolicy(0x3fc, defaultLimits(x86_64), model, x86_64);
    const policy = policyOfLine(line.value.asked, flags, x86_64);
    if (range.ok && policy.ok) planRange(range.value, policy.value);
  },
);

export const scenario = jsonTarget(
  /build\/simulation\/(check|load|scenario)/,
  () => [...textsOf(HOSTILE, /^scenario-/), ...textsOf('examples/scenarios', /\.json$/)],
  (text) => {
    const json = parseJson(text);
    if (!json.ok) return;
    const parsed = scenarioSchema.safeParse(toCurrentScenario(json.value).json);
    // Machines are made, which takes as long as they are large.
    if (parsed.success) loadScenario(scenarioOf(parsed.data), model, DEFAULT_CALIBRATION, 1);
  },
);

export const policy = jsonTarget(
  /build\/(cli\/shared\/flags\/policy-file|core\/rules\/(thp-settings|policy)|core\/memory\/order)/,
  () => [
    '{"enabled":"madvise","sizes":{"64K":"always","2-9":"never"},"maxPtesNone":0}',
    '{"maxPtesSwap":64,"maxPtesShared":256}',
  ],
  async (text) => {
    const path = join(folder, 'policy.json');
    writeFileSync(path, text);
    await readPolicyFile({ path, name: path }, x86_64);
  },
);
