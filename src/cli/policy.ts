import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ALGORITHMS } from '../core/algorithms.ts';
import type { CollapseAlgorithm } from '../core/algorithm.ts';
import { fail, type Result, succeed } from '../core/failure.ts';
import type { Geometry } from '../core/geometry.ts';
import { KERNEL_MODELS, kernelModelNamed } from '../core/kernel-model.ts';
import { type Order, ordersOf, parseOrders } from '../core/order.ts';
import { type OutcomeRule, parseOutcome } from '../core/outcome.ts';
import { checkLimits, collapsePolicy, type CollapsePolicy } from '../core/policy.ts';
import {
  defaultSettings,
  enabledOrders,
  SIZE_WORDS,
  type SizeWord,
  type ThpSettings,
  TOP_LEVEL_WORDS,
  withOrdersAlways,
} from '../core/thp-settings.ts';
import type { Question } from '../analysis/verdict.ts';
import type { PolicyFlags } from './flags.ts';

/** A question about memory, with where its settings come from. */
export interface AskedPolicy extends Question {
  /** The settings are those that the source's machine had, unchanged. */
  readonly inForce: boolean;
}

/**
 * The settings, model and algorithm that the flags ask for. `current` are the settings of the source's machine, undefined
 * for ranges that come from no machine.
 */
export async function policyFromFlags(
  flags: PolicyFlags,
  geometry: Geometry,
  current: ThpSettings | undefined,
): Promise<Result<AskedPolicy>> {
  const model = kernelModelNamed(flags.kernel);
  if (!model) return unknownName('kernel', flags.kernel, Object.keys(KERNEL_MODELS));
  const algorithm = algorithmNamed(flags.algorithm ?? model.algorithm);
  if (!algorithm) return unknownName('algorithm', flags.algorithm ?? '', Object.keys(ALGORITHMS));

  const base = await baseSettings(flags.policy ?? (current ? 'current' : 'default'), geometry, current);
  if (!base.ok) return base;
  const orders = flags.orders === undefined ? undefined : parseOrders(flags.orders, geometry);
  if (orders && !orders.ok) return orders;
  const sized = orders ? withOrdersAlways(base.value, orders.value) : base.value;
  const settings: ThpSettings = {
    ...sized,
    maxPtesNone: flags.maxPtesNone ?? sized.maxPtesNone,
    maxPtesSwap: flags.maxPtesSwap ?? sized.maxPtesSwap,
    maxPtesShared: flags.maxPtesShared ?? sized.maxPtesShared,
  };
  const limits = checkLimits(settings, geometry);
  if (!limits.ok) return limits;

  const outcomes: OutcomeRule[] = [];
  for (const text of flags.outcome ?? []) {
    const outcome = parseOutcome(text, geometry);
    if (!outcome.ok) return outcome;
    outcomes.push(outcome.value);
  }
  const inForce = current !== undefined && base.value === current && !orders;
  return succeed({ settings, model, algorithm, outcomes, inForce });
}

/** The policy for memory that asked for huge pages (VM_HUGEPAGE), which is what made-up ranges are taken for. */
export function hugepagePolicy({ settings, model }: Question, geometry: Geometry): CollapsePolicy {
  return collapsePolicy(enabledOrders(settings, true, geometry), settings, model, geometry);
}

function algorithmNamed(name: string): CollapseAlgorithm | undefined {
  return Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name as keyof typeof ALGORITHMS] : undefined;
}

function unknownName(what: string, name: string, names: readonly string[]) {
  return fail('usage', `--${what} ${name}: no such ${what}; there are ${names.join(', ')}`);
}

async function baseSettings(
  name: string,
  geometry: Geometry,
  current: ThpSettings | undefined,
): Promise<Result<ThpSettings>> {
  if (name === 'default') return succeed(defaultSettings(geometry));
  if (name !== 'current') return readPolicyFile(name, geometry);
  if (current) return succeed(current);
  return fail(
    'usage',
    '--policy current: the input comes from no machine with THP settings; use default or a file',
  );
}

const policyFile = z.strictObject({
  enabled: z.enum(TOP_LEVEL_WORDS).optional(),
  sizes: z.record(z.string(), z.enum(SIZE_WORDS)).optional(),
  maxPtesNone: z.int().optional(),
  maxPtesSwap: z.int().optional(),
  maxPtesShared: z.int().optional(),
});

/** Settings as JSON, such as {"enabled":"madvise","sizes":{"64K":"always"},"maxPtesNone":0}; the rest is default. */
async function readPolicyFile(path: string, geometry: Geometry): Promise<Result<ThpSettings>> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    return fail(
      'unreadable',
      `policy ${path}: ${(error as Error).message}; give current, default or a JSON file`,
    );
  }
  const parsed = policyFile.safeParse(json);
  if (!parsed.success)
    return fail('unreadable', `policy ${path}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`);
  const { sizes, ...rest } = parsed.data;
  const settings = defaultSettings(geometry);
  if (!sizes) return succeed({ ...settings, ...rest });
  const byOrder = new Map<Order, SizeWord>();
  for (const [size, word] of Object.entries(sizes)) {
    const orders = parseOrders(size, geometry);
    if (!orders.ok) return fail('unreadable', `policy ${path}: ${orders.failure.message}`);
    for (const order of ordersOf(orders.value)) byOrder.set(order, word);
  }
  return succeed({ ...settings, ...rest, sizes: byOrder });
}
