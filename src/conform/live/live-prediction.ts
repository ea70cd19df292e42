/** What `thpscope predict --json` says of one range. */
export interface PredictedRange {
  readonly attempts: readonly { readonly offset: number; readonly order: number; readonly result: string }[];
  readonly collapses: readonly { readonly offset: number; readonly order: number }[];
}

/** What it says of processes. */
export interface LivePrediction {
  /** The answer for a range of a process; undefined if it is not listed. */
  range(pid: number, address: number): PredictedRange | undefined;
  /** The facts that were assumed about a process; `limits` where it says that collapses fail below one. */
  assumed(pid: number): readonly string[];
  /** Why a process was not predicted. */
  skipped(pid: number): string | undefined;
}

interface PredictJson {
  readonly ranges: readonly (PredictedRange & { readonly pid: number; readonly address: string })[];
  readonly processes: readonly {
    readonly pid: number;
    readonly cgroup: string;
    readonly assumed: readonly string[];
  }[];
  readonly limits: readonly { readonly cgroup: string; readonly fail: number }[];
  readonly skipped: readonly { readonly pid: number; readonly reason: string }[];
}

/** Reads what the package of the guest printed: `schemas/predict.schema.json`. */
export function readPrediction(json: unknown): LivePrediction {
  const { ranges, processes, limits, skipped } = json as PredictJson;
  const byPlace = new Map(ranges.map((range) => [`${range.pid} ${Number(range.address)}`, range]));
  const fails = (cgroup: string) =>
    limits.some((limit) => limit.fail > 0 && `${cgroup}/`.startsWith(`${limit.cgroup}/`));
  const byPid = new Map(
    processes.map(({ pid, cgroup, assumed }) => [pid, fails(cgroup) ? [...assumed, 'limits'] : assumed]),
  );
  const reasons = new Map(skipped.map(({ pid, reason }) => [pid, reason]));
  return {
    range: (pid, address) => byPlace.get(`${pid} ${address}`),
    assumed: (pid) => byPid.get(pid) ?? [],
    skipped: (pid) => reasons.get(pid),
  };
}
