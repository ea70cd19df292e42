import { grouped, plural } from '../../../core/base/plural.ts';
import { formatOrders } from '../../../core/memory/order.ts';
import type { Bound, PropertyProof } from '../../../verify/proof/property-proof.ts';
import { PROPERTY_NAMES, type PropertyName, propertyLine } from '../../../verify/properties.ts';
import type { PropertyState } from '../../../verify/verification.ts';
import { printable } from '../../words/printable.ts';
import { layOutTable } from '../layout/columns.ts';
import type { Style } from '../layout/style.ts';
import { wrap } from '../layout/wrap.ts';
import { pmdOrdersLine, sequenceLines } from './proof.ts';

export interface PropertyProofView {
  readonly name: string;
  readonly proof: PropertyProof;
  /** How many results attempts may have. */
  readonly results: number;
  /** Whether these are all that there are. */
  readonly everyResult: boolean;
  readonly seconds: number;
  /** The command that does it again. */
  readonly command: string;
}

/** For what it is proved: `proved for every ...`. */
export function provedOfOne({ proof, results, everyResult }: PropertyProofView): string {
  const outcomes = everyResult ? 'every outcome' : 'outcomes';
  return (
    `proved for every bitmap, limit and set of orders, and ${outcomes} (${plural(results, 'result')}), ` +
    `at ${pmdOrdersLine(proof.gone)}`
  );
}

/** That an algorithm is proved to keep to what any should, and its bounds. */
export function propertiesProvedText(
  view: PropertyProofView,
  properties: Partial<Record<PropertyName, PropertyState>>,
  style: Style,
): string {
  const { proof } = view;
  const width = 'not reported'.length;
  const line = (name: PropertyName) =>
    properties[name] === 'held'
      ? `${style.good('proved'.padEnd(width))}  ${propertyLine(name)}`
      : `${style.dim('not reported')}  ${propertyLine(name)}`;
  const proved = (text: string) => `${style.good('proved'.padEnd(width))}  ${text}`;
  return [
    ...wrap(`${printable(view.name)}, ${provedOfOne(view)}:`, 110),
    ...PROPERTY_NAMES.map(line),
    proved('every attempt is inside the range, aligned and enabled'),
    proved('the search ends'),
    '',
    ...boundsTable(proof),
    ...boundLines(proof),
    style.dim(`${view.seconds.toFixed(1)} s; no range had to be tried; again: ${printable(view.command)}`),
    '',
  ].join('\n');
}

function boundsTable({ gone, of }: PropertyProof): string[] {
  const isInRounds = of === 'parts';
  const titles = ['PMD ORDER', 'SETS OF ORDERS', isInRounds ? 'PARTS' : 'STATES', 'VISITS', 'ATTEMPTS'];
  return layOutTable(
    [...titles, isInRounds ? 'ROUNDS' : 'ON THE STACK'].map((title) => ({ title, align: 'right' as const })),
    gone.map(({ pmdOrder, sets, states, visits, attempts, stack, rounds }) => [
      String(pmdOrder),
      ...[sets, states, visits.most, attempts.most].map(grouped),
      String((isInRounds ? rounds : stack)?.most ?? '-'),
    ]),
  );
}

/** Why parts stand for states, and what they say nothing of. */
function partLines({ of, leavesOpen }: PropertyProof): string[] {
  if (of === 'states') return [];
  return wrap(
    'its states are stacks of parts of the range, too many to go through; each part was, because none knows of another. ' +
      `That leaves open: ${leavesOpen.join(', ')}`,
    110,
  );
}

/** What is proved of a search of which parts were gone through: what comes after the cases. */
export function provedPartsText(view: PropertyProofView, style: Style): string {
  const { proof, name } = view;
  return [
    '',
    ...wrap(`${printable(name)}, ${provedOfOne(view)}:`, 110),
    ...PROPERTY_NAMES.filter((each) => !proof.leavesOpen.includes(each)).map(
      (each) => `${style.good('proved')}  ${propertyLine(each)}`,
    ),
    '',
    ...partLines(proof),
    '',
    ...boundsTable(proof),
    ...boundLines(proof),
    style.dim(`${view.seconds.toFixed(1)} s with the cases; again: ${printable(view.command)}`),
    '',
  ].join('\n');
}

/** What reaches the bounds, at the PMD order that most have, if it is one of them. */
function boundLines({ gone, fails, missesLightly }: PropertyProof): string[] {
  const shown = gone.find(({ pmdOrder }) => pmdOrder === 9) ?? gone.at(-1);
  if (!shown) return [];
  const { pmdOrder, visits, attempts, stack, rounds } = shown;
  const end = `whose attempts all ${fails ? `end in ${fails}` : 'succeed'}${missesLightly ? ', after a light miss each' : ''}`;
  const line = (what: string, { most, orders, reached }: Bound, more = '') => {
    const how = reached ? '' : ' (at most; such a range has fewer)';
    return `  ${grouped(most)} ${what} with orders ${formatOrders(orders)}${more}${how}`;
  };
  const below = stack?.below.map(({ offset, order }) => `${offset}:${order}`).join(' ');
  return [
    `at PMD order ${pmdOrder}, in a full range ${end}:`,
    line('visits', visits),
    line('attempts', attempts),
    ...(rounds ? [line('rounds', rounds)] : []),
    ...(stack
      ? [line('on the stack', stack, `: ${stack.visited.offset}:${stack.visited.order} above ${below}`)]
      : []),
  ];
}

/** How a proof found the case in which a property is broken: what comes after the case. */
export function brokenText({ proof, seconds, command }: PropertyProofView, style: Style): string {
  return [
    '',
    'found by following answers, then made smaller step by step; cases find what else is broken: --time 30',
    ...brokenLines(proof),
    style.dim(`${seconds.toFixed(1)} s; again: ${printable(command)}`),
    '',
  ].join('\n');
}

/** Why cases were tried: what would be broken if answers were free. */
export function notBrokenText(proof: PropertyProof): string {
  return brokenLines(proof)
    .map((line) => `${line}\n`)
    .join('');
}

const OTHERS = {
  attempt: 'every attempt is inside the range, aligned and enabled',
  ends: 'the search ends',
} as const;

function brokenLines({ broken: told }: PropertyProof): string[] {
  if (!told) return [];
  const { broken, pmdOrder, orders, steps, missed } = told;
  const text = broken === 'attempt' || broken === 'ends' ? OTHERS[broken] : propertyLine(broken);
  if (steps.length === 0)
    return [`its states show it, at PMD order ${pmdOrder} with orders ${formatOrders(orders)}: ${text}`];
  return [
    `answers that break it, at PMD order ${pmdOrder} with orders ${formatOrders(orders)}: ${text}`,
    ...sequenceLines(steps),
    ...(missed ? [`  misses ${missed.offset}:${missed.order}`] : []),
  ];
}
