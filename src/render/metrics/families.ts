import { otherBytesOf } from '../../analysis/digest/memory-digest.ts';
import { memoryTlbEntries } from '../../analysis/digest/policy-worth.ts';
import type { WatchedMemory, WatchedPolicy, WatchedService } from '../../analysis/metrics/watched-memory.ts';
import { leftOutOf } from '../../analysis/reading/left-out.ts';
import { sum } from '../../core/base/sum.ts';
import { pageBytes } from '../../core/memory/geometry.ts';
import { formatOrder, type Order } from '../../core/memory/order.ts';
import { printable } from '../words/printable.ts';
import { sizeSettingsLine } from '../words/sizes.ts';
import type { MetricFamily, MetricSample } from './exposition.ts';

/** How a reading came about, beside what was read. */
export interface ReadingFacts {
  /** Of thpscope. */
  readonly version: string;
  /** When the memory was read, in seconds since the epoch. */
  readonly readAt: number;
  /** How long reading and asking took. */
  readonly seconds: number;
}

/** The metrics of a reading: docs/metrics.md lists them. Bytes are resident ones unless said otherwise. */
export function metricFamilies(watched: WatchedMemory, reading: ReadingFacts): MetricFamily[] {
  return [
    ...readingFamilies(watched, reading),
    ...memoryFamilies(watched),
    ...predictionFamilies(watched),
    ...restartFamilies(watched),
    ...serviceFamilies(watched),
  ];
}

function readingFamilies(
  { source, memory, model }: WatchedMemory,
  { version, readAt, seconds }: ReadingFacts,
): MetricFamily[] {
  const { settings } = source.host;
  const leftOut = leftOutOf(source.skipped);
  return [
    gauge('build_info', 'Version of thpscope, and the kernel model that it asked; always 1.', [
      { labels: { version, model: model.name }, value: 1 },
    ]),
    gauge(
      'settings_info',
      'THP settings in force; always 1, and left out where they are not known.',
      settings
        ? [
            {
              labels: {
                enabled: settings.enabled,
                sizes: sizeSettingsLine(settings, memory.geometry),
                max_ptes_none: String(settings.maxPtesNone),
                max_ptes_swap: String(settings.maxPtesSwap),
                max_ptes_shared: String(settings.maxPtesShared),
              },
              value: 1,
            },
          ]
        : [],
    ),
    gauge('read_timestamp_seconds', 'When the oldest of this memory was read, since the epoch.', [
      single(readAt),
    ]),
    gauge('read_duration_seconds', 'How long the last reading took, predictions included.', [
      single(seconds),
    ]),
    gauge(
      'processes',
      'Processes whose memory was read, those that could not be read, and those that were left out for want of budget.',
      [
        { labels: { state: 'read' }, value: source.processes.length },
        { labels: { state: 'skipped' }, value: source.skipped.length - leftOut.length },
        { labels: { state: 'left-out' }, value: leftOut.length },
      ],
    ),
    gauge(
      'left_out_bytes',
      'What processes have in memory that were left out, files and shared memory included.',
      [single(sum(leftOut.map(({ residentBytes }) => residentBytes)))],
    ),
    gauge(
      'assumed_info',
      'Facts about pages that could not be seen; predictions assume the ordinary case; always 1.',
      [...memory.unknown].map((fact) => ({ labels: { fact }, value: 1 })),
    ),
  ];
}

function memoryFamilies({ memory, hugePages, pass }: WatchedMemory): MetricFamily[] {
  const bytes = pageBytes(memory.geometry);
  const other = otherBytesOf(memory);
  return [
    gauge(
      'resident_bytes',
      'Resident memory of the processes; other is files and shared memory, of which nothing is predicted.',
      [
        { labels: { kind: 'anonymous' }, value: memory.residentPages * bytes },
        ...(other === undefined ? [] : [{ labels: { kind: 'other' }, value: other }]),
      ],
    ),
    gauge(
      'huge_bytes',
      'Anonymous memory in large folios now, by their size; left out where folios could not be seen.',
      (hugePages ?? []).map(({ order, pages }) => ({
        labels: { size: formatOrder(order, memory.geometry) },
        value: pages * bytes,
      })),
    ),
    gauge('tlb_entries', 'TLB entries that map all anonymous memory once, as it is now.', [
      single(memoryTlbEntries(memory)),
    ]),
    gauge(
      'refused_bytes',
      'Anonymous memory in PMD ranges that khugepaged collapses under no settings, by the reason.',
      [...memory.refused].map(([reason, { pages }]) => ({ labels: { reason }, value: pages * bytes })),
    ),
    gauge(
      'khugepaged_pass_seconds',
      'How long khugepaged takes at its present pace for one pass over what it scans of this memory, at most.',
      pass ? [single(pass.millisecs / 1000)] : [],
    ),
  ];
}

function predictionFamilies(watched: WatchedMemory): MetricFamily[] {
  const bytes = pageBytes(watched.memory.geometry);
  return [
    gauge(
      'predicted_collapse_bytes',
      'Memory in folios that khugepaged would make of the memory as it is, by their size.',
      bySize(
        watched,
        ({ collapseOrders }) => collapseOrders,
        ({ worth }, order) => worth.counts.collapses[order] * 2 ** order * bytes,
      ),
    ),
    gauge(
      'predicted_growth_bytes',
      'Memory by which the machine grows at most when khugepaged is done; limits of control groups are left out.',
      byPolicy(watched, ({ worth }) => worth.growthPages * bytes),
    ),
    gauge(
      'predicted_tlb_entries',
      'TLB entries that map all anonymous memory once when khugepaged is done.',
      byPolicy(watched, ({ worth }) => worth.tlbEntries),
    ),
    gauge(
      'predicted_attempts_in_vain',
      'Attempts of khugepaged in every later pass that change nothing any more.',
      byPolicy(watched, ({ worth }) => worth.laterAttempts),
    ),
  ];
}

function restartFamilies(watched: WatchedMemory): MetricFamily[] {
  const bytes = pageBytes(watched.memory.geometry);
  return [
    gauge(
      'restart_huge_bytes',
      'Memory in large folios by page faults once all programs have started again, at most, by size.',
      bySize(
        watched,
        ({ faultOrders }) => faultOrders,
        ({ worth: { restart } }, order) => restart && restart.counts.pagesByOrder[order] * bytes,
      ),
    ),
    gauge(
      'restart_growth_bytes',
      'Memory of the machine that page faults fill around what programs touch, once all have started again, at most.',
      byPolicy(watched, ({ worth: { restart } }) => restart && restart.growthPages * bytes),
    ),
    gauge(
      'restart_tlb_entries',
      'TLB entries that map all anonymous memory once, when all programs have started again.',
      byPolicy(watched, ({ worth: { restart } }) => restart?.tlbEntries),
    ),
  ];
}

function serviceFamilies({ memory, hugePages, services, policies: [first] }: WatchedMemory): MetricFamily[] {
  const bytes = pageBytes(memory.geometry);
  const named = printableServices(services);
  return [
    gauge(
      'service_anonymous_bytes',
      'Resident anonymous memory by service; other adds up all that have no series of their own.',
      named.map(({ service, residentPages }) => ({ labels: { service }, value: residentPages * bytes })),
    ),
    gauge(
      'service_huge_bytes',
      'Anonymous memory in large folios now, by service; left out where folios could not be seen.',
      hugePages
        ? named.map(({ service, hugePages: huge }) => ({ labels: { service }, value: huge * bytes }))
        : [],
    ),
    gauge(
      'service_predicted_growth_bytes',
      'Memory by which khugepaged makes a service grow at most, under the policy named.',
      named.map(({ service, growthPages }) => ({
        labels: { service, policy: printable(first.name) },
        value: growthPages * bytes,
      })),
    ),
  ];
}

/**
 * Services by the names that they are printed under. Names that are printed alike are one: whoever names his
 * control group so must not make all of the text wrong, for no series may be there twice.
 */
function printableServices(services: readonly WatchedService[]) {
  const byName = new Map<string, WatchedService & { service: string }>();
  for (const each of services) {
    const service = printable(each.name);
    const same = byName.get(service);
    byName.set(service, {
      ...each,
      service,
      residentPages: each.residentPages + (same?.residentPages ?? 0),
      hugePages: each.hugePages + (same?.hugePages ?? 0),
      growthPages: each.growthPages + (same?.growthPages ?? 0),
    });
  }
  return [...byName.values()];
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name: `thpscope_${name}`, help, type: 'gauge', samples };
}

function single(value: number): MetricSample {
  return { labels: {}, value };
}

/** A series for each policy whose value is known. */
function byPolicy(
  { policies }: WatchedMemory,
  valueOf: (policy: WatchedPolicy) => number | undefined,
): MetricSample[] {
  return policies.flatMap((policy) => {
    const value = valueOf(policy);
    return value === undefined ? [] : [{ labels: { policy: printable(policy.name) }, value }];
  });
}

/** The same for each size that a policy enables: which series there are changes with settings alone. */
function bySize(
  { policies, memory }: WatchedMemory,
  ordersIn: (policy: WatchedPolicy) => readonly Order[],
  valueOf: (policy: WatchedPolicy, order: Order) => number | undefined,
): MetricSample[] {
  return policies.flatMap((policy) =>
    ordersIn(policy).flatMap((order) => {
      const value = valueOf(policy, order);
      const labels = { policy: printable(policy.name), size: formatOrder(order, memory.geometry) };
      return value === undefined ? [] : [{ labels, value }];
    }),
  );
}
