import { type Result, succeed } from '../core/failure.ts';
import type { KernelModel } from '../core/kernel-model.ts';
import { type DaemonBatch, daemonRequest, parseDaemonReport } from './daemon-batch.ts';
import { expectDaemon } from './daemon-expected.ts';
import type { Guest } from './guest.ts';

/** What the kernel and the simulated daemon did differently, from the first visit on that differs. */
export interface DaemonDifference {
  readonly real: string;
  readonly model: string;
}

const TIMEOUT_MS = 180_000;

/** Has the guest and the simulated daemon do the same; undefined if they did. */
export async function compareDaemon(
  guest: Guest,
  batch: DaemonBatch,
  model: KernelModel,
): Promise<Result<DaemonDifference | undefined>> {
  const answer = await guest.ask(daemonRequest(batch), TIMEOUT_MS);
  if (!answer.ok) return answer;
  const parsed = parseDaemonReport(batch, answer.value);
  if (!parsed.ok) return parsed;
  const { layout, report } = parsed.value;
  const expected = expectDaemon(batch, layout, report.visits.length, model);
  const describe = ({ visits, fullScans, counters, pages }: typeof report) => [
    ...visits.map((visit, i) => `visit ${i + 1}: ${visit}`),
    `full_scans=${fullScans} ${counters}`,
    ...pages,
  ];
  const [real, said] = [describe(report), describe(expected)];
  const first = real.findIndex((line, i) => line !== said[i]);
  return succeed(first < 0 ? undefined : { real: real[first], model: said[first] });
}
