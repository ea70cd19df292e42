import { EventEmitter } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture } from '../../src/cli/capture/run.ts';
import type { Context } from '../../src/cli/shared/context.ts';
import { buildOccupant, type Occupant, startOccupant } from '../linux/occupant/occupant.ts';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

const RANGE = 2 << 20;
const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An answer without when and from what it was read. */
function withoutOrigin(stdout: string): string {
  if (!stdout.startsWith('{')) {
    const without = stdout.replace(/^Memory of .*\n/, '');
    expect(without).not.toBe(stdout);
    return without;
  }
  const { origin, ...answer } = JSON.parse(stdout);
  expect(origin).toBeDefined();
  return JSON.stringify(answer);
}

describe.runIf(buildOccupant())('a stopped process of more than a GiB', () => {
  let occupant: Occupant;
  const file = join(folder, 'occupant.parquet');

  beforeAll(async () => {
    occupant = await startOccupant();
    // Three ranges of four hold pages, of which full, quarter and half ones: 3,000 MiB of addresses.
    await occupant.must('big 3000');
    const base = await occupant.map('map 4');
    await occupant.must(`touch ${base} 0-511,600-700,1024-1535`);
    await occupant.must(`read ${base} 512-599`);
    await occupant.must(`thp ${base + 2 * RANGE}`);
    await occupant.must(`split ${base + 2 * RANGE}`);
    await occupant.must(`drop ${base + 2 * RANGE} 100-200`);
    const shared = await occupant.map('map-file memfd 3');
    await occupant.must(`touch ${shared} 0-511,1024-1100`);
    await occupant.suspend();
    const { code, stderr } = await thpscope(['capture', '-p', String(occupant.pid), '-o', file]);
    expect(stderr).toMatch(/wrote .*: 1 process/);
    expect(code).toBe(0);
  });
  afterAll(async () => {
    await occupant?.resume();
    await occupant?.stop();
  });

  test('has more than a GiB of memory', async () => {
    const { stdout } = await thpscope(['predict', file, '--json']);
    expect(JSON.parse(stdout).cost.residentPages * 4096).toBeGreaterThan(2 ** 30);
  });

  for (const policy of [
    '',
    '--policy default',
    '--orders all --max-ptes-none 0',
    '--orders all --max-ptes-none 511',
    '--orders 4,9 --max-ptes-none 128 --kernel scaled',
    '--orders 2-8 --algorithm stack --kernel v18',
  ]) {
    test(`is predicted alike live and from its snapshot: ${policy || 'settings in force'}`, async () => {
      const live = await thpscope(['predict', '-p', String(occupant.pid), ...words(policy), '--json']);
      const recorded = await thpscope(['predict', file, ...words(policy), '--json']);
      expect(live.code).toBe(0);
      expect(withoutOrigin(recorded.stdout)).toBe(withoutOrigin(live.stdout));
      expectSchema('predict', JSON.parse(live.stdout));
    });
  }

  test('is explained alike live and from its snapshot', async () => {
    const json = JSON.parse((await thpscope(['predict', file, '--orders', 'all', '--json'])).stdout);
    const { address } = json.ranges.find(({ attempts }: { attempts: unknown[] }) => attempts.length > 0);
    const flags = ['--address', address, '--orders', 'all', '--max-ptes-none', '0'];
    const live = await thpscope(['explain', '-p', String(occupant.pid), ...flags]);
    const recorded = await thpscope(['explain', file, ...flags]);
    expect(live.code).toBe(0);
    expect(live.stdout).toContain(`PMD range ${address}`);
    expect(withoutOrigin(recorded.stdout)).toBe(withoutOrigin(live.stdout));
  });

  test('loses its names in a redacted snapshot, and nothing of its prediction', async () => {
    const redacted = join(folder, 'redacted.parquet');
    await thpscope(['capture', '-p', String(occupant.pid), '--redact', '-o', redacted]);
    expect(readFileSync(redacted).includes('occupant')).toBe(false);
    const totals = async (path: string) =>
      JSON.parse((await thpscope(['predict', path, '--orders', 'all', '--json'])).stdout).totals;
    expect(await totals(redacted)).toEqual(await totals(file));
  });
});

test('a capture that fails leaves the earlier file and nothing half-written', async () => {
  const file = join(folder, 'kept.parquet');
  writeFileSync(file, 'what was there before');
  const before = readdirSync(folder);
  const { code } = await thpscope(['capture', '-p', '4194305', '-o', file]);
  expect(code).toBe(5);
  expect(readFileSync(file, 'utf8')).toBe('what was there before');
  expect(readdirSync(folder)).toEqual(before);
});

test('an interrupted capture says so, leaves the earlier file, and ends as the signal would', async () => {
  const file = join(folder, 'interrupted.parquet');
  writeFileSync(file, 'what was there before');
  const before = readdirSync(folder);
  let stderr = '';
  const caller = Object.assign(new EventEmitter(), {
    stderr: { write: (text: string) => (stderr += text) },
    exitCode: undefined,
    exit: () => {},
  });
  const done = capture.call({ process: caller, kernelRoot: '' } as unknown as Context, {
    pid: [process.pid],
    output: file,
  });
  caller.emit('SIGTERM', 'SIGTERM');
  await done;
  expect(stderr).toBe(`thpscope: interrupted, ${file} was not written\n`);
  expect(caller.exitCode).toBe(143);
  expect(readFileSync(file, 'utf8')).toBe('what was there before');
  expect(readdirSync(folder)).toEqual(before);
  expect(caller.eventNames()).toEqual([]);
});

test('a snapshot is for its owner only', async () => {
  const file = join(folder, 'own.parquet');
  const { code } = await thpscope(['capture', '-p', String(process.pid), '-o', file]);
  expect(code).toBe(0);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('the bundled recording is predicted everywhere', async () => {
  const { stdout, code } = await thpscope(words('predict examples/redis.parquet --policy default'));
  expect(code).toBe(0);
  expect(stdout).toContain('redis-server');
  expect(stdout).toMatch(/RSS\s+grows by/);
});
