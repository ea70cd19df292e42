import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { Guest } from '../guest/guest.ts';
import { expectHistory, type FaultHistory, historyLine } from './fault-history.ts';

/** A history after which the kernel and the model map other pages or folios. */
export interface FaultDifference {
  readonly history: FaultHistory;
  readonly real: string;
  readonly model: string;
}

const TIMEOUT_MS = 180_000;

/** Has the guest carry out histories, and compares page by page and folio by folio. */
export async function compareFaults(
  guest: Guest,
  histories: readonly FaultHistory[],
): Promise<Result<FaultDifference[]>> {
  const answer = await guest.ask(faultRequest(histories), TIMEOUT_MS);
  if (!answer.ok) return answer;
  const lines = answer.value.filter((line) => line.startsWith('mapped'));
  if (lines.length !== histories.length)
    return fail('unreadable', `the probe answered ${lines.length} of ${histories.length} histories`);
  return succeed(
    histories.flatMap((history, i) => {
      const model = expectHistory(history);
      return lines[i] === model ? [] : [{ history, real: lines[i], model }];
    }),
  );
}

/** The lines that ask the probe (kernel-lab/README.md). */
export function faultRequest(histories: readonly FaultHistory[]): string[] {
  return [`faults ${histories.length}`, ...histories.map(historyLine)];
}

/** The shortest history that still differs, by leaving out acts one at a time. */
export async function shrinkHistory(guest: Guest, difference: FaultDifference): Promise<FaultDifference> {
  let best = difference;
  for (let i = 0; i < best.history.acts.length; ) {
    const acts = best.history.acts.filter((_, at) => at !== i);
    const compared = await compareFaults(guest, [{ ...best.history, acts }]);
    if (compared.ok && compared.value.length > 0) [best] = compared.value;
    else i++;
  }
  return best;
}
