import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import type { MemoryDigest, ProcessDigest, SourceDigest } from '../../src/analysis/digest/memory-digest.ts';
import { watchMemory } from '../../src/analysis/metrics/watched-memory.ts';
import { WATCHED_POLICIES } from '../../src/analysis/metrics/watched-policies.ts';
import { sum } from '../../src/core/base/sum.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { enabledOrders } from '../../src/core/rules/thp-settings.ts';
import { metricFamilies } from '../../src/render/metrics/families.ts';
import { openSnapshotFile } from '../../src/snapshot/file.ts';
import { valueOf } from '../support/ranges.ts';
import { writeServiceHost } from '../support/service-host.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
const model = KERNEL_MODELS['linux-7.3'];
let source: SourceDigest;

async function digestOf(path: string): Promise<SourceDigest> {
  const file = valueOf(await openSnapshotFile(path));
  const collector = new DigestCollector(file.host.geometry, 4, { surroundings: file.host });
  for await (const item of file.items()) collector.add(item);
  file.close();
  const reach = { pages: 4, cpu: 'a CPU', certainty: 'asked', source: 'the test' } as const;
  return { host: file.host, reach, processes: collector.finish(), skipped: [], notes: [] };
}

beforeAll(async () => {
  const path = join(folder, 'host.parquet');
  await writeServiceHost(path);
  source = await digestOf(path);
});

const policiesOf = ({ host: { geometry } }: SourceDigest) => [
  { name: 'default', settings: WATCHED_POLICIES.default(geometry) },
  { name: 'mthp', settings: WATCHED_POLICIES.mthp(geometry) },
];
const watch = (of: SourceDigest, services = 3) =>
  watchMemory(of, { policies: policiesOf(of), model, services });

/** The source with other names of its processes, which have no control group of their own. */
function called(names: readonly string[]): SourceDigest {
  const processes = source.processes.slice(0, names.length).map(
    (each, at): ProcessDigest => ({
      ...each,
      process: { ...each.process, cgroup: '/', command: names[at] },
    }),
  );
  return { ...source, processes };
}

describe('services', () => {
  test.each([0, 1, 3, 100])('%i with a line of their own and other add up to all', (count) => {
    const { services, memory, policies } = watch(source, count);
    expect(services.at(-1)?.name).toBe('other');
    expect(services.length).toBe(Math.min(count, 6) + 1);
    expect(sum(services.map(({ residentPages }) => residentPages))).toBe(memory.residentPages);
    expect(sum(services.map(({ hugePages }) => hugePages))).toBe(memory.hugePages);
    expect(sum(services.map(({ growthPages }) => growthPages))).toBe(policies[0].worth.growthPages);
    expect(policies[0].worth.growthPages).toBeGreaterThan(0);
  });

  test('one that is called other is in other', () => {
    const { services } = watch(called(['other', 'a', 'b']), 5);
    expect(services.map(({ name }) => name).sort()).toEqual(['a', 'b', 'other']);
    expect(services.at(-1)?.residentPages).toBe(source.processes[0].memory.residentPages);
  });

  test('two whose names are printed alike are one series', () => {
    const watched = watch(called(['a\u001b', 'a\\x1b', 'b']), 5);
    expect(watched.services).toHaveLength(4);
    const families = metricFamilies(watched, { version: '1', readAt: 1, seconds: 1 });
    const { samples = [] } = families.find(({ name }) => name === 'thpscope_service_anonymous_bytes') ?? {};
    expect(samples.map(({ labels }) => labels.service).sort()).toEqual(['a\\x1b', 'b', 'other']);
    expect(sum(samples.map(({ value }) => value))).toBe(watched.memory.residentPages * 4096);
  });
});

test('huge memory by order adds up to all of it', async () => {
  const huge = await digestOf('examples/programs/java.parquet');
  for (const of of [source, huge]) {
    const { hugePages, memory } = watch(of);
    expect(sum((hugePages ?? []).map(({ pages }) => pages))).toBe(memory.hugePages);
  }
});

/** The first process of the source, with other memory. */
function withMemory(memory: (of: MemoryDigest) => Partial<MemoryDigest>): SourceDigest {
  const [first] = source.processes;
  return { ...source, processes: [{ ...first, memory: { ...first.memory, ...memory(first.memory) } }] };
}

test.each([
  ['of ranges that are scanned', () => ({ unknown: new Set(['folioOrders'] as const) })],
  [
    'for khugepaged scans no range, so that nobody looked',
    ({ ranges, residentPages: pages }: MemoryDigest) => ({
      refused: new Map([['vma-edge', { ranges, pages }]] as const),
      unknown: new Set<never>(),
    }),
  ],
])('folios that could not be seen are not none: %s', (_, memory) => {
  const watched = watch(withMemory(memory));
  expect(watched.hugePages).toBeUndefined();
  const names = metricFamilies(watched, { version: '1', readAt: 1, seconds: 1 })
    .filter(({ samples }) => samples.length > 0)
    .map(({ name }) => name);
  expect(names).not.toContain('thpscope_huge_bytes');
  expect(names).not.toContain('thpscope_service_huge_bytes');
  expect(names).toContain('thpscope_service_anonymous_bytes');
});

test('where all that is scanned is one huge page already, folios are seen', () => {
  const { hugePages } = watch(
    withMemory(({ ranges, residentPages: pages }) => ({
      refused: new Map([['SCAN_PMD_MAPPED', { ranges, pages }]] as const),
    })),
  );
  expect(hugePages).toBeDefined();
});

test('sizes of policies are those that the kernel has for khugepaged and for page faults', () => {
  const sizes = (of: keyof typeof KERNEL_MODELS) => {
    const [, mthp] = watchMemory(source, {
      policies: policiesOf(source),
      model: KERNEL_MODELS[of],
      services: 1,
    }).policies;
    return [mthp.collapseOrders, mthp.faultOrders];
  };
  expect(sizes('linux-7.3')).toEqual([
    [4, 9],
    [4, 9],
  ]);
  expect(sizes('linux-6.18')).toEqual([[9], [4, 9]]);
  expect(sizes('linux-6.6')).toEqual([[9], [9]]);
});

test.each([9, 11, 13])('policies by name are settings that PMD order %i can have', (pmdOrder) => {
  const geometry = geometryOfPmdOrder(pmdOrder);
  const enabled = (name: keyof typeof WATCHED_POLICIES, advised: boolean) =>
    enabledOrders(WATCHED_POLICIES[name](geometry), advised, geometry);
  const bit = (order: number) => 2 ** order;
  expect([enabled('default', false), enabled('default', true)]).toEqual([bit(pmdOrder), bit(pmdOrder)]);
  expect([enabled('madvise', false), enabled('madvise', true)]).toEqual([0, bit(pmdOrder)]);
  expect([enabled('mthp', false), enabled('mthp', true)]).toEqual([bit(4), bit(4) + bit(pmdOrder)]);
});
