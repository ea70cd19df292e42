import { FIRST_EXCEPT_ADVISED_SERIES, isBefore } from '../../core/base/release.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { asOrder, hasOrder, NO_ORDERS } from '../../core/memory/order.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import type { Host, Process } from '../../core/rules/memory-source.ts';
import { enableSameSizes, type ThpSettings } from '../../core/rules/thp-settings.ts';
import { type Eligibility, possibleOrders, type Vma } from '../../core/rules/vma.ts';
import type { RunPolicy } from './verdict.ts';

/** What a prediction takes for granted about a process as a whole, beside the facts of its ranges. */
export type ProcessAssumption =
  /** khugepaged has the process on its list. */
  | 'registration'
  /** No prctl(PR_SET_THP_DISABLE) forbids what the settings allow, in either of its forms. */
  | 'prctl'
  /** None of the memory pinned for long lies where something would collapse. */
  | 'pins'
  /** No page that KSM merged is mapped twice in a range. */
  | 'ksm'
  /** No range has pages on two NUMA nodes. */
  | 'nodes'
  /** It shares no page with another process of the source, though some of its pages are shared. */
  | 'sharing';

/** What decides about processes besides their memory: the machine that they run on. */
export type CollapseSurroundings = Pick<
  Host,
  'kernelRelease' | 'settings' | 'zoneReclaim' | 'shrinkUnderused'
>;

/** Whether processes may not be on khugepaged's list: other sizes are in force than those asked about. */
export function assumesRegistration(
  { settings }: Pick<CollapseSurroundings, 'settings'>,
  asked: ThpSettings,
  geometry: Geometry,
): boolean {
  return !settings || !enableSameSizes(settings, asked, geometry);
}

/**
 * Whether memory in this VMA has put its process on khugepaged's list, if the settings in force were so from
 * its start: touched memory that the PMD order is allowed in. Source: docs/khugepaged.md#registration.
 */
export function registers(
  vma: Vma,
  { thpDisabled }: Pick<Process, 'thpDisabled'>,
  { settings }: Pick<CollapseSurroundings, 'settings'>,
  model: KernelModel,
  geometry: Geometry,
): boolean {
  if (!settings || vma.rssBytes + vma.swapBytes === 0) return false;
  const { orders } = possibleOrders(vma, settings, model, geometry, thpDisabled);
  return hasOrder(orders, asOrder(geometry.pmdOrder));
}

/**
 * Pages of zeros beyond which reclaim splits a PMD-order folio under the settings asked about, whoever made
 * it; undefined where it never does. Source: thp_underused, docs/khugepaged.md#underused-huge-pages.
 */
export function splitsAbove(
  { shrinkUnderused }: Pick<CollapseSurroundings, 'shrinkUnderused'>,
  { maxPtesNone }: Pick<ThpSettings, 'maxPtesNone'>,
  geometry: Geometry,
): number | undefined {
  return shrinkUnderused && maxPtesNone < pagesPerRange(geometry) - 1 ? maxPtesNone : undefined;
}

/** The same where it is not known whether `shrink_underused` is on. */
export function mayArmShrinker(
  { shrinkUnderused }: Pick<CollapseSurroundings, 'shrinkUnderused'>,
  { maxPtesNone }: Pick<ThpSettings, 'maxPtesNone'>,
  geometry: Geometry,
): boolean {
  return shrinkUnderused === undefined && maxPtesNone < pagesPerRange(geometry) - 1;
}

/**
 * What THPeligible of smaps adds about a VMA that is eligible by its flags. Under the settings in force it
 * knows of prctl "except advised", which nothing else shows: `no` where it denies what they allow, and
 * `unchecked` where they allow nothing, so that its word is no sign of anything.
 */
export function wordOfSmaps(
  vma: Vma,
  { settings, kernelRelease }: CollapseSurroundings,
  model: KernelModel,
  geometry: Geometry,
): 'yes' | 'no' | 'unchecked' {
  const isAdvised = vma.flags.includes('hg');
  if (vma.thpEligible !== false || !settings || isAdvised) return 'yes';
  if (isBefore(kernelRelease, FIRST_EXCEPT_ADVISED_SERIES)) return 'yes';
  const eligible = possibleOrders(vma, settings, model, geometry, false).ineligible === undefined;
  return eligible ? 'no' : 'unchecked';
}

/** Whether a VMA is eligible, by its flags and by the word of smaps. */
export function eligibilityIn(
  vma: Vma,
  { thpDisabled }: Pick<Process, 'thpDisabled'>,
  { settings, model }: Pick<RunPolicy, 'settings' | 'model'>,
  geometry: Geometry,
  surroundings: CollapseSurroundings | undefined,
): { readonly eligibility: Eligibility; readonly byFlags: Eligibility; readonly isUnchecked: boolean } {
  const byFlags = possibleOrders(vma, settings, model, geometry, thpDisabled);
  if (byFlags.ineligible !== undefined || !surroundings)
    return { eligibility: byFlags, byFlags, isUnchecked: false };
  const word = wordOfSmaps(vma, surroundings, model, geometry);
  const eligibility = word === 'no' ? { orders: NO_ORDERS, ineligible: 'smaps' as const } : byFlags;
  return { eligibility, byFlags, isUnchecked: word === 'unchecked' };
}

/** What is assumed about a process in which anything is tried. */
export function collapseAssumptions(
  { thpDisabled, pinnedBytes = 0, ksmBytes = 0 }: Process,
  uncheckedBytes: number,
  isRegistrationAssumed: boolean,
  { zoneReclaim }: CollapseSurroundings,
): ProcessAssumption[] {
  return [
    ...(isRegistrationAssumed ? ['registration' as const] : []),
    ...(thpDisabled === undefined || uncheckedBytes > 0 ? ['prctl' as const] : []),
    ...(pinnedBytes > 0 ? ['pins' as const] : []),
    ...(ksmBytes > 0 ? ['ksm' as const] : []),
    ...(zoneReclaim ? ['nodes' as const] : []),
  ];
}
