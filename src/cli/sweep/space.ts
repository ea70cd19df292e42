import type { MemoryDigest } from '../../analysis/digest/memory-digest.ts';
import { policyCount, type SweepSpace, type SweepWord } from '../../analysis/sweep/sweep.ts';
import { allNoneLimits, allOrderSets } from '../../analysis/sweep/sweep-space.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { NO_ORDERS, type OrderSet, parseOrders } from '../../core/memory/order.ts';
import { KERNEL_MODELS, type KernelModel } from '../../core/rules/kernel-model.ts';
import type { CollapseLimits } from '../../core/rules/policy.ts';
import { kernelAsked } from '../shared/flags/asked-kernel.ts';
import type { SweepFlags } from './command.ts';

/** Policies that kernels whose rules do not nest are asked about at most: each is walked over each range. */
const MAX_WALKED = 4096;

const NAMES = ['orders', 'max-ptes-none', 'kernel', 'words'] as const;
type ParameterName = (typeof NAMES)[number];

/** The values that -L and -P give to a name, as they were written. */
type Parameters = Partial<Record<ParameterName, readonly string[]>>;

/** Reads -L and -P; their words are joined as `name=values`. */
export function parametersFromFlags(flags: Pick<SweepFlags, 'list' | 'steps'>): Result<Parameters> {
  const given: Parameters = {};
  for (const [flag, texts] of [
    ['-L', flags.list ?? []],
    ['-P', flags.steps ?? []],
  ] as const) {
    for (const text of texts) {
      const [name, list] = text.split('=', 2);
      if (!NAMES.includes(name as ParameterName) || !list)
        return fail(
          'usage',
          `${flag} ${text}: write ${flag} ${USAGE[flag]}; NAME is one of ${NAMES.join(', ')}`,
        );
      if (given[name as ParameterName]) return fail('usage', `${flag} ${name}: is given twice`);
      const values = flag === '-L' ? succeed(list.split(',')) : stepValues(name, list);
      if (!values.ok) return values;
      given[name as ParameterName] = values.value;
    }
  }
  return succeed(given);
}

const USAGE = { '-L': 'NAME A,B,C', '-P': 'max-ptes-none MIN MAX STEP' };

function stepValues(name: string, list: string): Result<string[]> {
  const [first, last, step, ...rest] = list.split(',').map(Number);
  const whole = [first, last, step].every((value) => Number.isInteger(value) && value >= 0);
  if (name !== 'max-ptes-none' || !whole || rest.length > 0 || step === 0 || first > last)
    return fail(
      'usage',
      `-P ${name} ${list.replaceAll(',', ' ')}: write -P ${USAGE['-P']}, with MIN at most MAX`,
    );
  const values: string[] = [];
  for (let value = first; value <= last; value += step) values.push(String(value));
  return succeed(values);
}

/** The kernel models that are named; undefined where none is, which means that of the memory. */
export function modelsFrom({ kernel }: Parameters): Result<KernelModel[] | undefined> {
  if (kernel === undefined) return succeed(undefined);
  const models: KernelModel[] = [];
  for (const name of kernel) {
    if (!Object.hasOwn(KERNEL_MODELS, name))
      return fail('usage', `-L kernel ${name}: is none of ${Object.keys(KERNEL_MODELS).join(', ')}`);
    models.push(KERNEL_MODELS[name as keyof typeof KERNEL_MODELS]);
  }
  return succeed(models);
}

/** The model of the kernel that memory was read on. */
export function modelsOfMemory(kernelRelease: string): Result<KernelModel[]> {
  const asked = kernelAsked(undefined, kernelRelease);
  if (asked.ok) return succeed([asked.value]);
  return fail('usage', asked.failure.message.replaceAll('--kernel ', '-L kernel '));
}

/** The policies to ask about: what is not given is everything. */
export function spaceFrom(
  parameters: Parameters,
  models: readonly KernelModel[],
  memory: MemoryDigest,
  limits: CollapseLimits,
): Result<SweepSpace> {
  const { geometry } = memory;
  const orders = parameters.orders
    ? orderSets(parameters.orders, geometry)
    : succeed(allOrderSets(geometry, models));
  if (!orders.ok) return orders;
  const none = parameters['max-ptes-none']
    ? noneLimits(parameters['max-ptes-none'], geometry)
    : succeed(allNoneLimits(memory));
  if (!none.ok) return none;
  const words = parameters.words ?? ['always'];
  const unknown = words.find((word) => word !== 'always' && word !== 'madvise');
  if (unknown !== undefined) return fail('usage', `-L words ${unknown}: is neither always nor madvise`);
  const space: SweepSpace = {
    models,
    enabled: words as SweepWord[],
    orders: orders.value,
    maxPtesNone: none.value,
    kept: NO_ORDERS,
    maxPtesSwap: limits.maxPtesSwap,
    maxPtesShared: limits.maxPtesShared,
  };
  const policies = policyCount(space);
  if (policies > MAX_WALKED && models.some(({ noneRule }) => noneRule !== 'ends')) {
    return fail(
      'usage',
      `${policies} policies are too many for scaled and capped, whose ranges are walked one by one: choose at most ${MAX_WALKED} with -L and -P`,
    );
  }
  return succeed(space);
}

function orderSets(texts: readonly string[], geometry: Geometry): Result<OrderSet[]> {
  const sets: OrderSet[] = [];
  for (const text of texts) {
    const orders = parseOrders(text.replaceAll('+', ','), geometry);
    if (!orders.ok) return orders;
    sets.push(orders.value);
  }
  return succeed(sets);
}

function noneLimits(texts: readonly string[], geometry: Geometry): Result<number[]> {
  const largest = pagesPerRange(geometry) - 1;
  const wrong = texts.find((text) => !/^\d+$/.test(text) || Number(text) > largest);
  if (wrong !== undefined)
    return fail('usage', `max-ptes-none ${wrong} is out of range: the kernel accepts 0 to ${largest}`);
  return succeed([...new Set(texts.map(Number))].sort((a, b) => a - b));
}
