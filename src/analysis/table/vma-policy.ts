import { largestOrder } from '../../core/fault/restart-counts.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import type { OrderSet } from '../../core/memory/order.ts';
import { unknownOfMask } from '../../core/memory/range-state.ts';
import { possibleOrders, restartOrders, type Vma } from '../../core/rules/vma.ts';
import type { Refusal, Tally } from '../ranges/tally.ts';
import type { RunPolicy } from '../ranges/verdict.ts';

/** What the policy of a run comes to for one VMA of a table. */
export interface VmaPolicy {
  readonly orders: OrderSet;
  readonly ineligible: Refusal | undefined;
  /** The orders that page faults may use when the process starts again, and the largest of them. */
  readonly restartOrders: OrderSet;
  readonly restartOrder: number;
  /** What changes in its process. */
  readonly changes: Tally;
  /** What is unknown of the row before, which is noted. */
  noted: number | undefined;
}

/** `changes` is the tally that its rows are added to. */
export function policyOfVma(
  vma: Vma,
  { settings, model }: RunPolicy,
  geometry: Geometry,
  thpDisabled: Parameters<typeof possibleOrders>[4],
  changes: Tally,
): VmaPolicy {
  const { orders, ineligible } = possibleOrders(vma, settings, model, geometry, thpDisabled);
  const ofFaults = restartOrders(vma, settings, model, geometry, thpDisabled);
  return {
    orders,
    ineligible,
    restartOrders: ofFaults,
    restartOrder: largestOrder(ofFaults, geometry.pmdOrder),
    changes,
    noted: undefined,
  };
}

/** Notes what is unknown of a row that is scanned, by its mask: the next row has the same, as a rule. */
export function noteUnknown(policy: VmaPolicy, unknown: number): void {
  if (policy.noted === unknown) return;
  policy.noted = unknown;
  for (const fact of unknownOfMask(unknown)) policy.changes.unknown.add(fact);
}
