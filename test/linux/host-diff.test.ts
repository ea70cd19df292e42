import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diffTable } from '../../src/cli/conform/diff-table.ts';
import { BUSY_JVM, BUSY_REDIS, FORKING_SERVER } from '../../src/conform/diff/diff-programs.ts';
import { DIFF_CHANGES } from '../../src/conform/diff/diff-settings.ts';
import { type BusyProgram, type DiffCase, runDiff } from '../../src/conform/diff/diff-suite.ts';
import { askBuilt } from '../../src/conform/guest/built-command.ts';
import { GUEST_MACHINES } from '../../src/conform/guest/guest-machines.ts';
import { compile } from '../../src/conform/guest/kernels.ts';
import { kernelCache, labFile } from '../../src/conform/guest/lab.ts';
import { THP_FOLDER } from '../../src/core/base/sysfs.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { valueOf } from '../support/ranges.ts';
import { ThisMachine } from './this-machine.ts';
import { guardSettings, type SettingsGuard } from './thp-settings-guard.ts';

/**
 * The suite diff of `conform` on the khugepaged of this machine (Linux 6.18), which collapses to the PMD
 * order only. It changes THP settings while it runs, so it has to be asked for; memory of whatever else runs
 * collapses, too. `all` asks for Redis and a JVM beside the server that forks, where they are there: the one
 * in the cache of the kernel lab, the other as a JDK.
 */
const word = process.env.THPSCOPE_HOST_KHUGEPAGED;
const asked = (word === '1' || word === 'all') && process.geteuid?.() === 0;
const SIZES = [16, 32, 64, 128, 256, 512, 1024, 2048].map((kib) => `hugepages-${kib}kB/enabled`);
const hasSizes = SIZES.every((file) => existsSync(join(THP_FOLDER, file)));

describe.runIf(asked && hasSizes)('diff on this machine', () => {
  let guard: SettingsGuard;
  let machine: ThisMachine;
  let folder: string;
  let cases: DiffCase[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'thpscope-host-diff-'));
    const { programs, places, env } = await programsHere(folder);
    guard = guardSettings([
      ...SIZES,
      ...['max_ptes_none', 'max_ptes_swap', 'max_ptes_shared', 'pages_to_scan', 'scan_sleep_millisecs'].map(
        (file) => `khugepaged/${file}`,
      ),
    ]);
    guard.set('khugepaged/pages_to_scan', 1 << 20);
    machine = new ThisMachine(guard, places, env);
    const kernel = {
      name: 'here',
      version: release(),
      path: '',
      modules: [],
      machine: GUEST_MACHINES.amd64,
      model: KERNEL_MODELS['linux-6.18'],
    };
    cases = valueOf(await runDiff({ guest: machine, kernel, programs, askBuilt, folder }, () => {}));
    console.log(diffTable(cases).join('\n'));
  }, 300_000);

  afterAll(async () => {
    await machine?.stop();
    await guard?.restore();
    rmSync(folder, { recursive: true });
  });

  test('every difference between what was said and what happened has a reason', () => {
    expect(cases.length).toBeGreaterThanOrEqual(DIFF_CHANGES.length);
    for (const { program, change, unexplainedPages } of cases)
      expect({ program, change, unexplainedPages }).toEqual({ program, change, unexplainedPages: {} });
  });

  test('khugepaged was everywhere, and did some of what was said', () => {
    expect(cases.every(({ fullScans }) => fullScans >= 2)).toBe(true);
    expect(cases.some(({ happened }) => happened.windows > 0)).toBe(true);
  });
});

/** The programs that this machine has, and where they are. */
async function programsHere(folder: string): Promise<{
  programs: BusyProgram[];
  places: Record<string, string>;
  env: Record<string, string>;
}> {
  const places: Record<string, string> = {
    '/bin/server': valueOf(await compile('diff', folder)),
    '/thpscope/': resolve('.') + '/',
    '/snapshot.parquet': join(folder, 'snapshot.parquet'),
  };
  const programs = [FORKING_SERVER];
  const env: Record<string, string> = {};
  if (word !== 'all') return { programs, places, env };
  if (compilesJava(folder)) {
    programs.push(BUSY_JVM);
    Object.assign(places, { '/java/bin/java': 'java', '/classes': folder });
  }
  const packages = join(kernelCache(), 'packages/redis-server/usr');
  if (existsSync(join(packages, 'bin/redis-server'))) {
    programs.push(BUSY_REDIS);
    env.LD_LIBRARY_PATH = join(packages, 'lib/x86_64-linux-gnu');
    for (const [name, file] of [
      ['/redis.conf', 'redis.conf'],
      ['/fill-redis.mjs', 'fill.mjs'],
    ]) {
      const here = join(folder, file);
      writeFileSync(
        here,
        readFileSync(labFile('redis', file), 'utf8').replaceAll('/redis.sock', join(folder, 'redis.sock')),
      );
      places[name] = here;
    }
    places['redis-server'] = join(packages, 'bin/redis-server');
  }
  return { programs, places, env };
}

function compilesJava(folder: string): boolean {
  try {
    execFileSync('javac', ['-d', folder, labFile('java', 'Objects.java')], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
