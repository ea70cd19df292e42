import type { Geometry } from '../../core/memory/geometry.ts';
import { anonOrders, intersectOrders, type Order, ordersOf } from '../../core/memory/order.ts';
import { collapsibleOrders, faultableOrders, type KernelModel } from '../../core/rules/kernel-model.ts';
import { isScanResult } from '../../core/rules/scan-result.ts';
import { enabledOrders, type ThpSettings } from '../../core/rules/thp-settings.ts';
import { DigestQuery } from '../digest/digest-query.ts';
import {
  type MemoryDigest,
  RESTART_CLASSES,
  type SourceDigest,
  totalDigest,
} from '../digest/memory-digest.ts';
import { type PolicyWorth, policyWorthOf } from '../digest/policy-worth.ts';
import { scannedRanges } from '../digest/scanned-ranges.ts';
import { memoryByService, type ServiceMemory } from '../services/service-memory.ts';
import { type PassTime, passTime } from './pass-time.ts';

/** Settings under a name that is the same in every reading. */
export interface NamedPolicy {
  readonly name: string;
  readonly settings: ThpSettings;
}

/** What settings make of the memory of a reading. */
export interface WatchedPolicy extends NamedPolicy {
  readonly worth: PolicyWorth;
  /** Sizes that khugepaged may collapse to, and that page faults may use, in memory that asks for them. */
  readonly collapseOrders: readonly Order[];
  readonly faultOrders: readonly Order[];
}

/** A service, or all that have no line of their own. */
export interface WatchedService {
  readonly name: string;
  readonly residentPages: number;
  readonly hugePages: number;
  /** Pages by which khugepaged makes it grow under the first policy. */
  readonly growthPages: number;
}

/** Memory as it is read again and again: what it is, and what a few policies make of it. */
export interface WatchedMemory {
  readonly source: SourceDigest;
  /** The sum of the source. */
  readonly memory: MemoryDigest;
  readonly model: KernelModel;
  /** Resident pages in large folios by order; undefined where the source could not see folios. */
  readonly hugePages: readonly { readonly order: Order; readonly pages: number }[] | undefined;
  readonly policies: readonly WatchedPolicy[];
  /** Those with most memory first; `other` is the last, whether or not anything is left for it. */
  readonly services: readonly WatchedService[];
  /** Undefined where nobody knows how often khugepaged works. */
  readonly pass: PassTime | undefined;
}

/** What all services are called together that have no line of their own. */
const OTHER = 'other';

/** Asks a reading about policies, at least one. `services` is how many have a line of their own. */
export function watchMemory(
  source: SourceDigest,
  {
    policies,
    model,
    services,
  }: { readonly policies: readonly NamedPolicy[]; readonly model: KernelModel; readonly services: number },
): WatchedMemory {
  const memory = totalDigest(source);
  const query = new DigestQuery(memory);
  const { geometry, khugepaged } = source.host;
  const [{ settings }] = policies;
  return {
    source,
    memory,
    model,
    hugePages: seesFolios(memory) ? hugePagesByOrder(memory) : undefined,
    policies: policies.map((policy) => watchPolicy(policy, query, model, geometry)),
    services: watchServices(memoryByService(source, model), services, (service) =>
      policyWorthOf(service.query, settings, model),
    ),
    pass: khugepaged && passTime(scannedRanges(memory, settings, model), geometry, khugepaged),
  };
}

function watchPolicy(
  { name, settings }: NamedPolicy,
  query: DigestQuery,
  model: KernelModel,
  geometry: Geometry,
): WatchedPolicy {
  const enabled = enabledOrders(settings, true, geometry);
  return {
    name,
    settings,
    worth: policyWorthOf(query, settings, model),
    collapseOrders: ordersOf(intersectOrders(enabled, collapsibleOrders(model, geometry))),
    faultOrders: ordersOf(intersectOrders(enabled, faultableOrders(model, geometry))),
  };
}

/** Whether folios were seen: nobody knows where there are ranges and khugepaged scans none of them. */
function seesFolios({ ranges, refused, unknown }: MemoryDigest): boolean {
  let scanned = ranges;
  for (const [reason, { ranges: ignored }] of refused) if (!isScanResult(reason)) scanned -= ignored;
  return !unknown.has('folioOrders') && (scanned > 0 || ranges === 0);
}

/** Undefined for digests that do not know folios by their order. */
function hugePagesByOrder({ geometry, restart }: MemoryDigest): WatchedMemory['hugePages'] {
  if (!restart) return undefined;
  return ordersOf(anonOrders(geometry)).map((order) => ({
    order,
    pages: RESTART_CLASSES.reduce((pages, name) => pages + restart[name].folioPages[order], 0),
  }));
}

function watchServices(
  services: readonly ServiceMemory[],
  count: number,
  worthOf: (service: ServiceMemory) => PolicyWorth,
): WatchedService[] {
  const watched = services.map((service): WatchedService => {
    const { residentPages, hugePages } = service.query.memory;
    const { growthPages } = worthOf(service);
    return { name: service.name, residentPages, hugePages, growthPages };
  });
  // A service may be called so itself: one name, one line.
  const named = watched.filter(({ name }) => name !== OTHER).slice(0, count);
  const rest = watched.filter((each) => !named.includes(each));
  const total = (valueOf: (each: WatchedService) => number) =>
    rest.reduce((sum, each) => sum + valueOf(each), 0);
  const other = {
    name: OTHER,
    residentPages: total(({ residentPages }) => residentPages),
    hugePages: total(({ hugePages }) => hugePages),
    growthPages: total(({ growthPages }) => growthPages),
  };
  return [...named, other];
}
