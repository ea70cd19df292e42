import { formatBytes } from '../../core/base/bytes.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { geometryOfPmdOrder, pageBytes } from '../../core/memory/geometry.ts';
import { countPages } from '../../core/memory/occupancy.ts';
import { NO_ORDERS } from '../../core/memory/order.ts';
import { REBUILD_RESULTS, type ScanResult, scanResultNamed } from '../../core/rules/scan-result.ts';
import { enabledOrders } from '../../core/rules/thp-settings.ts';
import type { ScannedRange } from '../../core/search/algorithm.ts';
import { proofJson } from '../../render/json/proof.ts';
import { propertyProofJson } from '../../render/json/property-proof.ts';
import { gapJson, verifyJson } from '../../render/json/verify.ts';
import { notProvedText } from '../../render/text/verify/proof.ts';
import { notBrokenText } from '../../render/text/verify/property-proof.ts';
import { gapText, verifyText } from '../../render/text/verify/verify.ts';
import { verifyMail } from '../../render/text/verify/verify-mail.ts';
import { verifyJunit, verifyKtap } from '../../render/text/verify/verify-tests.ts';
import { rebuildOnly } from '../../render/words/unmet-outcomes.ts';
import type { SearchCase } from '../../verify/cases/search-case.ts';
import { CHECKED_ALGORITHMS } from '../../verify/checked-algorithm.ts';
import type { Asked } from '../../verify/verification.ts';
import { type Context, print, printText, reportFailure, styleFor, warn } from '../shared/context.ts';
import { EXIT } from '../shared/exit-code.ts';
import { policyFromFlags } from '../shared/flags/command-policy.ts';
import { geometryFromFlags, geometryNote } from '../shared/flags/geometry-flags.ts';
import { noneLimitsFromFlags } from '../shared/flags/none-limits.ts';
import { type SettingsFlags, settingsFlags } from '../shared/flags/policy-flags.ts';
import type { GeometryFlags } from '../shared/flags/source-flags.ts';
import { commandInputs, type WithPolicyFile } from '../shared/input/command-inputs.ts';
import { madeBy } from '../shared/made-by.ts';
import { originField, printOrigin } from '../shared/memory/origin.ts';
import { rangeFromFlags } from '../shared/memory/source.ts';
import { type ProofAnswer, reportJob, runVerifyJob } from '../shared/search/verify-job.ts';
import type { VerifyFlags } from './command.ts';
import { newAlgorithm, newMachine, writeNewAlgorithm } from './new-algorithm.ts';
import { printProof, provedParts, proveFirst, textOfParts, withProved } from './prove.ts';

/** `thpscope verify`: do algorithms do the same, or keep to what they should? */
export async function verify(this: Context, given: VerifyFlags, ...words: string[]): Promise<void> {
  const shaped = withPmdOrder(given);
  if (!shaped.ok) return reportFailure(this, shaped.failure);
  const flags = shaped.value;
  if (flags.new === '-') return print(this, (flags.machine ? newMachine : newAlgorithm)('javascript'));
  if (flags.new !== undefined) {
    const written = await writeNewAlgorithm(flags.new, flags.machine ?? false);
    if (!written.ok) return reportFailure(this, written.failure);
    return print(this, `wrote ${flags.new}; now: thpscope verify walk ${flags.new}\n`);
  }
  const checked = checkWords(flags, words);
  if (!checked.ok) return reportFailure(this, checked.failure);
  const { names, files } = checked.value;
  if (files.length > 0) {
    if (flags.format !== undefined && !['text', 'json'].includes(flags.format))
      return reportFailure(
        this,
        fail('usage', `--format ${flags.format}: of snapshots there is text and json`).failure,
      );
    return verifyMemory(this, flags, names[0], files);
  }

  const inputs = await commandInputs(this, flags, []);
  if (!inputs.ok) return reportFailure(this, inputs.failure);
  const single =
    flags.pattern === undefined ? succeed(undefined) : await caseFromFlags(inputs.value.flags, flags.pattern);
  if (!single.ok) return reportFailure(this, single.failure);
  const note = geometryNote(flags);
  if (note !== undefined) warn(this, note);
  const results = resultsFromFlags(flags);
  if (!results.ok) return reportFailure(this, results.failure);
  const strange = results.value?.filter((result) => !isReachable(result, names)) ?? [];
  if (strange.length > 0) warn(this, rebuildOnly(names, strange));
  const { pmdOrder, cases, time } = flags;
  const options = {
    seed: flags.seed ?? Math.floor(Math.random() * 2 ** 31),
    ...(pmdOrder === undefined ? {} : { pmdOrder }),
    ...(results.value ? { results: results.value } : {}),
    ...(flags.limitsByOrder ? { limitsByOrder: true } : {}),
    ...(cases === undefined ? {} : { mostCases: cases }),
    endless: cases !== undefined || time !== undefined,
  };
  const asked = askedBy(flags, names);
  const started = performance.now();
  const asksCases = single.value !== undefined || options.endless;
  const proof = asksCases ? succeed(undefined) : await proveFirst(this, { asked, names, options });
  if (!reportJob(this, proof)) return;
  const decided = proof.value?.equality ?? proof.value?.properties;
  const parts = provedParts(proof.value);
  if (proof.value && !parts && (decided?.proved || decided?.found)) {
    const seconds = (performance.now() - started) / 1000;
    return printProof(this, flags, { answer: proof.value, names, results: results.value, seconds });
  }
  const job = { kind: 'verify', asked, names, options, seconds: time, single: single.value } as const;
  const report = await runVerifyJob(this, job, flags);
  if (!reportJob(this, report)) return;
  const seconds = (performance.now() - started) / 1000;
  const states = parts && withProved(report.value, parts);
  const view = { report: { ...report.value, ...states }, single: single.value, flags, seconds };
  const why = proof.value?.noProof;
  const by = await madeBy(names);
  const notProvedJson = (tried: ProofAnswer | undefined) => {
    if (!tried) return {};
    return tried.properties ? propertyProofJson(tried.properties, why) : proofJson(tried.equality, why);
  };
  const answers = {
    text: () =>
      verifyText(view, styleFor(this, flags.color)) +
      (why === undefined ? '' : notProvedText(names, proof.value?.equality, why)) +
      (proof.value?.properties ? notBrokenText(proof.value.properties) : '') +
      (parts ? textOfParts(this, flags, parts, { name: names[0], results: results.value, seconds }) : ''),
    json: () => `${JSON.stringify({ ...verifyJson(view, by), ...notProvedJson(proof.value) })}\n`,
    mail: () => verifyMail(view, by),
    ktap: () => verifyKtap(view.report),
    junit: () => verifyJunit(view.report, seconds),
  };
  const format = flags.json ? 'json' : (flags.format ?? 'text');
  await (format === 'text' ? printText : print)(this, answers[format]());
  if (report.value.findings.length > 0) this.process.exitCode = EXIT.difference;
}

async function verifyMemory(
  context: Context,
  flags: VerifyFlags,
  name: string,
  files: readonly string[],
): Promise<void> {
  const { objective } = flags;
  const inputs = await commandInputs(context, flags, files);
  if (!inputs.ok) return reportFailure(context, inputs.failure);
  const gap = await runVerifyJob(context, { kind: 'gap', name, objective, ...inputs.value }, flags);
  if (!reportJob(context, gap)) return;
  const { value, origins } = gap.value;
  const json = flags.json || flags.format === 'json';
  if (!json) await printOrigin(context, origins);
  const text = json
    ? `${JSON.stringify({ ...gapJson(name, objective, value), ...originField(origins) })}
`
    : gapText(name, objective, value);
  await (json ? print : printText)(context, text);
  if (value.behind > 0) context.process.exitCode = EXIT.difference;
}

/** The flags with the PMD order that goes with a page size: where all cases are tried, each order has one. */
function withPmdOrder(flags: VerifyFlags): Result<VerifyFlags> {
  const geometry = geometryFromFlags(flags);
  if (!geometry.ok || (flags.pageSize ?? flags.pmdOrder) === undefined)
    return geometry.ok ? succeed(flags) : geometry;
  const { pageShift, pmdOrder } = geometry.value;
  const usual = geometryOfPmdOrder(pmdOrder);
  if (flags.pattern === undefined && pageShift !== usual.pageShift) {
    const usualPages = formatBytes(pageBytes(usual));
    const message = `--page-size ${flags.pageSize}: PMD order ${pmdOrder} is tried with pages of ${usualPages}; other pages need a --pattern`;
    return fail('usage', message);
  }
  return succeed({ ...flags, pmdOrder });
}

const SETTINGS = Object.keys(settingsFlags) as (keyof SettingsFlags)[];

/** Which of the words are algorithms, which snapshots. */
function checkWords(
  flags: VerifyFlags,
  words: readonly string[],
): Result<{ names: string[]; files: string[] }> {
  const { cases, time } = flags;
  if (cases !== undefined && !(Number.isInteger(cases) && cases > 0))
    return fail('usage', `--cases ${cases}: write how many cases to try, such as 1000000`);
  if (time !== undefined && !(time > 0))
    return fail('usage', `--time ${time}: write for how many seconds to go on, such as 60`);
  if (flags.json && flags.format !== undefined && flags.format !== 'json')
    return fail('usage', `--json and --format ${flags.format}: give one of them`);
  if (words.length === 0) return fail('usage', 'which algorithms? for example: thpscope verify walk stack');
  const algorithms = flags.against ? 1 : 2;
  const names = words.slice(0, algorithms);
  const files = words.slice(algorithms);
  if (files.length > 0 && !flags.against) {
    return fail('usage', `${files.join(' ')}: verify compares two algorithms; compare takes snapshots`);
  }
  const caseFlags = ['swap', 'uffdArmed', 'before', ...SETTINGS, 'maxPtesNoneOf', 'outcome'] as const;
  if (
    flags.pattern === undefined &&
    files.length === 0 &&
    caseFlags.some((flag) => flags[flag] !== undefined)
  ) {
    return fail('usage', 'a case needs its --pattern; without one every range and policy is tried');
  }
  return succeed({ names, files });
}

function askedBy({ against, objective, relation }: VerifyFlags, names: readonly string[]): Asked {
  if (against) return { kind: 'optimality', objective };
  return names.length === 1 ? { kind: 'properties' } : { kind: 'equivalence', relation };
}

async function caseFromFlags(
  flags: WithPolicyFile<VerifyFlags>,
  pattern: string,
): Promise<Result<SearchCase>> {
  const { pageSize, pmdOrder, swap, uffdArmed = false } = flags;
  const shape = { pageSize, pmdOrder };
  const range = rangeFromFlags({ ...shape, pattern, ...(swap === undefined ? {} : { swap }) });
  if (!range.ok) return range;
  const { geometry } = range.value;
  // An empty set of orders is part of some cases, but is none that --orders otherwise takes.
  const orders = flags.orders === 'none' ? undefined : flags.orders;
  const namesSizes = orders !== undefined || flags.policy !== undefined || flags.enabled !== undefined;
  const policy = await policyFromFlags(
    { ...flags, orders: namesSizes ? orders : 'all' },
    geometry,
    undefined,
  );
  if (!policy.ok) return policy;
  const { settings, outcomes } = policy.value;
  const noneLimits = noneLimitsFromFlags(flags, geometry);
  if (!noneLimits.ok) return noneLimits;
  const { facts } = range.value;
  const before = beforeFromFlags(flags.before ?? [], shape, uffdArmed);
  if (!before.ok) return before;
  return succeed({
    range: { geometry, occupied: facts.present, unmapped: countPages(facts.swap), uffdArmed },
    orders: flags.orders === 'none' ? NO_ORDERS : enabledOrders(settings, true, geometry),
    maxPtesNone: settings.maxPtesNone,
    ...noneLimits.value,
    ...(before.value.length > 0 ? { before: before.value } : {}),
    outcomes,
  });
}

/** Ranges before the one of a case: `all*19` are nineteen full ones. */
function beforeFromFlags(
  texts: readonly string[],
  shape: GeometryFlags,
  uffdArmed: boolean,
): Result<ScannedRange[]> {
  const ranges: ScannedRange[] = [];
  for (const text of texts) {
    const [, pattern, times = '1'] = /^([^*]+)(?:\*(\d+))?$/.exec(text) ?? [];
    const count = Number(times);
    if (pattern === undefined || count < 1 || ranges.length + count > MOST_BEFORE)
      return fail('usage', `--before '${text}': write LIST or LIST*N, ${MOST_BEFORE} ranges at most`);
    const range = rangeFromFlags({ ...shape, pattern });
    if (!range.ok) return range;
    const { geometry, facts } = range.value;
    for (let i = 0; i < count; i++)
      ranges.push({ geometry, occupied: facts.present, unmapped: 0, uffdArmed });
  }
  return succeed(ranges);
}

/** Ranges of a pass; 2 GB of them at PMD order 9. */
const MOST_BEFORE = 1024;

/** Whether an attempt may end so: of files nobody knows. */
function isReachable(result: ScanResult, names: readonly string[]): boolean {
  const isRebuilt = REBUILD_RESULTS.some((each) => each === result);
  return !isRebuilt || names.some((name) => name === 'rounds' || !CHECKED_ALGORITHMS.has(name));
}

function resultsFromFlags({ results }: VerifyFlags): Result<ScanResult[] | undefined> {
  // All is what is tried without the flag.
  if (results === undefined || results === 'all') return succeed(undefined);
  const found: ScanResult[] = [];
  for (const name of results.split(',')) {
    const result = scanResultNamed(name);
    if (!result)
      return fail('usage', `--results: ${name} is not a result of khugepaged (see docs/results.md)`);
    found.push(result);
  }
  return succeed(found);
}
