import { formatDuration, parseDuration } from '../../src/core/base/duration.ts';
import { firstIndex } from '../../src/core/base/first-index.ts';

/** The scenario of a link that means the open memory. */
export const OPEN_MEMORY = 'memory';

const DEFAULT_SEED = 1;

/** What to simulate and how, as a link and the form say it. Texts are checked where the run begins. */
export interface RunParams {
  /** Name of a bundled scenario, or `memory`; undefined while nothing is chosen. */
  readonly scenario: string | undefined;
  readonly seed: number;
  /** `settled` or a duration; empty is as the scenario says. */
  readonly until: string;
  /** Sizes to be always enabled in place of the scenario's; empty is as the scenario says. */
  readonly orders: string;
  readonly maxPtesNone: string;
  /** Name of a kernel model; empty is as the scenario says. */
  readonly kernel: string;
}

type Params = Readonly<Record<string, string | undefined>>;

export function runParamsOf(params: Params): RunParams {
  const seed = params.seed === undefined ? NaN : Number(params.seed);
  return {
    scenario: params.scenario,
    seed: Number.isSafeInteger(seed) && seed >= 0 ? seed : DEFAULT_SEED,
    until: params.until ?? '',
    orders: params.simOrders ?? '',
    maxPtesNone: params.simNone ?? '',
    kernel: params.simKernel ?? '',
  };
}

/** The parameters of a link that say this; what is as by default is in no link. */
export function paramsOfRun(run: RunParams): Record<string, string | undefined> {
  return {
    scenario: run.scenario,
    seed: run.seed === DEFAULT_SEED ? undefined : String(run.seed),
    until: run.until.trim() || undefined,
    simOrders: run.orders.trim() || undefined,
    simNone: run.maxPtesNone.trim() || undefined,
    simKernel: run.kernel || undefined,
  };
}

/** A moment as a link says it, exact to the ns: `45.2s`. */
export function momentParam(at: number): string {
  return `${at / 1e9}s`;
}

/**
 * The last of some moments that is not after the one of a link; the last of all for no moment, or none that
 * is one.
 */
export function momentIndex(moments: readonly number[], param: string | undefined): number {
  const at = param === undefined ? undefined : parseDuration(param);
  return at === undefined ? Math.max(0, moments.length - 1) : lastNotAfter(moments, at);
}

export function lastNotAfter(moments: readonly number[], at: number): number {
  return Math.max(0, firstIndex(moments.length, (i) => moments[i] > at) - 1);
}

/** A moment for people: to a tenth of a second up to an hour. */
export function formatMoment(at: number): string {
  const tenths = Math.round(at / 1e8);
  if (at < 10e9) return `${Number((at / 1e9).toFixed(2))}s`;
  if (at >= 3600e9) return formatDuration(at);
  const minutes = Math.floor(tenths / 600);
  const rest = (tenths % 600) / 10;
  return [minutes > 0 ? `${minutes}m` : '', rest > 0 ? `${rest}s` : ''].filter(Boolean).join(' ');
}
