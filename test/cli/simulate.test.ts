import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { listScenarios, readScenario } from '../../src/cli/simulate/scenario-file.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { DEFAULT_CALIBRATION } from '../../src/khugepaged/costs.ts';
import { loadScenario } from '../../src/simulation/load-scenario.ts';
import { scenarioJsonSchema } from '../../src/simulation/scenario-schema.ts';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BASE = {
  version: 2,
  title: 'a test',
  machine: { memory: '512M' },
  settings: { enabled: 'madvise' },
  processes: [{ name: 'p', mappings: [{ name: 'heap', size: '16M' }] }],
  events: [
    { at: '0s', process: 'p', do: 'touch', mapping: 'heap', density: 0.5 },
    { at: '1s', process: 'p', do: 'advise', mapping: 'heap', advice: 'hugepage' },
  ],
};

function file(scenario: object | string, name = 'scenario.json'): string {
  const path = join(folder, name);
  writeFileSync(path, typeof scenario === 'string' ? scenario : JSON.stringify(scenario));
  return path;
}

describe('the built-in scenarios', () => {
  test('are fourteen, each with a paragraph, and listed without arguments', async () => {
    const scenarios = listScenarios();
    expect(scenarios).toHaveLength(14);
    const { stdout, code } = await thpscope(['simulate']);
    expect(code).toBe(0);
    for (const { name, title, about } of scenarios) {
      expect(stdout).toContain(`${name}: ${title}`);
      expect(about.length).toBeGreaterThan(200);
    }
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    const json = JSON.parse((await thpscope(words('simulate --list --json'))).stdout);
    expect(json.scenarios).toEqual(scenarios);
  });

  test('conform to the published schema, which is that of the code', () => {
    const published = JSON.parse(readFileSync('schemas/scenario.schema.json', 'utf8'));
    expect(published, 'run: npm run build && node scripts/scenario-schema.mjs && npm run format').toEqual(
      JSON.parse(JSON.stringify(scenarioJsonSchema())),
    );
    for (const { name } of listScenarios()) {
      expectSchema('scenario', JSON.parse(readFileSync(`examples/scenarios/${name}.json`, 'utf8')));
    }
    expectSchema('scenario', BASE);
  });

  test('are found by name; the 64 GiB of one take more than eleven hours, but not here', async () => {
    const { stdout, code } = await thpscope(words('simulate steady-heap --json'));
    expect(code).toBe(0);
    const { summary } = JSON.parse(stdout);
    expect(summary).toMatchObject({ ending: 'settled', collapses: 32767 });
    expect(summary.convergedNs / 3600e9).toBeCloseTo(32768 / 8 / 360, 1);
  });
});

describe('what is printed', () => {
  test('is text that fits 80 columns, with its seed', async () => {
    const { stdout, stderr, code } = await thpscope(words('simulate mthp-only --until 2m --seed 7'));
    expect([code, stderr]).toEqual([0, '']);
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(stdout).toContain('seed 7');
    expect(stdout).toMatch(/^ {2}in 64K +[▁▂▃▄▅▆▇█]{50} {2}128M$/m);
    expect(stdout).toMatch(/stopped +after 2m; last collapse at 1m 11s\n +full scans +1 in 2m/);
    expect(stdout).not.toContain('\u001b');
  });

  test('is JSON by the schema, from scenarios and snapshots', async () => {
    for (const line of [
      'simulate mthp-only --json --until 3m',
      'simulate scaled-creep --json',
      'simulate memcg-limit --json',
      'simulate examples/redis.parquet --json --policy default',
    ]) {
      const { stdout, code } = await thpscope(words(line));
      expect(code).toBe(0);
      expectSchema('simulate', JSON.parse(stdout));
    }
  });

  test('is CSV with a row a sample', async () => {
    const { stdout } = await thpscope(['simulate', file(BASE), '--csv', '--until', '60s']);
    const [head, ...rows] = stdout.trim().split('\n');
    const columns = head.split(',');
    expect(columns.slice(0, 3)).toEqual(['seconds', 'rss_bytes', 'small_bytes']);
    expect(columns).toContain('hugepages_2048kB_bytes');
    expect(rows.length).toBeGreaterThan(250);
    const numbers = columns.indexOf('host');
    for (const row of rows)
      expect(row.split(',').filter((cell) => /^[\d.]+$/.test(cell)).length).toBeGreaterThanOrEqual(numbers);
    expect(Number(rows[rows.length - 1].split(',')[1])).toBe(16 * 2 ** 20);
  });

  test('is a trace of every event as the kernel prints it', async () => {
    const { stdout } = await thpscope(['simulate', file(BASE), '--trace']);
    const lines = stdout.trim().split('\n');
    for (const line of lines)
      expect(line).toMatch(/^ +khugepaged-\d+ +\[000\] \.{5} +\d+\.\d{6}: mm_\w+: mm=|^.*isolate: scan_pfn=/);
    const collapses = lines.filter((line) =>
      /mm_collapse_huge_page: .* status=succeeded, order=9$/.test(line),
    );
    expect(collapses).toHaveLength(8);
    expect(lines.filter((line) => line.includes('full_scan_finished=1')).length).toBeGreaterThanOrEqual(2);
  });

  test('is the same for the same seed, byte for byte, and another for another', async () => {
    const run = async (seed: number, output: string) =>
      (await thpscope(['simulate', file(BASE), '--seed', String(seed), output])).stdout;
    const json = await run(5, '--json');
    expect(await run(5, '--json')).toBe(json);
    expect(await run(6, '--json')).not.toBe(json);
    expect(await run(5, '--trace')).toBe(await run(5, '--trace'));
  });
});

describe('settings', () => {
  const filled = async (...flags: string[]) =>
    JSON.parse((await thpscope(['simulate', file(BASE), '--json', ...flags])).stdout);

  test('of flags go before those of the scenario', async () => {
    expect((await filled()).summary.filledPages).toBeGreaterThan(1800);
    expect((await filled('--max-ptes-none', '0')).summary.collapses).toBe(0);
    const { settings, samples } = await filled('--orders', '16K', '--max-ptes-none', '0');
    expect(settings).toMatchObject({ sizes: { 2: 'always' }, maxPtesNone: 0 });
    // Page faults heed them too.
    expect(samples[0].pagesByOrder[2]).toBeGreaterThan(2000);
  });

  test('can be any file of sysfs', async () => {
    const slow = await filled(
      '--set',
      'khugepaged/pages_to_scan=1',
      '--set',
      'khugepaged/scan_sleep_millisecs=1000',
    );
    expect(slow.settings).toMatchObject({ pagesToScan: 1, scanSleepMillisecs: 1000 });
    expect(slow.summary.convergedNs).toBeGreaterThan(8e9);
  });

  test('of another kernel', async () => {
    const old = await filled('--kernel', 'linux-6.18');
    expect(old).toMatchObject({ model: 'linux-6.18', summary: { collapses: 8 } });
  });
});

test('a live process can be simulated', async () => {
  const { stdout, code } = await thpscope([
    'simulate',
    '-p',
    String(process.pid),
    '--policy',
    'default',
    '--json',
  ]);
  expect(code).toBe(0);
  const json = JSON.parse(stdout);
  expect(json.processes).toHaveLength(1);
  expect(json.samples[0].rssPages).toBeGreaterThan(1000);
});

test('costs can be measured and used, or the machine says that it cannot', async () => {
  const { stdout, stderr, code } = await thpscope(words('simulate --calibrate'));
  if (code === 4) return expect(stderr).toMatch(/calibration/);
  expect(code).toBe(0);
  const calibration = JSON.parse(stdout);
  for (const { ns, source } of Object.values<{ ns: number; source: string }>(calibration.costs)) {
    expect(ns).toBeGreaterThanOrEqual(0);
    expect(source).toMatch(/^(measured|estimated): /);
  }
  expect(calibration.costs.copyPage.source).toMatch(/^measured: MADV_COLLAPSE/);
  const used = await thpscope([
    'simulate',
    file(BASE),
    '--calibration',
    file(calibration, 'calibration.json'),
    '--json',
  ]);
  expect(JSON.parse(used.stdout).calibration).toBe(calibration.name);
});

test('a scenario of version 1 runs as it always did, and says what to write now', async () => {
  const { version: _, ...rest } = BASE;
  const freed = { at: '2s', process: 'p', mapping: 'heap', density: 0.5 };
  const [was, is] = [
    { ...rest, events: [...BASE.events, { ...freed, do: 'free' }] },
    { ...BASE, events: [...BASE.events, { ...freed, do: 'dontneed' }] },
  ];
  const old = await thpscope(['simulate', file(was), '--json']);
  const current = await thpscope(['simulate', file(is), '--json']);
  expect(old.stdout).toBe(current.stdout);
  expect(old.stderr).toMatch(/scenario\.json: a scenario of version 1; write "version": 2, dontneed/);
  expect([old.code, current.stderr, current.code]).toEqual([0, '', 0]);
});

describe('what is wrong is said in a line, with its place', () => {
  const event = (change: object) => ({ ...BASE, events: [BASE.events[0], { ...BASE.events[0], ...change }] });
  test.each<[string, object | string, RegExp]>([
    ['no JSON', '{', /not JSON/],
    ['a field that is not known', { ...BASE, sped: 1 }, /sped/],
    [
      'a size without unit',
      { ...BASE, machine: { memory: '512' } },
      /'machine.memory': write a size such as/,
    ],
    [
      'a machine that is too small',
      { ...BASE, machine: { memory: '64M' } },
      /'machine.memory': the kernel turns THP off/,
    ],
    ['a time without unit', event({ at: '5' }), /'events.1.at': write a time such as/],
    ['an unknown action', event({ do: 'leap' }), /'events.1.do'/],
    ['an action with what it does not take', event({ do: 'exit' }), /'events.1': .*mapping/],
    ['a density above 1', event({ density: 2 }), /'events.1.density'/],
    ['an unknown process', event({ process: 'q' }), /'events.1.process': no process 'q'/],
    ['an unknown mapping', event({ mapping: 'q' }), /'events.1.mapping': no mapping 'q'/],
    ['a setting that is not there', { ...BASE, settings: { nothing: 1 } }, /no file 'nothing' below/],
    ['a cost that is not known', { ...BASE, costs: { copyPage: -1 } }, /'costs.copyPage'/],
  ])('%s', async (_, scenario, message) => {
    const path = file(scenario, 'bad.json');
    const read = await readScenario({ path, name: path });
    const loaded = read.ok
      ? loadScenario(read.value.scenario, KERNEL_MODELS['linux-7.2'], DEFAULT_CALIBRATION, 1)
      : read;
    expect(!loaded.ok && loaded.failure).toMatchObject({
      kind: 'unreadable',
      message: expect.stringMatching(message),
    });
  });

  test.each([{ ...BASE, machine: {} }, event({ process: 'q' })])(
    'with exit code 5 and the file',
    async (scenario) => {
      const path = file(scenario, 'bad.json');
      const run = await thpscope(['simulate', path]);
      expect(run.stderr).toMatch(new RegExp(`^thpscope: ${path}: field '.*\n$`));
      expect([run.stdout, run.code]).toEqual(['', 5]);
    },
  );

  test.each<[string, number, RegExp]>([
    ['simulate nothing', 5, /nothing: no such file/],
    ['simulate nothing.json', 5, /no such file; thpscope simulate --list/],
    ['simulate go-heap --until soon', 2, /write settled, or a time/],
    ['simulate go-heap --json --csv', 2, /--json and --csv cannot be combined/],
    ['simulate go-heap -p 1', 2, /a scenario is simulated alone/],
    ['simulate go-heap --max-ptes-none 512', 2, /max_ptes_none 512 is out of range/],
    ['simulate go-heap --set khugepaged=1', 2, /cannot be set here/],
    ['simulate go-heap --set khugepaged/pages_to_scan', 2, /write FILE=VALUE/],
    ['simulate go-heap --set khugepaged/pages_to_scan=0', 2, /the kernel refuses it \(EINVAL\)/],
    [
      'simulate go-heap --calibration /no/such/file',
      5,
      /--calibration \/no\/such\/file: no such file; check the path/,
    ],
    ['simulate -p 4194305', 5, /no such process/],
  ])('%s', async (line, code, message) => {
    const run = await thpscope(words(line));
    expect(run.stderr).toMatch(message);
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
    expect([run.stdout, run.code]).toEqual(['', code]);
  });
});

test('running out of memory is part of the result', async () => {
  const limited = { ...BASE, processes: [{ ...BASE.processes[0], memoryMax: '4M' }] };
  const { stdout, code } = await thpscope(['simulate', file(limited)]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/out of memory +p could not touch heap at 0ns/);
});

test('mappings of 5M of a file or of shared memory have two huge pages each', async () => {
  const files = ['shared-anonymous', 'memfd', 'tmpfs', 'file'].map((kind) => ({
    name: kind,
    kind,
    size: '5M',
    ...(kind === 'tmpfs' ? { huge: 'always' } : {}),
  }));
  const mappings = files.map(({ name, size }) => ({ name, size, file: name }));
  const first = { at: '0s', process: 'p' };
  const reads = files.map(({ name: mapping }) => ({ ...first, do: 'read', mapping }));
  const scenario = (shmem: string) => ({
    version: 2,
    title: 'files whose size is no multiple of 2M',
    machine: { memory: '512M' },
    settings: { enabled: 'always', shmem_enabled: shmem, 'khugepaged/scan_sleep_millisecs': '100' },
    files,
    processes: [{ name: 'p', mappings: [{ name: 'heap', size: '4M' }, ...mappings] }],
    events: [
      { ...first, do: 'touch', mapping: 'heap' },
      ...reads,
      { at: '1s', do: 'set', file: 'shmem_enabled', value: 'always' },
    ],
    until: '10s',
  });
  const hugeAtEnd = async (shmem: string) => {
    const { stdout, stderr } = await thpscope(['simulate', file(scenario(shmem)), '--json']);
    expect(stderr).toBe('');
    return JSON.parse(stdout).samples.at(-1).cacheHugePages / 512;
  };
  expect(await hugeAtEnd('advise')).toBe(8);
  // What was mapped under never lies anywhere: the tmpfs and the file alone are huge.
  expect(await hugeAtEnd('never')).toBe(4);
});

test('before 6.18 a range that no PTE may write to is not collapsed', async () => {
  const heap = { process: 'p', mapping: 'heap' };
  const scenario = file({
    version: 2,
    title: 'a fork, and nobody writes afterwards',
    machine: { memory: '512M' },
    settings: { enabled: 'madvise', 'khugepaged/scan_sleep_millisecs': '100' },
    processes: [{ name: 'p', mappings: [{ name: 'heap', size: '4M', advice: 'nohugepage' }] }],
    events: [
      { at: '0s', do: 'touch', ...heap },
      { at: '1s', process: 'p', do: 'fork', child: 'c', does: [{ after: '1s', do: 'exit' }] },
      { at: '3s', do: 'advise', ...heap, advice: 'hugepage' },
      { at: '5s', do: 'touch', ...heap, from: '2M', bytes: '4K' },
    ],
    until: '6s',
  });
  const trace = async (kernel: string) => {
    const { stdout } = await thpscope(['simulate', scenario, '--kernel', kernel, '--trace']);
    const scans = stdout.split('\n').filter((line) => line.includes('mm_khugepaged_scan_pmd'));
    return scans.map((line) =>
      /(\d+)\.\d+: .*scan_pfn=\w+, (?:(writable=\d), )?.*status=(\w+)/.exec(line)?.slice(1),
    );
  };
  const refused = ['3', 'writable=0', 'no_writable_page'];
  const old = await trace('linux-6.6');
  expect(old.slice(0, 2)).toEqual([refused, refused]);
  expect(old.some((scan) => scan?.join() === '5,writable=1,succeeded')).toBe(true);
  expect(old.some((scan) => scan?.join() === '4,writable=0,succeeded')).toBe(false);
  expect((await trace('linux-6.18')).slice(0, 2)).toEqual([
    ['3', undefined, 'succeeded'],
    ['3', undefined, 'succeeded'],
  ]);
});
