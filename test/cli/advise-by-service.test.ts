import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectSchema } from '../support/schemas.ts';
import { writeServiceHost, writeSparseHost } from '../support/service-host.ts';
import { thpscope, words } from '../support/thpscope.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thpscope-services-'));
  await writeServiceHost(join(folder, 'host.parquet'), { kernelRelease: '7.3.0' });
  await writeServiceHost(join(folder, 'tight.parquet'), {
    kernelRelease: '7.3.0',
    groups: { '/system.slice/redis.service': { limitBytes: 80 * 2 ** 20, usedBytes: 72 * 2 ** 20 } },
  });
  await writeServiceHost(join(folder, 'rest.parquet'), {
    kernelRelease: '7.3.0',
    without: ['/system.slice/redis.service'],
  });
  await writeServiceHost(join(folder, 'old.parquet'), { kernelRelease: '6.6.30' });
  await writeSparseHost(join(folder, 'broken.parquet'), '/process_api/41');
  await writeSparseHost(join(folder, 'broken-service.parquet'), '/system.slice/sparse.service');
});
afterAll(() => rmSync(folder, { recursive: true }));

async function advise(file: string, flags = ''): Promise<string> {
  const { stdout, code } = await thpscope(words(`advise ${join(folder, file)} ${flags}`));
  expect(code).toBe(0);
  return stdout;
}

interface Plan {
  services: PlannedService[];
  dropIns: { path: string; unit: string; content: string }[];
  settings: { enabled: string };
  growthPages: number;
  restartGrowthPages: number;
  tlbEntries: number;
  keepsBudget: boolean;
  set: { path: string; value: string }[];
  advice: {
    memory: { residentPages: number };
    budget: { growthPages: number };
    advised: { outcome: PlannedService['outcome'] };
  };
}

interface PlannedService {
  name: string;
  kind: string;
  residentPages: number;
  tlbEntries: number;
  outcome: { now: Record<string, number>; restart: Record<string, number> };
  optOut: null | { memoryTHP: string; outcome: PlannedService['outcome'] };
}

async function planOf(file: string, flags = ''): Promise<Plan> {
  const advice = JSON.parse(await advise(file, `--by service --json ${flags}`));
  expectSchema('advise', advice);
  return { ...advice.plan, advice };
}

describe('a host with systemd, Docker, containerd, CRI-O and Kubernetes', () => {
  test('is told apart by services, which are all of its memory', async () => {
    const { services, advice } = await planOf('host.parquet');
    expect(services.map(({ name, kind }) => `${name} (${kind})`).sort()).toEqual([
      'build.service of users (user-unit)',
      'java in pods (pod)',
      'node in containers (container)',
      'postgresql@.service (unit)',
      'python3 in pods (pod)',
      'redis.service (unit)',
    ]);
    const pages = services.reduce((sum, { residentPages }) => sum + residentPages, 0);
    expect(pages).toBe(advice.memory.residentPages);
  });

  test('keeps its budget because Redis opts out, and the JVMs get their huge pages', async () => {
    const { services, dropIns, growthPages, restartGrowthPages, tlbEntries, advice, set } =
      await planOf('host.parquet');
    expect(services.flatMap(({ name, optOut }) => (optOut ? [`${name}: ${optOut.memoryTHP}`] : []))).toEqual([
      'redis.service: disable',
    ]);
    expect(Math.max(growthPages, restartGrowthPages)).toBeLessThanOrEqual(advice.budget.growthPages);
    const as = ({ outcome, optOut }: PlannedService) => (optOut?.outcome ?? outcome).now.tlbEntries;
    expect(services.reduce((sum, each) => sum + as(each), 0)).toBeCloseTo(tlbEntries);
    expect(tlbEntries).toBeLessThan(0.6 * advice.advised.outcome.now.tlbEntries);
    const java = services.find(({ name }) => name === 'java in pods');
    expect(java?.outcome.restart.tlbEntries).toBeLessThan(0.2 * (java?.tlbEntries ?? 0));
    expect(dropIns).toEqual([
      {
        path: '/etc/systemd/system/redis.service.d/50-thp.conf',
        unit: 'redis.service',
        content: '[Service]\nMemoryTHP=disable\n',
      },
    ]);
    expect(set).not.toEqual([]);
  });

  test('is advised for those that stay as if they were alone', async () => {
    const { settings, advice } = await planOf('host.parquet', '--max-growth 3%');
    const growth = `${4 * advice.budget.growthPages}K`;
    const { advised } = JSON.parse(await advise('rest.parquet', `--json --max-growth ${growth}`));
    expect(settings).toEqual(advised.settings);
  });

  test('is told what to do, in order, and the way back', async () => {
    const text = await advise('host.parquet', '--by service');
    expect(text).toMatch(/^ {2}Enable 2M for all memory \(always\).*\. redis\.service opts out\.$/m);
    expect(text).toMatch(
      /redis\.service would grow by up to \S+ \(its part of the budget is \S+\) for [\d,]+ fewer TLB/,
    );
    expect(text).toContain('Without exceptions: Leave the settings as they are.');
    const [first, then, back] = ['First, as root, who opts out', 'Then the settings:', 'To go back:'].map(
      (title) => text.indexOf(title),
    );
    expect(0 < first && first < then && then < back).toBe(true);
    expect(text).toContain('MemoryTHP= needs systemd 260; what runs there is not known');
    expect(text.slice(first, then)).toContain('systemctl try-restart redis.service');
    expect(text.slice(back)).toContain('rm /etc/systemd/system/redis.service.d/50-thp.conf');
    expect(text).toContain('Redis, Valkey: `disable-thp yes`');
  });

  test('is the example: thpscope digest HOST -o examples/services.digest.json', async () => {
    const written = join(folder, 'host.digest.json');
    expect((await thpscope(['digest', join(folder, 'host.parquet'), '-o', written])).code).toBe(0);
    expect(readFileSync('examples/services.digest.json', 'utf8')).toBe(readFileSync(written, 'utf8'));
  });

  test('has no exception where the budget is large enough', async () => {
    const { services, dropIns } = await planOf('host.parquet', '--max-growth none');
    expect(services.filter(({ optOut }) => optOut)).toEqual([]);
    expect(dropIns).toEqual([]);
  });

  test('measures settings asked about against those in force', async () => {
    const text = await advise('host.parquet', '--by service --policy default');
    expect(text).toMatch(/redis\.service opts out\.\n {2}The settings asked about .* break this budget/);
    expect(text).toMatch(/^ +in force +asked about +advised$/m);
    const { keepsBudget, growthPages, advice } = await planOf('host.parquet', '--policy default');
    expect(keepsBudget).toBe(true);
    expect(growthPages).toBeLessThanOrEqual(advice.budget.growthPages);
  });

  test('by process has no plan', async () => {
    const advice = JSON.parse(await advise('host.parquet', '--json'));
    expectSchema('advise', advice);
    expect([advice.plan, advice.measured]).toEqual([null, null]);
  });

  test('whose control group leaves Redis no room says so', async () => {
    expect(await advise('tight.parquet', '--by service')).toMatch(
      /redis\.service would grow by up to \S+ \(its control groups have no room for it\)/,
    );
  });

  test('under Linux 6.6 has the PMD size alone, and MemoryTHP=disable', async () => {
    const { services, settings } = await planOf('old.parquet');
    expect(settings.enabled).toBe('always');
    expect(services.flatMap(({ optOut }) => (optOut ? [optOut.memoryTHP] : []))).toEqual(['disable']);
  });
});

describe('settings in force that break the budget', () => {
  test('and a group that no drop-in reaches: both are said, and the budget is not said to hold', async () => {
    const text = await advise('broken.parquet', '--by service');
    expect(text).toContain('Leave the settings as they are.');
    expect(text).toMatch(/The settings in force break this budget: khugepaged may fill \S+ \(\+\d+\.\d%\)\./);
    expect(text).toContain('a budget takes nothing away: they stay. Nor do exceptions keep it.');
    expect(text).toMatch(/^ {2}\/process_api\/41 grows by .*: no drop-in of systemd reaches it\.$/m);
    expect(text).not.toContain('holds all the same');
    expect(text).toMatch(/^ {2}in force: enabled madvise/m);
    expect(text).toMatch(/^ {2}growth by khugepaged +\S+ \(\+/m);
    const { keepsBudget, set } = await planOf('broken.parquet');
    expect([keepsBudget, set]).toEqual([false, []]);
  });

  test('and a service that may opt out: it does, and the settings stay', async () => {
    const text = await advise('broken-service.parquet', '--by service');
    expect(text).toContain('Leave the settings as they are. sparse.service opts out.');
    expect(text).toContain(
      'Without exceptions: Leave the settings as they are. That breaks the budget, and needs',
    );
  });
});

describe('drop-ins of systemd', () => {
  test('are those of JSON, below their paths, and all else is a comment', async () => {
    const { dropIns } = await planOf('host.parquet');
    const lines = (await advise('host.parquet', '--by service --format systemd')).split('\n');
    const content = lines.filter((line) => !line.startsWith('#') && line !== '');
    expect(`${content.join('\n')}\n`).toBe(dropIns[0].content);
    expect(lines[lines.indexOf(content[0]) - 1]).toBe(`# ${dropIns[0].path}`);
  });

  const verify = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
  test.skipIf(verify.status !== 0)(
    'are read by systemd; one that is too old says what it ignores',
    async () => {
      const path = join(folder, 'redis.service.d/50-thp.conf');
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(join(folder, 'redis.service'), '[Service]\nExecStart=/bin/true\n');
      writeFileSync(path, await advise('host.parquet', '--by service --format systemd'));
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', join(folder, 'redis.service')], {
        encoding: 'utf8',
        env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
      });
      expect(status).toBe(0);
      const isOld = Number(/^systemd (\d+)/.exec(verify.stdout)?.[1]) < 260;
      const complaints = stderr.split('\n').filter((line) => line.includes('50-thp.conf'));
      expect(complaints.length).toBe(isOld ? 1 : 0);
      if (isOld) expect(complaints[0]).toMatch(/Unknown key.*MemoryTHP.*ignoring/);
    },
  );

  test('are of services: without them the form is refused', async () => {
    const { stderr, code } = await thpscope(words(`advise ${join(folder, 'host.parquet')} --format systemd`));
    expect(stderr).toContain('add --by service');
    expect(code).toBe(2);
  });

  test('are named by the other forms, which write the settings of the plan', async () => {
    const script = await advise('host.parquet', '--by service --format sh');
    const { set } = await planOf('host.parquet');
    expect(script).toContain('First who opts out (--format systemd): /etc/systemd/system/redis.service.d');
    for (const { path, value } of set) expect(script).toContain(`\necho ${value} > ${path}\n`);
  });

  test('are asked for by the script before it writes', async () => {
    const script = await advise('host.parquet', '--by service --format sh');
    const root = mkdtempSync(join(folder, 'root-'));
    const size = join(root, 'sys/kernel/mm/transparent_hugepage/hugepages-2048kB/enabled');
    const put = (path: string, text: string) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text, { mode: 0o755 });
    };
    const systemctl = (version: number) =>
      put(
        'bin/systemctl',
        `#!/bin/sh\n[ "$1" = --version ] && echo "systemd ${version} (${version})" || echo 7\n`,
      );
    const run = () =>
      spawnSync('sh', {
        input: script.replaceAll(/([ "])\/(sys|etc|proc)\//g, `$1${root}/$2/`),
        encoding: 'utf8',
        env: { ...process.env, PATH: `${join(root, 'bin')}:${process.env.PATH}` },
      });
    const refused = (sentence: string) => {
      expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining(sentence) });
      expect(readFileSync(size, 'utf8')).toBe('inherit');
    };
    put('sys/kernel/mm/transparent_hugepage/hugepages-2048kB/enabled', 'inherit');
    systemctl(255);
    refused('MemoryTHP= needs systemd 260');
    systemctl(260);
    refused('redis.service has no drop-in with MemoryTHP=disable');
    put('etc/systemd/system/redis.service.d/any.conf', '[Service]\nMemoryTHP=disable\n');
    put('proc/7/status', 'THP_enabled:\t1\n');
    refused('redis.service runs without its drop-in; restart it');
    put('proc/7/status', 'THP_enabled:\t0\n');
    expect(run()).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(size, 'utf8')).toBe('always\n');
  });

  test.each(['tmpfiles', 'cmdline'])('are what %s waits for, all in comments', async (format) => {
    const lines = (await advise('host.parquet', `--by service --format ${format}`)).trimEnd().split('\n');
    expect(lines.filter((line) => !line.startsWith('#'))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('#! ')).length).toBeGreaterThan(0);
    expect(lines.join('\n')).toContain('once those services have opted out');
  });
});

describe('page walks', () => {
  test('that cannot be counted here are named with the reason, and the advice stands', async () => {
    const { stdout, code } = await thpscope(words(`advise -p ${process.pid} --measure 5ms`));
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Page walks: (not available here: .+|under way in .+|\S+ in a thousand cycles.+)\.$/m,
    );
    const json = await thpscope(words(`advise -p ${process.pid} --measure 5ms --json`));
    const advice = JSON.parse(json.stdout);
    expectSchema('advise', advice);
    expect(advice.measured.seconds).toBe(0.005);
  });

  test.each([
    ['examples/redis.parquet --measure 1s', /processes that run/],
    [`-p ${process.pid} --measure soon`, /such as 10s/],
    [`-p ${process.pid} --measure 2h`, /to 1h/],
  ])('are refused where they cannot be meant: %s', async (flags, message) => {
    const { stderr, code } = await thpscope(words(`advise ${flags}`));
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
