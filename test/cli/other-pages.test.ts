import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rangeBytes } from '../../src/core/memory/geometry.ts';
import { FIRST_RANGE, otherMachine } from '../support/other-machine.ts';
import { thpscope, words } from '../support/thpscope.ts';

const MACHINES = [
  {
    pages: '64K',
    pmdOrder: 5,
    geometry: { pageShift: 16, pmdOrder: 5 },
    architecture: 'ppc64le',
    pmd: '2M',
    limits: 'max_ptes_none 31, max_ptes_swap 4, max_ptes_shared 16',
    largest: 31,
    sizes: '256K-2M',
    smallest: '256',
    policies: '512 policies',
    rows: 512,
    /** Sizes and limits that only another machine has. */
    others: /\b(4K|16K|32K|64K-|max_ptes_none 511|512 PTEs)\b/,
    commandLine: 'thp_anon=256K:always thp_anon=2M:inherit',
  },
  {
    pages: '16K',
    pmdOrder: 11,
    geometry: { pageShift: 14, pmdOrder: 11 },
    architecture: 'aarch64',
    pmd: '32M',
    limits: 'max_ptes_none 2047, max_ptes_swap 256, max_ptes_shared 1024',
    largest: 2047,
    sizes: '64K-32M',
    smallest: '64',
    policies: '11,264 policies',
    rows: 11_264,
    others: /\b(4K|16K-|32K|max_ptes_none 511|512 PTEs)\b/,
    commandLine: 'thp_anon=64K:always thp_anon=32M:inherit',
  },
] as const;

describe.each(MACHINES)('with pages of $pages and PMD order $pmdOrder', (machine) => {
  const { geometry, architecture, pmd, largest, smallest, others } = machine;
  const shape = `--page-size ${machine.pages} --pmd-order ${machine.pmdOrder}`;
  const address = `0x${(FIRST_RANGE * rangeBytes(geometry)).toString(16)}`;
  let folder: string;
  let snapshot: string;
  let digest: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'thpscope-pages-'));
    [snapshot, digest] = [join(folder, 'memory.parquet'), join(folder, 'memory.digest.json')];
  });
  // A machine is there for as long as a test runs.
  beforeEach(async () => {
    if (existsSync(digest)) return;
    const root = otherMachine(geometry, architecture);
    expect(await onMachine(root, 'capture', '-p', '7', '-o', snapshot)).toMatchObject({ code: 0 });
    expect(await thpscope(['digest', snapshot, '-o', digest])).toMatchObject({ code: 0 });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const onMachine = (kernelRoot: string, ...args: string[]) => thpscope(args, '', { kernelRoot });
  const there = () => otherMachine(geometry, architecture);

  /** What a command prints about the recording, in which no other machine's sizes may be. */
  async function said(line: string): Promise<string> {
    const run = await thpscope([...words(line), snapshot]);
    expect(run.code, run.stderr).toBeLessThan(2);
    expect(run.stdout).not.toMatch(others);
    return run.stdout;
  }

  test('made-up ranges and page faults', async () => {
    const last = 2 ** machine.pmdOrder - 1;
    const explained = await thpscope(words(`explain --pattern 0-3,${last} ${shape} --orders all`));
    expect(explained.stdout).toContain(`${last + 1} PTEs of ${machine.pages}`);
    expect(explained.stdout).toContain(machine.limits);
    expect(explained.stdout).toContain(`0:${machine.pmdOrder} (${pmd})`);
    // Either flag leads to the other, but for the PMD order of ppc64.
    const half = machine.pmdOrder === 5 ? '--pmd-order 5' : '--page-size 16K';
    expect(await thpscope(words(`explain --pattern 0-3,${last} ${half} --orders all`))).toEqual(explained);
    const faulted = await thpscope(words(`faults ${shape} --vma 0-${last + 1}`).concat('--history', 'w3'));
    expect(faulted.stdout).toContain(`gets a folio of ${pmd}: pages 0 to ${last} are filled`);
    const line = `{"present":"0-3","orders":"${machine.sizes.split('-')[0]}","maxPtesNone":0}`;
    const ranges = await thpscope(words(`predict --ranges - ${shape}`), `${line}\n`);
    expect(JSON.parse(ranges.stdout)).toMatchObject({ collapses: [{ offset: 0, order: 2 }] });
    const proved = await thpscope(words(`verify walk stack ${shape}`));
    expect(proved.stdout).toMatch(/^walk and stack agree, proved for every bitmap/);
    const differing = await thpscope(
      words(`verify walk scaled ${shape} --pattern 0-1 --orders 2 --max-ptes-none 15`),
    );
    expect(differing.code).toBeLessThan(2);
    expect(differing.stdout + differing.stderr).not.toContain('--page-size');
  });

  test('predict and explain', async () => {
    const predicted = await said('predict');
    expect(predicted).toContain(`enabled always, sizes: ${pmd} inherit`);
    expect(predicted).toContain(machine.limits);
    expect(predicted).toContain(`7 PMD ranges of ${pmd}`);
    expect(await said('predict -v --orders all --max-ptes-none 1')).toContain(
      `sizes below ${pmd} know max_ptes_none 0 and ${largest} only`,
    );
    expect(await said(`explain --address ${address} --orders all`)).toContain(`(${pmd})`);
    const refused = await thpscope(['predict', '--max-ptes-none', String(largest + 1), snapshot]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(`0 to ${largest}`) });
    const live = await onMachine(there(), 'predict', '-p', '7', '--json');
    const recorded = JSON.parse(await said('predict --json'));
    expect(JSON.parse(live.stdout).totals).toEqual(recorded.totals);
  });

  test('sweep, of a snapshot and of its digest', async () => {
    const swept = await said('sweep');
    expect(swept).toContain(machine.policies);
    const ofDigest = await thpscope(['sweep', digest]);
    expect(ofDigest.stdout.split('\n').slice(1)).toEqual(swept.split('\n').slice(1));
    const csv = await said('sweep --csv');
    expect(csv.trim().split('\n')).toHaveLength(machine.rows + 1);
    expect(JSON.parse(await said('sweep --json')).geometry).toEqual(geometry);
  });

  test('advise, and what it writes', async () => {
    const off = join(folder, 'off.parquet');
    const root = otherMachine(geometry, architecture, 'never');
    expect(await onMachine(root, 'capture', '-p', '7', '-o', off)).toMatchObject({ code: 0 });
    const asked = 'advise --growth now --max-growth 0% --tlb folio';
    const advised = async (...args: string[]) => (await thpscope([...words(asked), ...args, off])).stdout;
    const text = await advised();
    const [, size] = /hugepages-(\d+)kB\/enabled/.exec(text) ?? [];
    expect(size).toBe(smallest);
    expect(text).not.toMatch(others);
    expect(await advised('--format', 'sh')).toContain(`hugepages-${smallest}kB/enabled`);
    expect(await advised('--format', 'tmpfiles')).toContain(`hugepages-${smallest}kB/enabled`);
    expect(await advised('--format', 'cmdline')).toContain(machine.commandLine);
  });

  test('apply writes the files that are there', async () => {
    const root = there();
    const set = [`hugepages-${smallest}kB/enabled=always`, `khugepaged/max_ptes_none=${largest - 1}`];
    const flags = set.flatMap((each) => ['--set', each]);
    const applied = await onMachine(root, 'apply', ...flags, '--yes');
    expect(applied, applied.stderr).toMatchObject({ code: 0 });
    const file = (name: string) =>
      readFileSync(join(root, 'sys/kernel/mm/transparent_hugepage', name), 'utf8').trim();
    expect(file(`hugepages-${smallest}kB/enabled`)).toBe('always');
    expect(file('khugepaged/max_ptes_none')).toBe(String(largest - 1));
    const missing = await onMachine(root, 'apply', '--set', 'hugepages-16kB/enabled=always');
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining(`hugepages-${smallest}kB`) });
    const proposed = await onMachine(root, '__complete', 'apply', '--set', 'hugepages-');
    expect(proposed.stdout).toContain(`hugepages-${smallest}kB/enabled=`);
    expect(proposed.stdout).not.toContain('hugepages-16kB');
  });

  test('simulate', async () => {
    const simulated = await said('simulate');
    expect(simulated).toContain(`pages_to_scan ${8 * (largest + 1)}`);
    expect(simulated).toContain(`  in ${pmd} `);
    const scenario = JSON.parse(readFileSync('examples/scenarios/redis-delete.json', 'utf8'));
    scenario.machine.pmdOrder = machine.pmdOrder;
    if (machine.pmdOrder === 5) {
      const played = await thpscope(['simulate', '-'], JSON.stringify(scenario));
      expect(played, played.stderr).toMatchObject({ code: 0 });
      expect(played.stdout).toContain('max_ptes_none 31');
    }
  });

  test('report, compare, verify and diff', async () => {
    const report = join(folder, 'report.html');
    await said(`report -o ${report}`);
    const page = readFileSync(report, 'utf8')
      .replace(/<style[\s\S]*?<\/style>/g, '')
      .replace(/<[^>]*>/g, ' ');
    expect(page).toContain(machine.limits);
    expect(page).toContain(`7 PMD ranges`);
    expect(page).not.toMatch(others);
    const compared = await thpscope(['compare', 'walk', 'stack', snapshot]);
    expect(compared).toMatchObject({ code: 0, stdout: expect.stringContaining('7 ranges scanned') });
    const best = await thpscope(['verify', 'walk', '--against', 'optimal', snapshot]);
    expect(best.code, best.stderr).toBeLessThan(2);
    const same = await thpscope(['diff', snapshot, snapshot, '--json']);
    expect(same.code).toBeLessThan(3);
  });

  test('fleet', async () => {
    const dataset = join(folder, 'fleet');
    const made = await thpscope(
      words(`fleet generate ${digest} -o ${dataset} --hosts 2 --processes 2 --seed 1`),
    );
    expect(made, made.stderr).toMatchObject({ code: 0 });
    const swept = await thpscope(['fleet', 'sweep', dataset]);
    expect(swept, swept.stderr).toMatchObject({ code: 0 });
    expect(swept.stdout).toContain(machine.policies);
    expect(swept.stdout).not.toMatch(others);
  });

  test('metrics', async () => {
    const metrics = await onMachine(there(), 'metrics', '-p', '7');
    expect(metrics.code, metrics.stderr).toBe(0);
    expect(metrics.stdout).toContain(`max_ptes_none="${largest}"`);
    expect(metrics.stdout).toContain(`thpscope_predicted_collapse_bytes{policy="default",size="${pmd}"}`);
  });
});
