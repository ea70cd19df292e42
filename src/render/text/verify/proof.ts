import { grouped, plural } from '../../../core/base/plural.ts';
import { formatOrders } from '../../../core/memory/order.ts';
import type {
  AnswerStep,
  EqualityProof,
  Parting,
  ProvedOrder,
} from '../../../verify/proof/equality-proof.ts';
import { printable } from '../../words/printable.ts';
import { layOutTable } from '../layout/columns.ts';
import type { Style } from '../layout/style.ts';
import { wrap } from '../layout/wrap.ts';

/** What two machines do alike, in words. */
const ALIKE = {
  visits: 'they visit the same windows in the same order',
  windows:
    'they visit the same windows of enabled orders in the same order; what differs are visits of disabled ones',
  attempts: 'they attempt the same windows in the same order; what differs is what they look at in between',
  set: 'each attempts a window exactly if it qualifies and none around it ended in what leads past it, so that both attempt the same, in whatever order',
} as const;

export interface ProofView {
  readonly names: readonly string[];
  readonly proof: EqualityProof;
  /** How many results attempts may have. */
  readonly results: number;
  /** Whether these are all that there are. */
  readonly everyResult: boolean;
  readonly seconds: number;
  /** The command that does it again. */
  readonly command: string;
}

/** What is proved, and how: `proved for every ...`. */
export function provedWords({ proof, results, everyResult }: ProofView): string {
  const outcomes = everyResult ? 'every outcome' : 'outcomes';
  return (
    `proved for every bitmap, limit and set of orders, and ${outcomes} (${plural(results, 'result')}), ` +
    `at ${pmdOrdersLine(proof.gone)}: ${ALIKE[proof.sameness]}` +
    (proof.sameness === 'set' ? '' : ', whatever is found there, and return the same result')
  );
}

/** That two algorithms are proved to do the same. */
export function provedText(view: ProofView, style: Style): string {
  const [a, b] = view.names.map(printable);
  const [first, ...others] = wrap(`${a} and ${b} agree, ${provedWords(view)}`, PROSE_WIDTH);
  return [
    first.replace(' agree,', ` ${style.good('agree')},`),
    ...others,
    '',
    ...goneLines(view.proof),
    style.dim(`${view.seconds.toFixed(1)} s; no range had to be tried; again: ${printable(view.command)}`),
    '',
  ].join('\n');
}

const PROSE_WIDTH = 110;

/** How a case was found by a proof that failed: what comes after the case. */
export function refutedText(view: ProofView, style: Style): string {
  const { names, proof } = view;
  const order = proof.found?.case.range.geometry.pmdOrder;
  const smallest = proof.found?.smallest
    ? `no range of PMD order ${order} with fewer PTEs does it, for no set of orders, limit and outcome`
    : 'smaller ones are not ruled out';
  return [
    '',
    `found by following answers, not by trying ranges: ${smallest}`,
    ...partingLines(proof.parting, names),
    style.dim(`${view.seconds.toFixed(1)} s; again: ${printable(view.command)}`),
    '',
  ].join('\n');
}

/** Why cases were tried instead of a proof. */
export function notProvedText(
  names: readonly string[],
  proof: EqualityProof | undefined,
  why: string,
): string {
  const lines = [`tested, not proved: ${printable(why)}`];
  return `${[...lines, ...(proof?.onlyFree ? partingLines(proof.parting, names) : [])].join('\n')}\n`;
}

/** The PMD orders that were gone through, in words. */
export function pmdOrdersLine(gone: readonly ProvedOrder[]): string {
  const orders = gone.map(({ pmdOrder }) => String(pmdOrder));
  if (orders.length === 1) return `PMD order ${orders[0]}`;
  return `PMD orders ${orders.slice(0, -1).join(', ')} and ${orders.at(-1)}`;
}

function goneLines({ gone }: EqualityProof): string[] {
  const columns = ['PMD ORDER', 'SETS OF ORDERS', 'STATES'].map((title) => ({
    title,
    align: 'right' as const,
  }));
  return layOutTable(
    columns,
    gone.map(({ pmdOrder, sets, states }) => [String(pmdOrder), grouped(sets), grouped(states)]),
  );
}

/** Answers, a line each. */
export function sequenceLines(steps: readonly AnswerStep[]): string[] {
  const line = (step: AnswerStep) =>
    `  ${step.offset}:${step.order}${step.reclaim ? '*' : ''}  ${answerWords(step)}`;
  if (steps.length <= MOST_ANSWERS) return steps.map(line);
  const left = steps.length - MOST_ANSWERS;
  return [
    ...steps.slice(0, MOST_ANSWERS / 2).map(line),
    `  … ${left} more`,
    ...steps.slice(-MOST_ANSWERS / 2).map(line),
  ];
}

const MOST_ANSWERS = 24;

function partingLines(parting: Parting | undefined, names: readonly string[]): string[] {
  if (!parting) return [];
  const { pmdOrder, orders, steps, windows } = parting;
  const then = names.map((name, i) => {
    const at = windows[i];
    return `${printable(name)} ${at ? `visits ${at.offset}:${at.order}` : 'ends'}`;
  });
  return [
    `shortest sequence of answers, at PMD order ${pmdOrder} with orders ${formatOrders(orders)}:`,
    ...sequenceLines(steps),
    `  then ${then.join(', ')}`,
  ];
}

const FILLS: Record<string, string> = {
  disabled: 'disabled',
  'too-few': 'too few pages',
  enough: 'enough pages',
  'enough-with-swap': 'enough, because swapped PTEs count',
};

function answerWords({ fill, result }: AnswerStep): string {
  return `${FILLS[fill] ?? fill}${result ? `, ${result}` : ''}`;
}
