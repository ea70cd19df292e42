import { type Result, succeed } from '../../core/base/failure.ts';
import type { Guest } from '../guest/guest.ts';
import type { BelievedSearch } from '../ranges/expected.ts';
import {
  type AddressLayout,
  type DaemonBatch,
  type DaemonReport,
  daemonRequest,
  parseDaemonReport,
} from './daemon-batch.ts';
import { expectDaemon } from './daemon-expected.ts';

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
  belief: BelievedSearch,
): Promise<Result<DaemonDifference | undefined>> {
  const answer = await guest.ask(daemonRequest(batch), TIMEOUT_MS);
  if (!answer.ok) return answer;
  const parsed = parseDaemonReport(batch, answer.value);
  if (!parsed.ok) return parsed;
  const { layout, report } = parsed.value;
  return succeed(compareDaemonReport(batch, layout, report, belief));
}

export function compareDaemonReport(
  batch: DaemonBatch,
  layout: AddressLayout,
  report: DaemonReport,
  belief: BelievedSearch,
): DaemonDifference | undefined {
  const real = report.cutOff ? describeVisits(report) : describe(report);
  const said = describe(expectDaemon(batch, layout, report, belief));
  const first = real.findIndex((line, i) => line !== said[i]);
  return first < 0 ? undefined : { real: real[first], model: said[first] };
}

function describe(report: DaemonReport): string[] {
  const { fullScans, counters, pages } = report;
  return [...describeVisits(report), `full_scans=${fullScans} ${counters}`, ...pages];
}

function describeVisits({ visits }: DaemonReport): string[] {
  return visits.map((visit, i) => `visit ${i + 1}: ${visit}`);
}
