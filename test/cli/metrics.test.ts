import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { PROGRAM, SCRIPT } from '../support/built-command.ts';
import { parseExposition, type Series } from '../support/exposition.ts';
import { kernelTree, machineFiles } from '../support/kernel-tree.ts';
import { expectSchema } from '../support/schemas.ts';
import { type Serving, startServing } from '../support/serving.ts';
import { spawnThpscope, thpscope, words } from '../support/thpscope.ts';

const REDIS = 'examples/redis.parquet';
const SERVICES = 'examples/services.digest.json';
const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = () => join(folder, `${files++}.prom`);

/** The series that a successful run prints. */
async function metricsOf(...args: string[]): Promise<Series[]> {
  const { stdout, stderr, code } = await thpscope(['metrics', ...args]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return parseExposition(stdout);
}

function valueOf(series: readonly Series[], name: string, labels: Series['labels'] = {}): number {
  const found = series.filter((each) => {
    const same = Object.entries(labels).every(([label, value]) => each.labels[label] === value);
    return each.name === `thpscope_${name}` && same;
  });
  expect(found, `${name} ${JSON.stringify(labels)}`).toHaveLength(1);
  return found[0].value;
}

async function predicted(...args: string[]) {
  const { stdout } = await thpscope(['predict', ...args, '--json']);
  return JSON.parse(stdout).totals;
}

describe('values', () => {
  test('are what predict says of the kernel’s defaults', async () => {
    const metrics = await metricsOf(REDIS);
    const totals = await predicted(REDIS, '--policy', 'default');
    const policy = { policy: 'default' };
    expect(valueOf(metrics, 'predicted_collapse_bytes', policy)).toBe(totals.collapses['9'] * 2 ** 21);
    expect(valueOf(metrics, 'predicted_growth_bytes', policy)).toBe(totals.filledPages * 4096);
    expect(valueOf(metrics, 'restart_growth_bytes', policy)).toBeGreaterThan(200 * 2 ** 20);
    expect(valueOf(metrics, 'predicted_growth_bytes', { policy: 'current' })).toBe(0);
    expect(valueOf(metrics, 'read_timestamp_seconds')).toBeLessThan(Date.now() / 1000 - 3600);
  });

  test('are what predict says of a file of settings, which is named after it', async () => {
    const file = join(folder, 'small sizes.json');
    writeFileSync(file, JSON.stringify({ sizes: { '16K': 'always', '64K': 'always' }, maxPtesNone: 0 }));
    const asked = [REDIS, '--policy', file, '--kernel', 'linux-7.3'];
    const metrics = await metricsOf(...asked);
    const totals = await predicted(...asked);
    const bytes = (size: string) =>
      valueOf(metrics, 'predicted_collapse_bytes', { policy: 'small sizes', size });
    expect(totals.collapses['2']).toBeGreaterThan(0);
    expect(bytes('16K')).toBe(totals.collapses['2'] * 2 ** 14);
    expect(bytes('64K')).toBe(totals.collapses['4'] * 2 ** 16);
    expect(metrics.some(({ labels }) => labels.policy === 'current')).toBe(false);
  });

  test('of services are those of advise, and other adds up the rest', async () => {
    const metrics = await metricsOf(SERVICES, '--services', '2');
    const { stdout } = await thpscope(['advise', SERVICES, '--by', 'service', '--json']);
    const services = JSON.parse(stdout).plan.services as { name: string; residentPages: number }[];
    const of = (service: string) => valueOf(metrics, 'service_anonymous_bytes', { service });
    const bySize = [...services].sort((a, b) => b.residentPages - a.residentPages);
    for (const { name, residentPages } of bySize.slice(0, 2)) expect(of(name)).toBe(residentPages * 4096);
    const rest = bySize.slice(2).reduce((pages, { residentPages }) => pages + residentPages, 0);
    expect(of('other')).toBe(rest * 4096);
    expect(rest).toBeGreaterThan(0);
  });

  test('of several recordings are as old as the oldest', async () => {
    const programs = ['java', 'node', 'python'].map((name) => `examples/programs/${name}.parquet`);
    const at = async (...args: string[]) => valueOf(await metricsOf(...args), 'read_timestamp_seconds');
    const times = [await at(programs[0]), await at(programs[1]), await at(programs[2])];
    expect(new Set(times).size).toBe(3);
    const together = (await thpscope(['metrics', ...programs])).stdout;
    expect(valueOf(parseExposition(together), 'read_timestamp_seconds')).toBe(Math.min(...times));
  });

  test('are fewer than 60 series for a host', async () => {
    const metrics = await metricsOf(SERVICES);
    expect(metrics.length).toBeGreaterThan(50);
    expect(metrics.length).toBeLessThan(60);
  });

  test('of a machine without processes are zeros', async () => {
    const tree = kernelTree(machineFiles(geometryOfPmdOrder(9)));
    const { stdout, code } = await thpscope(['metrics', '--all'], '', { kernelRoot: tree.root });
    expect(code).toBe(0);
    const metrics = parseExposition(stdout);
    expect(valueOf(metrics, 'processes', { state: 'read' })).toBe(0);
    expect(valueOf(metrics, 'resident_bytes', { kind: 'anonymous' })).toBe(0);
    expect(valueOf(metrics, 'predicted_growth_bytes', { policy: 'default' })).toBe(0);
    expect(valueOf(metrics, 'service_anonymous_bytes')).toBe(0);
  });

  test('leave out current where it is not known', async () => {
    const { geometry: _, ...host } = JSON.parse(readFileSync(SERVICES, 'utf8')).host;
    expect(host.settings).toBeTruthy();
    const none = machineFiles(geometryOfPmdOrder(9));
    const withoutThp = Object.fromEntries(
      Object.entries(none).filter(([path]) => !path.startsWith('sys/kernel/mm/transparent_hugepage')),
    );
    const { root } = kernelTree(withoutThp);
    const { stdout, code } = await thpscope(['metrics', '--all'], '', { kernelRoot: root });
    expect(code).toBe(0);
    const names = new Set(parseExposition(stdout).map(({ labels }) => labels.policy));
    expect([...names].filter((name) => name !== undefined).sort()).toEqual(['default', 'mthp']);
    expect(stdout).not.toContain('thpscope_settings_info');
    const asked = await thpscope(['metrics', '--all', '--policy', 'current'], '', { kernelRoot: root });
    expect([asked.code, asked.stdout]).toEqual([2, '']);
    expect(asked.stderr).toMatch(/settings in force are not known/);
  });
});

test('standard input and output stand for files', async () => {
  const untimed = (text: string) => text.replace(/^thpscope_read_duration_seconds .*$/m, '');
  const { stdout } = await thpscope(['metrics', SERVICES]);
  const piped = await thpscope(['metrics', '-', '-o', '-'], readFileSync(SERVICES, 'utf8'));
  expect(piped.stderr).toMatch(/^thpscope: wrote to standard output: \d+ series, /);
  expect(untimed(piped.stdout)).toBe(untimed(stdout.replace(SERVICES, 'standard input')));
  const policy = ['metrics', SERVICES, '--policy', '-'];
  const settings = await thpscope(policy, '{"sizes":{"64K":"always"}}');
  expect(settings.stdout).toContain('thpscope_restart_huge_bytes{policy="standard input",size="64K"} ');
});

test('docs/metrics.md lists every metric with its labels, and no other', async () => {
  const page = readFileSync('docs/metrics.md', 'utf8');
  const listed = new Map(
    [...page.matchAll(/^\| `(thpscope_\w+)` \| ([^|]*)\|/gm)].map(([, name, cell]) => {
      // What follows a label and a colon are its values.
      const labels = cell.split(';').flatMap((part) => part.replace(/:.*$/, '').match(/\w+/g) ?? []);
      return [name, labels];
    }),
  );
  const live = await thpscope(['metrics', '-p', String(process.pid)]);
  const metrics = [
    ...(await metricsOf(SERVICES)),
    ...(await metricsOf(REDIS)),
    ...parseExposition(live.stdout),
  ];
  expect([...listed.keys()].sort()).toEqual([...new Set(metrics.map(({ name }) => name))].sort());
  for (const { name, labels } of metrics) expect(listed.get(name), name).toEqual(Object.keys(labels));
});

const HAS_SYSTEMD = spawnSync('systemd-analyze', ['--version']).status === 0;
test.runIf(HAS_SYSTEMD)(
  'systemd takes the units of docs/metrics.md, and thpscope their command',
  async () => {
    const page = readFileSync('docs/metrics.md', 'utf8');
    const units = [...page.matchAll(/^```ini\n# \/etc\/systemd\/system\/(\S+)\n([\s\S]*?)^```$/gm)];
    const home = join(folder, 'units');
    mkdirSync(home);
    for (const [, name, unit] of units) writeFileSync(join(home, name), unit);
    expect(readdirSync(home)).toEqual(['thpscope-metrics.service', 'thpscope-metrics.timer']);
    for (const [, name] of units) {
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', join(home, name)], {
        encoding: 'utf8',
      });
      expect([name, status, stderr.includes(name)]).toEqual([name, 0, false]);
    }
    const [, line] = /^ExecStart=\/usr\/bin\/env thpscope (.*)$/m.exec(page) ?? [];
    const args = words(line.replace('--all', REDIS).replace(/\/var\S+(?=\/)/, folder));
    expect((await thpscope(args)).code).toBe(0);
  },
);

describe('--json', () => {
  test('has the same series', async () => {
    const { stdout } = await thpscope(['metrics', REDIS, '--json']);
    const answer = JSON.parse(stdout);
    expectSchema('metrics', answer);
    const series = answer.metrics.flatMap(
      ({ name, samples }: { name: string; samples: { labels: Series['labels']; value: number }[] }) =>
        samples.map((sample) => ({ name, ...sample })),
    );
    const withoutTime = (all: readonly Series[]) =>
      all.filter(({ name }) => name !== 'thpscope_read_duration_seconds');
    expect(withoutTime(series)).toEqual(withoutTime(await metricsOf(REDIS)));
  });

  test('says what was written', async () => {
    const file = newFile();
    const { stdout, stderr } = await thpscope(['metrics', REDIS, '-o', file, '--json']);
    const answer = JSON.parse(stdout);
    expectSchema('metrics', answer);
    expect(answer).toMatchObject({ file, bytes: statSync(file).size });
    expect(stderr).toBe('');
  });
});

describe('a file', () => {
  test('is for everybody to read, and replaced whole', async () => {
    const file = newFile();
    writeFileSync(file, 'old', { mode: 0o644 });
    const { stdout, stderr, code } = await thpscope(['metrics', REDIS, '-o', file]);
    const series = parseExposition(readFileSync(file, 'utf8'));
    expect([stdout, code]).toEqual(['', 0]);
    expect(stderr).toMatch(new RegExp(`^thpscope: wrote ${file}: ${series.length} series, [\\d.]+K\\n$`));
    const mask = process.umask();
    rmSync(file);
    await thpscope(['metrics', REDIS, '-o', file]);
    expect(statSync(file).mode & 0o777).toBe(0o666 & ~mask);
  });

  test('stays as it was where reading fails', async () => {
    const file = newFile();
    writeFileSync(file, 'old');
    const { code, stderr } = await thpscope(['metrics', '-p', '4194305', '-o', file]);
    expect([code, readFileSync(file, 'utf8')]).toEqual([5, 'old']);
    expect(stderr).toMatch(/no such process/);
  });

  test('that is an input is not overwritten', async () => {
    const { code, stderr } = await thpscope(['metrics', REDIS, '-o', REDIS]);
    expect([code, stderr]).toEqual([2, `thpscope: ${REDIS}: is an input; choose another name\n`]);
  });

  test.runIf(process.getuid?.() === 0)('that this user may not write is told', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o755 });
    chmodSync(folder, 0o755);
    const run = await spawnThpscope(['metrics', REDIS, '-o', join(closed, 'x.prom')], '', {
      uid: 65534,
      gid: 65534,
    });
    expect(run.code).toBe(3);
    expect(run.stderr).toMatch(/may not create files in .*closed; write elsewhere/);
    expect(readdirSync(closed)).toEqual([]);
  });
});

describe('--every', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  test('writes again and again, tells failures and goes on, until a signal', async () => {
    const home = join(folder, 'every');
    mkdirSync(home);
    const file = join(home, 'x.prom');
    child = spawn(PROGRAM, [...SCRIPT, 'metrics', REDIS, '-o', file, '--every', '1s'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text));
    const textIn = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
    await expect.poll(() => stderr, { timeout: 30_000 }).toMatch(/ series, .*, and again every 1s\n$/);
    const first = textIn();
    parseExposition(first);
    // How long reading took differs.
    await expect.poll(textIn, { timeout: 30_000 }).not.toBe(first);
    renameSync(home, `${home}-away`);
    await expect.poll(() => stderr, { timeout: 30_000 }).toMatch(/no directory .*; trying again in 1s\n/);
    renameSync(`${home}-away`, home);
    const last = textIn();
    await expect.poll(textIn, { timeout: 30_000 }).not.toBe(last);
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    expect(readdirSync(home)).toEqual(['x.prom']);
  });
});

describe.runIf(process.platform === 'linux')('--listen', () => {
  let serving: Serving | undefined;
  let running: ChildProcess | undefined;
  afterEach(async () => {
    running?.kill('SIGKILL');
    await serving?.stop();
    serving = running = undefined;
  });
  const listen = async (...args: string[]) => {
    serving = await startServing([...args, '--listen', '127.0.0.1:0'], {}, 'metrics');
    return serving;
  };

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'serves what is printed, and ends with 0 by %s',
    async (signal) => {
      const { line, page, stop } = await listen(REDIS);
      expect(line).toBe(`thpscope metrics are at ${page}`);
      const answer = await fetch(page);
      const untimed = (text: string) => text.replace(/^thpscope_read_duration_seconds .*$/m, '');
      const { stdout } = await thpscope(['metrics', REDIS]);
      expect(untimed(await answer.text())).toBe(untimed(stdout));
      expect(await stop(signal)).toBe(0);
    },
  );

  test('reads anew as often as it is asked to, and no more', async () => {
    running = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'], { stdio: 'ignore' });
    const at = async (page: string) =>
      valueOf(parseExposition(await (await fetch(page)).text()), 'read_timestamp_seconds');
    const lazy = await listen('-p', String(running.pid), '--refresh', '86400');
    expect(await at(lazy.page)).toBe(await at(lazy.page));
    await lazy.stop();
    const eager = await listen('-p', String(running.pid), '--refresh', '0');
    expect(await at(eager.page)).toBeLessThan(await at(eager.page));
  });

  test('says 503 and why once the process has ended', async () => {
    running = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'], { stdio: 'ignore' });
    const { page } = await listen('-p', String(running.pid), '--refresh', '0');
    expect((await fetch(page)).status).toBe(200);
    running.kill('SIGKILL');
    await once(running, 'exit');
    const answer = await fetch(page);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toMatch(new RegExp(`^thpscope: process ${running.pid}: no such process`));
  });

  test('says in JSON where it is', async () => {
    const { line } = await listen(REDIS, '--json');
    expectSchema('metrics', JSON.parse(line));
  });

  test('a port that is in use is told', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const run = await thpscope(['metrics', REDIS, '--listen', String(port)]);
    other.close();
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toMatch(/is in use; choose another port for --listen/);
  });
});

test.each([
  [[], 2, /no memory given/],
  [['--listen', '127.0.0.1:0'], 2, /no memory given/],
  [[REDIS, '--listen', '0.0.0.0:9977'], 2, /write 127\.0\.0\.1:PORT; for a Prometheus on another machine/],
  [[REDIS, '--listen', ':9977'], 2, /write 127\.0\.0\.1:PORT/],
  [[REDIS, '--listen', '127.0.0.1:65536'], 2, /write 127\.0\.0\.1:PORT/],
  [[REDIS, '--listen', '0', '--refresh', '86401'], 2, /give 0 to 86400 seconds/],
  [[REDIS, '--listen', '0', '-o', 'x.prom'], 2, /cannot be combined with -o/],
  [[REDIS, '--listen', '0', '--every', '1m'], 2, /cannot be combined with -o and --every/],
  [[REDIS, '--every', '1m'], 2, /--every goes with -o/],
  [[REDIS, '-o', '-', '--every', '1m'], 2, /--every goes with -o FILE/],
  [['-', '--policy', '-'], 2, /standard input can be read once/],
  [[REDIS, '-o', 'x.prom', '--every', '1m', '--json'], 2, /--json goes with one reading/],
  [[REDIS, '-o', 'x.prom', '--every', '0.5s'], 2, /write how often, from 1s to 23d/],
  [[REDIS, '-o', 'x.prom', '--every', '5'], 2, /write how often/],
  [[REDIS, '--policy', 'mthp', '--policy', 'mthp'], 2, /there are two policies 'mthp'/],
  [[REDIS, '--policy', 'always'], 5, /always, neither/],
  [[REDIS, '--services', 'all'], 2, /'all' is not a whole number/],
  [[REDIS, '-o', '/no/such/folder/x.prom'], 2, /no directory \/no\/such\/folder; create it first/],
  [['/no/such/file'], 5, /no such file/],
] as const)('%j is refused', async (args, code, message) => {
  const run = await thpscope(['metrics', ...args]);
  expect(run.stderr).toMatch(message);
  expect([run.code, run.stdout]).toEqual([code, '']);
});
