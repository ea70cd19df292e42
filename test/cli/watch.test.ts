import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { SYSTEM_CLOCK } from '../../src/linux/reading-clock.ts';
import { buildOccupant, type Occupant, startOccupant } from '../linux/occupant/occupant.ts';
import { kernelTree, machineFiles, PRESENT, processFiles } from '../support/kernel-tree.ts';
import { expectSchema } from '../support/schemas.ts';
import { spawnThpscope, thpscope, words } from '../support/thpscope.ts';

const THP = 'sys/kernel/mm/transparent_hugepage';
const START = 0x7f00_0000_0000;

/** A machine with a process of 20 pages, whose files a test may write. */
function machine(enabled = '[always] madvise never\n'): string {
  const vma = {
    start: START,
    end: START + 4 * 2 ** 21,
    sums: { Rss: 80, Referenced: 80 },
  };
  const pages = new Map(Array.from({ length: 20 }, (_, i) => [START / 4096 + i, PRESENT] as const));
  return kernelTree({
    ...machineFiles(x86_64, {
      [`${THP}/enabled`]: enabled,
      'proc/vmstat': 'nr_free_pages 9\nthp_fault_alloc 5\nthp_split_pmd 1\n',
      [`${THP}/khugepaged/full_scans`]: '7\n',
      [`${THP}/khugepaged/pages_collapsed`]: '3\n',
      [`${THP}/khugepaged/pages_to_scan`]: '4096\n',
      [`${THP}/khugepaged/scan_sleep_millisecs`]: '10000\n',
      [`${THP}/khugepaged/alloc_sleep_millisecs`]: '60000\n',
      [`${THP}/khugepaged/defrag`]: '1\n',
      'proc/2/comm': 'kthreadd\n',
      'proc/38/comm': 'khugepaged\n',
      'proc/38/cmdline': '',
      ...processFiles(7, { vmas: [vma], pages, files: { comm: 'cat\n' } }),
    }),
  }).root;
}

/** Watches; `begun` comes once the counters of the start have been read. */
function watchMachine(root: string, line: string) {
  let begin = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const cpuNs = () => {
    begin();
    return SYSTEM_CLOCK.cpuNs();
  };
  const run = thpscope(words(`watch ${line}`), '', {
    kernelRoot: root,
    clock: { ...SYSTEM_CLOCK, cpuNs },
  });
  return { begun, run };
}

/** What tests look at of a line of --json. */
interface ToldLine {
  readonly kind: string;
  readonly counters: { readonly interval: Record<string, number> };
  readonly changedSettings: readonly object[];
  readonly ended?: readonly { pid: number; command: string }[];
  readonly timed: object | null;
  readonly trace: {
    readonly sinceStart: {
      readonly refused: object;
      readonly attempts: readonly { order: number; succeeded: number; failed: object }[];
    };
    readonly lost: readonly { events: number }[];
    readonly processes: readonly {
      pid: number | null;
      command: string;
      scanned: number;
      collapsed: number;
    }[];
  };
  readonly foretold: {
    readonly predicted: { windows: number };
    readonly happened: { windows: number };
    readonly missed: { waiting: { windows: number } };
  };
}

const lines = (stdout: string): ToldLine[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('counters, for anybody', () => {
  test('what moves is told in each interval and since the start; settings that change too', async () => {
    const root = machine();
    const { begun, run } = watchMachine(root, '-p 7 --every 200ms --for 1s --json');
    await begun;
    writeFileSync(join(root, 'proc/vmstat'), 'nr_free_pages 9\nthp_fault_alloc 9\nthp_split_pmd 1\n');
    writeFileSync(join(root, THP, 'khugepaged/full_scans'), '8\n');
    writeFileSync(join(root, THP, 'khugepaged/scan_sleep_millisecs'), '500\n');
    writeFileSync(join(root, THP, 'enabled'), 'always [madvise] never\n');
    const { stdout, stderr, code } = await run;
    expect(code).toBe(0);
    expect(stderr).toContain('counters only, no trace events: this kernel cannot trace');
    const [start, ...reports] = lines(stdout);
    for (const line of [start, ...reports]) expectSchema('watch', line);
    expect(start).toMatchObject({ kind: 'start', traced: null, predicted: { model: 'linux-6.18' } });
    const end = reports.at(-1);
    expect(end).toMatchObject({
      kind: 'end',
      counters: { sinceStart: { 'vmstat/thp_fault_alloc': 4, 'khugepaged/full_scans': 1 } },
      khugepaged: { state: 'runs', rounds: 1, scanSleepMs: 500, watchedRoundMs: 500, roundMs: null },
      settings: { enabled: 'madvise' },
      trace: null,
      foretold: { predicted: { windows: 1, pages: 512 }, missed: { unseen: { windows: 1 } } },
    });
    const moved = reports.flatMap(({ counters }) => counters.interval['vmstat/thp_fault_alloc'] ?? []);
    expect(moved.reduce((sum, each) => sum + each, 0)).toBe(4);
    expect(reports.flatMap(({ changedSettings }) => changedSettings)).toEqual(
      expect.arrayContaining([
        { file: 'enabled', before: 'always', after: 'madvise' },
        { file: 'khugepaged/scan_sleep_millisecs', before: '10000', after: '500' },
      ]),
    );
  });

  test('lines are for what happened, and the whole comes at the end', async () => {
    const root = machine();
    const { begun, run } = watchMachine(root, '-p 7 --every 200ms --for 700ms');
    await begun;
    writeFileSync(join(root, 'proc/vmstat'), 'thp_fault_alloc 9\nthp_split_pmd 2\n');
    const { stdout, code } = await run;
    expect(code).toBe(0);
    const [title, ...told] = stdout.split('\n');
    expect(title).toBe('thpscope watch -p 7: recorded, Linux 6.18.44; every 200ms');
    expect(told.filter((line) => /^\d\d:\d\d:\d\d /.test(line))).toEqual([
      expect.stringMatching(/^\S+ 4 of 2M by page faults$/),
    ]);
    expect(stdout).toContain('predicted     2M in 1 collapse');
    expect(stdout).toContain('otherwise     2M its folios cannot be seen');
    expect(stdout).toContain('counters of the whole machine, whoever did it');
    expect(stdout).toContain('  vmstat/thp_split_pmd 1');
    expect(stdout).toContain('the memory watched takes at most 10s of one by the pace');
  });

  test('memory that khugepaged does not scan under the settings in force is no part of its rounds', async () => {
    const root = machine('always [madvise] never\n');
    // What is predicted may be of other settings: khugepaged goes by those in force.
    const { run } = watchMachine(root, '-p 7 --enabled always --every 100ms --for 200ms');
    const { stdout } = await run;
    expect(stdout).toContain('under the settings in force it scans nothing of the memory watched');
  });

  test('a process that ends while it is watched is told, and ends it', async () => {
    const process = spawn('sleep', ['600']);
    const watching = spawn(globalThis.process.execPath, [
      ...words('dist/cli/main.js watch --every 100ms --json -p'),
      String(process.pid),
    ]);
    const told: ToldLine[] = [];
    const input = createInterface(watching.stdout).on('line', (line) => told.push(JSON.parse(line)));
    await once(input, 'line');
    process.kill();
    const [code] = await once(watching, 'close');
    expect(code).toBe(0);
    for (const line of told) expectSchema('watch', line);
    expect(told.flatMap(({ ended = [] }) => ended)).toEqual([{ pid: process.pid, command: 'sleep' }]);
    expect(told.at(-1)).toMatchObject({ kind: 'end', foretold: { happened: { windows: 0 } } });
  });

  test('while no size is enabled khugepaged does not run', async () => {
    const root = machine();
    rmSync(join(root, 'proc/38'), { recursive: true });
    const { stdout } = await thpscope(words('watch -p 7 --for 100ms'), '', { kernelRoot: root });
    expect(stdout).toContain('does not run: no size is enabled');
  });

  test.each([
    ['', 2, 'no memory given'],
    ['-p 7 --all', 2, 'cannot be combined'],
    ['-p 7 --every 5ms', 2, '--every 5ms: write a time'],
    ['-p 7 --for soon', 2, '--for soon: write a time'],
    ['-p 7 --max-ptes-none 600', 2, '600'],
    ['-p 999', 5, 'no such process'],
    ['-p 7 --calibrate /tmp/x.json', 4, 'this kernel cannot trace'],
  ])('%s is refused', async (line, exit, said) => {
    const { stdout, stderr, code } = await thpscope(words(`watch ${line}`), '', { kernelRoot: machine() });
    expect(stderr).toContain(said);
    expect({ stdout, code }).toEqual({ stdout: '', code: exit });
  });

  test.runIf(process.geteuid?.() === 0)('a user who may not trace is told so', async () => {
    const { stdout, stderr, code } = await spawnThpscope(words('watch --all --for 300ms'), '', {
      uid: 65534,
      gid: 65534,
    });
    expect(stderr).toMatch(/counters only, no trace events: .*(run as root|is not mounted|cannot trace)/);
    expect(stdout).toContain('nothing is traced here');
    expect(code).toBe(0);
  });
});

/** tracefs in a mount namespace of its own: that of the machine stays as it is. */
const WITH_TRACEFS = ['-m', 'sh', '-c', 'mount -t tracefs tracefs /sys/kernel/tracing && exec "$@"', 'sh'];
const mayTrace = process.geteuid?.() === 0 && spawnSync('unshare', [...WITH_TRACEFS, 'true']).status === 0;
const occupants = mayTrace && buildOccupant() !== undefined;
if (!occupants)
  console.warn('watch is not tested with trace events: that needs root, tracefs and a C compiler');

describe.runIf(occupants)('trace events of this machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-watch-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const running: { occupant?: Occupant; child?: ChildProcessWithoutNullStreams } = {};
  afterEach(async () => {
    running.child?.kill('SIGKILL');
    await running.occupant?.stop();
  });

  /** Starts watching, and waits until it does. */
  async function watch(line: string) {
    const child = spawn('unshare', [
      ...WITH_TRACEFS,
      process.execPath,
      'dist/cli/main.js',
      'watch',
      ...words(line),
    ]);
    running.child = child;
    const input = createInterface(child.stdout);
    const told: ToldLine[] = [];
    input.on('line', (text) => told.push(JSON.parse(text)));
    await once(input, 'line');
    const ended = once(child, 'close');
    return {
      child,
      told,
      end: async (signal: NodeJS.Signals) => {
        child.kill(signal);
        const [code] = await ended;
        return code as number | null;
      },
    };
  }

  /** Instances of the watching process; `unshare` and `sh` have become it. */
  function instancesOf({ pid }: ChildProcessWithoutNullStreams): string[] {
    const { stdout } = spawnSync('unshare', [...WITH_TRACEFS, 'ls', '/sys/kernel/tracing/instances'], {
      encoding: 'utf8',
    });
    return stdout.split('\n').filter((name) => name.startsWith(`thpscope-${pid}-`));
  }

  /** An occupant with ranges that collapse when asked to. */
  async function occupy(ranges: number): Promise<{ occupant: Occupant; address: number }> {
    const occupant = await startOccupant();
    running.occupant = occupant;
    const address = await occupant.map(`map ${ranges} hugepage`);
    await occupant.must(`touch ${address} 0-${512 * ranges - 1}:100/512`);
    return { occupant, address };
  }

  test('collapses have their size, result and process, and come true', async () => {
    const { occupant, address } = await occupy(5);
    const RANGE = 2 ** 21;
    await occupant.must(`pin ${address + 4 * RANGE} 3`);
    const watching = await watch(`-p ${occupant.pid} --every 200ms --json --max-ptes-none 511`);
    await occupant.must(`collapse ${address} ${3 * RANGE}`);
    expect((await occupant.command(`collapse ${address + 4 * RANGE} ${RANGE}`)).ok).toBe(false);
    expect(instancesOf(watching.child).length).toBe(1);
    expect(await watching.end('SIGINT')).toBe(0);
    for (const line of watching.told) expectSchema('watch', line);
    const { trace, foretold } = watching.told[watching.told.length - 1];
    const attempts = trace.sinceStart.attempts.find(({ order }) => order === 9);
    expect(attempts?.succeeded).toBeGreaterThanOrEqual(3);
    const own = trace.processes.find(({ pid }) => pid === occupant.pid);
    expect(own).toMatchObject({ command: 'occupant', hasEnded: false });
    expect(own?.collapsed).toBeGreaterThanOrEqual(3);
    expect(own?.scanned).toBeGreaterThanOrEqual(4);
    // The pin is seen by the scan or by the attempt.
    expect(JSON.stringify([attempts?.failed, trace.sinceStart.refused])).toContain('SCAN_PAGE_COUNT');
    expect(trace.lost).toEqual([]);
    expect(foretold.predicted.windows).toBe(5);
    expect(foretold.happened.windows).toBeGreaterThanOrEqual(3);
    expect(foretold.missed.waiting.windows).toBeGreaterThanOrEqual(1);
    expect(instancesOf(watching.child)).toEqual([]);
  });

  test('10,000 events a second are all counted, and those lost of a flood too', async () => {
    const RANGES = 50;
    const { occupant, address } = await occupy(RANGES);
    await occupant.must(`advise ${address} ${RANGES} collapse`);
    const watching = await watch(`-p ${occupant.pid} --json`);
    const counted = () => {
      const { trace } = watching.told[watching.told.length - 1];
      const own = trace?.processes.find(({ pid }) => pid === occupant.pid);
      const lost = (trace?.lost ?? []).map(({ events }) => events);
      return { seen: own?.scanned ?? 0, lost: lost.reduce((a, b) => a + b, 0) };
    };
    const ask = async (times: number) => {
      for (let i = 0; i < times; i++) await occupant.must(`advise ${address} ${RANGES} collapse`);
    };
    const began = Date.now();
    for (let second = 1; second <= 1; second++) {
      await ask(10_000 / RANGES);
      await sleep(Math.max(0, began + 1000 * second - Date.now()));
    }
    // khugepaged may look at some of the ranges meanwhile.
    while (counted().seen < 10_000) await sleep(100);
    expect(counted().seen).toBeLessThanOrEqual(10_000 + RANGES);
    expect(counted().lost).toBe(0);
    // While it stands still the buffers fill up.
    watching.child.kill('SIGSTOP');
    await ask(10_000);
    watching.child.kill('SIGCONT');
    expect(await watching.end('SIGTERM')).toBe(0);
    const { seen, lost } = counted();
    expect(lost).toBeGreaterThan(0);
    // Events of others may be among those lost.
    expect(seen + lost).toBeGreaterThanOrEqual(510_000);
    expect(seen).toBeLessThan(510_000);
    expect(instancesOf(watching.child)).toEqual([]);
  });

  test('what kill -9 leaves is removed by the next one', async () => {
    const { occupant } = await occupy(1);
    const killed = await watch(`-p ${occupant.pid} --json`);
    await killed.end('SIGKILL');
    expect(instancesOf(killed.child).length).toBe(1);
    const next = await watch(`-p ${occupant.pid} --json`);
    expect(instancesOf(killed.child)).toEqual([]);
    expect(instancesOf(next.child).length).toBe(1);
    await next.end('SIGINT');
    expect(instancesOf(next.child)).toEqual([]);
  });

  test('of too little work no calibration is written', async () => {
    const { occupant } = await occupy(1);
    const path = join(folder, 'calibration.json');
    const watching = await watch(`-p ${occupant.pid} --json --calibrate ${path}`);
    expect(await watching.end('SIGINT')).toBe(5);
    expect(() => readFileSync(path)).toThrow('ENOENT');
    expect(watching.told.at(-1)?.timed).toMatchObject({ scans: expect.any(Number) });
  });
});
