import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootGuest, type Guest } from '../../src/conform/guest/guest.ts';
import { buildInitramfs, compileProbe, openKernel } from '../../src/conform/guest/kernels.ts';
import { kernelCache } from '../../src/conform/guest/lab.ts';
import { PROBE_GEOMETRY, probeRange } from '../../src/conform/probe/probe-batch.ts';
import { compareBatch } from '../../src/conform/ranges/conformance.ts';
import { orderSet } from '../../src/core/memory/order.ts';
import { pages, valueOf } from '../support/ranges.ts';
import { expectSchema } from '../support/schemas.ts';
import { spawnThpscope } from '../support/thpscope.ts';

const MAIN = 'dist/cli/main.js';
/** Fetched by `thpscope conform`; a test installs nothing on anybody's machine. */
const KERNEL = join(kernelCache(), '7.3', 'vmlinuz');
const available = existsSync(KERNEL) && ['qemu-system-x86_64', 'cc'].every(isInstalled);
if (!available) console.warn('no real kernel is booted: run `thpscope conform` once to fetch one');

function isInstalled(program: string): boolean {
  try {
    execFileSync('which', [program]);
    return true;
  } catch {
    return false;
  }
}

describe.runIf(available)('a guest', () => {
  let folder: string;
  let initramfs: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'thpscope-guest-'));
    initramfs = buildInitramfs(
      valueOf(await compileProbe(folder)),
      valueOf(await openKernel(KERNEL)),
      folder,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function boot(): Promise<Guest> {
    return valueOf(await bootGuest(KERNEL, initramfs, folder));
  }

  test('answers about one range, and says what it does not understand', async () => {
    const guest = await boot();
    expect([...guest.features]).toEqual(['swap', 'uffd']);
    const limits = { maxPtesNone: 0, maxPtesSwap: 64, maxPtesShared: 256 };
    const ranges = [probeRange({ present: pages('4-7,12-27') })];
    const batch = {
      call: 'khugepaged',
      geometry: PROBE_GEOMETRY,
      orders: orderSet([2, 3, 4]),
      ...limits,
      ranges,
    } as const;
    const kernel = valueOf(await openKernel(KERNEL));
    const compared = valueOf(await compareBatch(guest, batch, kernel));
    expect(compared.disagreements).toEqual([]);
    expect(compared.report.passes[0][0]).toBe('2 succeeded,2 succeeded,3 succeeded,2 succeeded,= succeeded');

    const asked = await guest.ask(['nonsense'], 10_000);
    await guest.stop();
    const message = expect.stringMatching(/^the probe failed: not a request/);
    expect(asked).toMatchObject({ ok: false, failure: { message } });
  });

  test.each([
    ['panics', 'panic', 60_000, /^the guest ended; its console says: .*sysrq triggered crash/],
    ['runs out of memory', 'memory', 60_000, /^the guest ended; its console says: .*(memory|panic)/],
    ['hangs', 'hang', 3_000, /^the guest did not answer within 3 s/],
  ])('that %s is reported as that', async (_, how, timeout, message) => {
    const broken = await boot();
    const answer = await broken.ask([`misbehave ${how}`], timeout);
    await broken.stop();
    expect(answer).toMatchObject({ ok: false, failure: { kind: 'unreadable' } });
    expect(answer.ok ? '' : answer.failure.message).toMatch(message);
  });

  test('is what conform asks, and prints as JSON', async () => {
    const run = await spawnThpscope([
      'conform',
      '--json',
      '--suite',
      'mixed',
      '--ranges',
      '45',
      '--kernel',
      KERNEL,
    ]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const report = JSON.parse(run.stdout);
    expectSchema('conform', report);
    expect(report.suites).toMatchObject([{ suite: 'mixed', lasting: 0, of: 45 }]);
  });

  test('is held to a search in a file, whose sum the answer names', async () => {
    const own = join(folder, 'own.js');
    const written = await spawnThpscope(['verify', '--new', '-']);
    writeFileSync(own, written.stdout);
    const run = await spawnThpscope(
      ['conform', '--json', '--kernel', KERNEL, '--suite', 'plain', '--ranges', '20', '--seed', '1'].concat([
        '--algorithm',
        own,
      ]),
    );
    const report = JSON.parse(run.stdout);
    expectSchema('conform', report);
    expect(report).toMatchObject({ algorithm: own, thpscope: expect.any(String) });
    expect(report.files).toEqual([KERNEL, own].map((path) => ({ path, sha256: sumOf(path) })));
    expect(report.suites).toMatchObject([{ suite: 'plain', lasting: 0, of: 20 }]);
    expect(run.code).toBe(0);
  }, 180_000);

  test.each([
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ] as const)('ends when %s ends what booted it', async (signal, code) => {
    const conform = spawn(process.execPath, [MAIN, 'conform', '--kernel', KERNEL, '--suite', 'plain']);
    const qemu = await vi.waitFor(() => childOf(conform.pid), { timeout: 30_000, interval: 50 });
    conform.kill(signal);
    expect(await once(conform, 'exit')).toEqual([code, code === null ? signal : null]);
    await vi.waitFor(() => expect(existsSync(`/proc/${qemu}`)).toBe(false), { timeout: 10_000 });
  });
});

const sumOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** The QEMU that a process runs. */
function childOf(pid: number | undefined): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  const isQemu = (child: number) => readFileSync(`/proc/${child}/comm`, 'utf8').startsWith('qemu');
  const qemu = children.find((child) => child > 0 && isQemu(child));
  if (qemu === undefined) throw new Error('not booted yet');
  return qemu;
}
