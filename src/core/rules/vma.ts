import { type Geometry, orderBytes, rangeBytes } from '../memory/geometry.ts';
import { intersectOrders, NO_ORDERS, type OrderSet, orderSet, ordersOf } from '../memory/order.ts';
import type { PageSpan } from '../memory/page-span.ts';
import { collapsibleOrders, faultableOrders, type KernelModel } from './kernel-model.ts';
import type { FileMapping } from './page-cache.ts';
import { enabledOrders, type ThpSettings } from './thp-settings.ts';

/** A virtual memory area as /proc/PID/smaps shows it. */
export interface Vma {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** Path or bracketed name; empty for plain anonymous memory. */
  readonly name: string;
  /** Private anonymous memory, heap or stack: no file and not shared memory. */
  readonly anonymous: boolean;
  /** What it maps of a file or of shared memory; undefined for anonymous memory, or where nothing says. */
  readonly mapping?: FileMapping;
  /** VmFlags: two-letter codes such as `hg` for VM_HUGEPAGE. */
  readonly flags: readonly string[];
  /** What the kernel itself says under the settings of the moment; undefined where it does not say. */
  readonly thpEligible: boolean | undefined;
  readonly rssBytes: number;
  readonly swapBytes: number;
}

/**
 * Resident bytes outside of anonymous VMAs with those of one more VMA: files and shared memory, which nothing
 * here covers. They are undefined, that is not known, before any such VMA: every program maps files, so a
 * source without them keeps anonymous memory alone.
 */
export function addOtherBytes(
  otherBytes: number | undefined,
  { anonymous, rssBytes }: Vma,
): number | undefined {
  return anonymous ? otherBytes : (otherBytes ?? 0) + rssBytes;
}

/** Why no range of a VMA can be collapsed, whatever it holds. */
export type Ineligible =
  | 'settings'
  | 'kernel-sizes'
  | 'not-anonymous'
  | 'nohugepage'
  | 'prctl'
  | 'special'
  | 'temporary-stack'
  | 'too-small'
  | 'smaps';

export const INELIGIBLE_REASONS: Record<Ineligible, string> = {
  settings: 'no size is enabled for this memory',
  'kernel-sizes': 'no enabled size that this khugepaged makes: it makes the PMD size only',
  'not-anonymous': 'not anonymous memory',
  nohugepage: 'MADV_NOHUGEPAGE',
  prctl: 'THP disabled for the process (prctl)',
  special: 'special mapping (I/O, hugetlb, PFN map)',
  'temporary-stack': 'temporary stack of exec',
  'too-small': 'smaller than every enabled size',
  smaps: 'the kernel itself says no (THPeligible 0 in smaps), as after prctl "except advised"',
};

export type Eligibility =
  | { readonly orders: OrderSet; readonly ineligible?: undefined }
  | { readonly orders: typeof NO_ORDERS; readonly ineligible: Ineligible };

/** Flags of VM_NO_KHUGEPAGED: VM_IO, VM_PFNMAP, VM_DONTEXPAND, VM_MIXEDMAP, hugetlb. */
const SPECIAL_FLAGS = ['io', 'pf', 'de', 'mm', 'ht'];

/** userfaultfd registrations: missing, write-protect, minor. */
const UFFD_FLAGS = ['um', 'uw', 'ui'];

/**
 * The orders that khugepaged may collapse to in a VMA, or why there are none. Not visible from outside and so
 * not judged: a VMA that was never written has no anon_vma; it also has no page to collapse. Source:
 * thp_vma_allowable_orders, docs/khugepaged.md#possible-orders.
 */
export function possibleOrders(
  vma: Vma,
  settings: ThpSettings,
  model: KernelModel,
  geometry: Geometry,
  thpDisabled: boolean | undefined,
): Eligibility {
  if (!vma.anonymous) return ineligible('not-anonymous');
  const made = collapsibleOrders(model, geometry);
  const enabled = intersectOrders(enabledOrders(settings, vma.flags.includes('hg'), geometry), made);
  if (enabled !== 0) return allowedOrders(vma, enabled, geometry, thpDisabled);
  // MADV_HUGEPAGE would not help where some size is enabled with it, and the model makes none of these.
  return ineligible(whyNoSize(enabledOrders(settings, true, geometry), model, geometry) ?? 'settings');
}

/**
 * Why khugepaged scans no memory for which these orders are enabled; undefined where it makes one of them.
 * Source: docs/khugepaged.md#visit, rule 3.
 */
export function whyNoSize(
  enabled: OrderSet,
  model: KernelModel,
  geometry: Geometry,
): 'settings' | 'kernel-sizes' | undefined {
  if (enabled === 0) return 'settings';
  return intersectOrders(enabled, collapsibleOrders(model, geometry)) === 0 ? 'kernel-sizes' : undefined;
}

/**
 * The orders that MADV_COLLAPSE may collapse to in a VMA, whatever sysfs says: the PMD order, or why not even
 * that. Files and shared memory, where it can work too, are not judged: their reason is `not-anonymous`.
 * Source: thp_vma_allowable_orders, docs/khugepaged.md#possible-orders without step A.
 */
export function madviseOrders(vma: Vma, geometry: Geometry, thpDisabled: boolean | undefined): Eligibility {
  if (!vma.anonymous) return ineligible('not-anonymous');
  return allowedOrders(vma, orderSet([geometry.pmdOrder]), geometry, thpDisabled);
}

/**
 * The orders that page faults may allocate in an anonymous VMA, before it is seen what fits at the address.
 * None: they map small pages only. Files and shared memory are not judged and have none. In a VMA that is
 * userfaultfd-armed, but not for missing pages, the PMD size is left. Source: thp_vma_allowable_orders,
 * do_huge_pmd_anonymous_page and alloc_anon_folio, docs/khugepaged.md#page-faults.
 */
export function faultOrders(
  vma: Vma,
  settings: ThpSettings,
  model: KernelModel,
  geometry: Geometry,
  thpDisabled: boolean | undefined,
): OrderSet {
  if (!vma.anonymous || refusalOfVma(vma, thpDisabled) || isTemporaryStack(vma)) return NO_ORDERS;
  if (vma.flags.includes('um')) return NO_ORDERS;
  const enabled = enabledOrders(settings, vma.flags.includes('hg'), geometry);
  const orders = intersectOrders(enabled, faultableOrders(model, geometry));
  return isUffdArmed(vma) ? intersectOrders(orders, orderSet([geometry.pmdOrder])) : orders;
}

/**
 * The orders that a prediction of a restart takes page faults to allocate in a VMA: those of `faultOrders`,
 * but small pages where userfaultfd is armed, for what becomes of such memory is up to the program that
 * handles it.
 */
export function restartOrders(...[vma, ...rest]: Parameters<typeof faultOrders>): OrderSet {
  return isUffdArmed(vma) ? NO_ORDERS : faultOrders(vma, ...rest);
}

/**
 * The wanted orders that an anonymous VMA allows.
 * Source: __thp_vma_allowable_orders, docs/khugepaged.md#possible-orders, from step D on.
 */
function allowedOrders(
  vma: Vma,
  wanted: OrderSet,
  geometry: Geometry,
  thpDisabled: boolean | undefined,
): Eligibility {
  const refusal = refusalOfVma(vma, thpDisabled);
  if (refusal) return ineligible(refusal);
  const fitting = ordersOf(wanted).filter((order) => fits(vma, orderBytes(order, geometry)));
  if (fitting.length === 0) return ineligible('too-small');
  if (isTemporaryStack(vma)) return ineligible('temporary-stack');
  return { orders: orderSet(fitting) };
}

/** Why a VMA has no large folio of any order, be it of khugepaged or of page faults. */
export function refusalOfVma(
  { flags }: Pick<Vma, 'flags'>,
  thpDisabled: boolean | undefined,
): 'nohugepage' | 'prctl' | 'special' | undefined {
  if (flags.includes('nh')) return 'nohugepage';
  if (thpDisabled) return 'prctl';
  return SPECIAL_FLAGS.some((flag) => flags.includes(flag)) ? 'special' : undefined;
}

/** VM_GROWSDOWN with sequential and random read marks a stack that exec is still building. */
function isTemporaryStack({ flags }: Vma): boolean {
  return ['gd', 'sr', 'rr'].every((flag) => flags.includes(flag));
}

function ineligible(reason: Ineligible): Eligibility {
  return { orders: NO_ORDERS, ineligible: reason };
}

/** Whether the VMA contains a naturally aligned block of this size. */
function fits(vma: Vma, bytes: number): boolean {
  return Math.ceil(vma.start / bytes) * bytes + bytes <= vma.end;
}

export function isUffdArmed(vma: Vma): boolean {
  return UFFD_FLAGS.some((flag) => vma.flags.includes(flag));
}

/**
 * Whether the VMA covers the whole PMD range at this address; khugepaged leaves its edges alone at every
 * order.
 */
export function coversRange(vma: Vma, address: number, geometry: Geometry): boolean {
  return vma.start <= address && address + rangeBytes(geometry) <= vma.end;
}

/** The pages of a VMA in PTEs from the start of the PMD range at this address. */
export function spanFrom({ start, end }: Vma, address: number, { pageShift }: Geometry): PageSpan {
  const pageBytes = 2 ** pageShift;
  return { start: Math.floor((start - address) / pageBytes), end: Math.ceil((end - address) / pageBytes) };
}
