import { type Result, succeed } from '../../core/base/failure.ts';
import { shellCommand } from '../../core/base/shell.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import { proofJson } from '../../render/json/proof.ts';
import { propertyProofJson } from '../../render/json/property-proof.ts';
import { verifyJson } from '../../render/json/verify.ts';
import { provedText, provedWords, refutedText } from '../../render/text/verify/proof.ts';
import {
  brokenText,
  propertiesProvedText,
  provedOfOne,
  provedPartsText,
} from '../../render/text/verify/property-proof.ts';
import { verifyText } from '../../render/text/verify/verify.ts';
import { verifyMail } from '../../render/text/verify/verify-mail.ts';
import { verifyJunit, verifyKtap } from '../../render/text/verify/verify-tests.ts';
import { EVERY_RESULT } from '../../verify/cases/stages.ts';
import type { PropertyProof } from '../../verify/proof/property-proof.ts';
import { PROVED_OF_ONE, PROVED_PMD_ORDERS } from '../../verify/proof/proving.ts';
import { PROPERTY_NAMES, type PropertyName } from '../../verify/properties.ts';
import type { Asked, PropertyState, VerifyOptions, VerifyReport } from '../../verify/verification.ts';
import { isCFile } from '../shared/c-walk/c-file.ts';
import { type Context, print, printText, styleFor } from '../shared/context.ts';
import { EXIT } from '../shared/exit-code.ts';
import { madeBy } from '../shared/made-by.ts';
import { type ProofAnswer, runVerifyJob } from '../shared/search/verify-job.ts';
import type { VerifyFlags } from './command.ts';

interface ToProve {
  readonly asked: Asked;
  readonly names: readonly string[];
  readonly options: VerifyOptions;
}

/** A proof of what is asked, if it is a question that can be proved. */
export async function proveFirst(
  context: Context,
  { asked, names, options }: ToProve,
): Promise<Result<ProofAnswer | undefined>> {
  if (asked.kind === 'optimality') return succeed(undefined);
  const inC = names.find(isCFile);
  if (inC !== undefined) {
    return succeed({ report: undefined, noProof: `${inC} does not show its states` });
  }
  const usual = asked.kind === 'properties' ? PROVED_OF_ONE : PROVED_PMD_ORDERS;
  const pmdOrders = options.pmdOrder === undefined ? usual : [options.pmdOrder];
  // Where the attempts differ, only cases tell what else does.
  const refutes = asked.kind === 'equivalence' && asked.relation === 'attempts';
  const proof = { pmdOrders, results: options.results, refutes };
  const answer = await runVerifyJob(context, { kind: 'prove', asked, names, options, proof });
  if (!answer.ok || answer.value.noProof !== undefined) return answer;
  const { equality } = answer.value;
  if (!equality || equality.proved || equality.found) return answer;
  if (equality.sameness === 'set') return answer;
  const noProof = equality.onlyFree
    ? 'they part only if answers were free; no bitmap, limit and outcome gives the ones below'
    : 'they do not attempt the same windows in the same order, and only that is proved';
  return succeed({ ...answer.value, noProof });
}

/** Prints a proof, or the case that refutes it. */
export async function printProof(
  context: Context,
  flags: VerifyFlags,
  asked: {
    readonly answer: ProofAnswer;
    readonly names: readonly string[];
    readonly results: readonly ScanResult[] | undefined;
    readonly seconds: number;
  },
): Promise<void> {
  const { answer, names, results = EVERY_RESULT, seconds } = asked;
  const { equality: proof, properties, report } = answer;
  if (properties) return printPropertyProof(context, flags, { ...asked, proof: properties });
  if (!proof || !report) return;
  if (proof.found) context.process.exitCode = EXIT.difference;
  const style = styleFor(context, flags.color);
  const command = shellCommand(['thpscope', 'verify', ...names, ...askedWords(flags)]);
  const everyResult = asked.results === undefined;
  const view = { names, proof, results: results.length, everyResult, seconds, command };
  const shown = proof.proved ? { ...report, proved: provedWords(view) } : report;
  const ofCase = { report: shown, single: proof.found?.case, flags, seconds };
  const by = await madeBy(names);
  const answers = {
    text: () =>
      proof.found ? verifyText(ofCase, style) + refutedText(view, style) : provedText(view, style),
    json: () => `${JSON.stringify({ ...verifyJson(ofCase, by), ...proofJson(proof, undefined) })}\n`,
    mail: () => verifyMail(ofCase, by),
    ktap: () => verifyKtap(shown),
    junit: () => verifyJunit(shown, seconds),
  };
  const format = flags.json ? 'json' : (flags.format ?? 'text');
  await (format === 'text' ? printText : print)(context, answers[format]());
}

/** Prints what is proved of one algorithm, or the case that refutes it. */
async function printPropertyProof(
  context: Context,
  flags: VerifyFlags,
  asked: {
    readonly answer: ProofAnswer;
    readonly proof: PropertyProof;
    readonly names: readonly string[];
    readonly results: readonly ScanResult[] | undefined;
    readonly seconds: number;
  },
): Promise<void> {
  const { answer, proof, names, results = EVERY_RESULT, seconds } = asked;
  if (!answer.report) return;
  if (proof.found) context.process.exitCode = EXIT.difference;
  const style = styleFor(context, flags.color);
  const command = shellCommand(['thpscope', 'verify', ...names, ...askedWords(flags)]);
  const everyResult = asked.results === undefined;
  const view = { name: names[0], proof, results: results.length, everyResult, seconds, command };
  const states = heldProperties(proof);
  const report = proof.proved
    ? { ...answer.report, properties: states, proved: provedOfOne(view) }
    : answer.report;
  const ofCase = { report, single: proof.found, flags, seconds };
  const by = await madeBy(names);
  const answers = {
    text: () =>
      proof.found
        ? verifyText(ofCase, style) + brokenText(view, style)
        : propertiesProvedText(view, states, style),
    json: () => `${JSON.stringify({ ...verifyJson(ofCase, by), ...propertyProofJson(proof, undefined) })}\n`,
    mail: () => verifyMail(ofCase, by),
    ktap: () => verifyKtap(report),
    junit: () => verifyJunit(report, seconds),
  };
  const format = flags.json ? 'json' : (flags.format ?? 'text');
  await (format === 'text' ? printText : print)(context, answers[format]());
}

/** What is proved of the parts of a search, if that is not all that was asked. */
export function provedParts(answer: ProofAnswer | undefined): PropertyProof | undefined {
  const proof = answer?.properties;
  return proof?.proved && proof.leavesOpen.length > 0 ? proof : undefined;
}

/** A report of cases in which the properties that are proved are said to be. */
export function withProved(
  { properties }: VerifyReport,
  { leavesOpen }: PropertyProof,
): Pick<VerifyReport, 'properties'> {
  const proved = PROPERTY_NAMES.filter((name) => !leavesOpen.includes(name) && properties?.[name] === 'held');
  return { properties: { ...properties, ...Object.fromEntries(proved.map((name) => [name, 'proved'])) } };
}

/** What is proved of the parts of a search, after the cases. */
export function textOfParts(
  context: Context,
  flags: VerifyFlags,
  proof: PropertyProof,
  asked: {
    readonly name: string;
    readonly results: readonly ScanResult[] | undefined;
    readonly seconds: number;
  },
): string {
  const { name, results = EVERY_RESULT, seconds } = asked;
  const command = shellCommand(['thpscope', 'verify', name, ...askedWords(flags)]);
  const everyResult = asked.results === undefined;
  const view = { name, proof, results: results.length, everyResult, seconds, command };
  return provedPartsText(view, styleFor(context, flags.color));
}

/** All of them, but that nothing is said of a stack where none is kept. */
function heldProperties({ gone }: PropertyProof): Partial<Record<PropertyName, PropertyState>> {
  const keepsStack = gone.some(({ stack }) => stack !== undefined);
  const state = (name: PropertyName) => (name === 'stack-depth' && !keepsStack ? 'not-reported' : 'held');
  return Object.fromEntries(PROPERTY_NAMES.map((name) => [name, state(name)]));
}

function askedWords({ relation, results, pmdOrder }: VerifyFlags): string[] {
  return [
    ...(relation === 'attempts' ? [] : ['--relation', relation]),
    ...(results === undefined || results === 'all' ? [] : ['--results', results]),
    ...(pmdOrder === undefined ? [] : ['--pmd-order', String(pmdOrder)]),
  ];
}
