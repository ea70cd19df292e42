import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildOccupant, type Occupant, startOccupant } from '../linux/occupant/occupant.ts';
import { expectSchema } from '../support/schemas.ts';
import { spawnThpscope, thpscope, words } from '../support/thpscope.ts';

/** Real memory, collapsed by process_madvise; no setting is changed. */
const binary = existsSync('/sys/kernel/mm/transparent_hugepage/enabled') ? buildOccupant() : undefined;
if (!binary) console.warn('SKIPPED: collapsing memory of this machine needs THP and a C compiler');
const isRoot = process.geteuid?.() === 0;
const GROUPS = '/sys/fs/cgroup/memory';

const collapse = (pid: number, line: string) =>
  thpscope(['apply', '--collapse', '-p', String(pid), ...words(line)]);
const hugeKiB = (pid: number) =>
  Number(/^AnonHugePages: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);

describe.runIf(binary)('apply --collapse', () => {
  let occupant: Occupant;
  let address: number;
  beforeEach(async () => {
    occupant = await startOccupant();
    // Four ranges: full, every 4th page, the first 16 of each 64, none; and again.
    address = await occupant.map('big 16 hugepage');
    await occupant.suspend();
    return () => occupant.stop();
  });

  test('shows what it would do, and does nothing', async () => {
    const { stdout, code } = await collapse(occupant.pid, '--enabled always');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ *\d+ +occupant +6 +6M +0 +0B$/m);
    expect(stdout).toContain('With --yes 2 ranges of 2M would be collapsed');
    expect(stdout).toContain('All 6 would take --max-growth 6M.');
    expect(hugeKiB(occupant.pid)).toBe(0);
  });

  test('collapses those that grow least, as far as memory may grow', async () => {
    const full = JSON.parse((await collapse(occupant.pid, '--enabled always --yes --json')).stdout);
    expectSchema('apply-collapse', full);
    expect(full.processes).toMatchObject([{ collapsed: 2, grownPages: 0, refused: {}, left: null }]);
    expect(hugeKiB(occupant.pid)).toBe(4096);
    const { stdout } = await collapse(occupant.pid, '--enabled always --max-growth 4M --yes');
    expect(stdout).toContain('Collapsed 2 of 2 ranges, 4M; memory grew by 3M at most.');
    expect(hugeKiB(occupant.pid)).toBe(8192);
    await occupant.resume();
    await occupant.must(`verify ${address} 0-511,512-1023:1/4`);
  });

  test('says that nothing is to do where the settings collapse nothing', async () => {
    const { stdout, code } = await collapse(occupant.pid, '--enabled never --yes');
    expect({ stdout, code }).toMatchObject({ code: 0, stdout: expect.stringContaining('Collapsed 0 of 0') });
    const { stdout: dry } = await collapse(occupant.pid, '--enabled never');
    expect(dry).toContain('Nothing to do: these settings collapse no range of these processes to 2M.');
  });

  test('ended by a signal it says where it stands', async () => {
    const line = `apply --collapse -p ${occupant.pid} --enabled always --max-growth none --rate 1M --yes`;
    const child = spawn(process.execPath, ['dist/cli/main.js', ...words(line)], { stdio: 'pipe' });
    let stdout = '';
    child.stdout.on('data', (text) => (stdout += text));
    while (hugeKiB(occupant.pid) === 0) await wait(20);
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect(code).toBe(130);
    expect(stdout).toMatch(/^Stopped: interrupted\.\nCollapsed [1-5] of 6 ranges/m);
  });

  test('a process that ends is left, and said', async () => {
    const line = '--enabled always --max-growth none --rate 1M --yes';
    const running = spawnThpscope(['apply', '--collapse', '-p', String(occupant.pid), ...words(line)]);
    while (hugeKiB(occupant.pid) === 0) await wait(20);
    await occupant.stop();
    expect((await running).stdout).toMatch(
      /^Process \d+ \(occupant\): has ended; the rest of it was left\.$/m,
    );
  });

  test.runIf(isRoot)('another user is told what it takes', async () => {
    const args = ['apply', '--collapse', '-p', String(occupant.pid), '--enabled', 'always', '--yes'];
    const { code, stderr } = await spawnThpscope(args, '', { uid: 65534, gid: 65534 });
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('root') });
    expect(hugeKiB(occupant.pid)).toBe(0);
  });

  describe.runIf(isRoot && existsSync(`${GROUPS}/memory.limit_in_bytes`))('in a control group', () => {
    const group = `${GROUPS}/thpscope-test-${process.pid}`;
    beforeEach(() => {
      mkdirSync(group);
      writeFileSync(`${group}/cgroup.procs`, String(occupant.pid));
      writeFileSync(`${group}/memory.limit_in_bytes`, '1M');
    });
    afterEach(async () => {
      await occupant.stop();
      rmdirSync(group);
    });

    test('without room nothing is collapsed', async () => {
      const { stdout, code } = await collapse(occupant.pid, '--enabled always --yes');
      expect(code).toBe(1);
      expect(stdout).toContain(`control group /thpscope-test-${process.pid} has no room`);
      expect(hugeKiB(occupant.pid)).toBe(0);
      const dry = await collapse(occupant.pid, '--enabled always --max-growth none');
      expect(dry.stdout).toContain(`control group /thpscope-test-${process.pid} has no room`);
      expect(dry.stdout).toContain('With --yes 0 ranges of 2M would be collapsed');
      expect(dry.stdout).not.toContain('NaN');
    });

    test('with room for single ranges it says how much of the growth fits', async () => {
      writeFileSync(`${group}/memory.limit_in_bytes`, '4M');
      const { stdout } = await collapse(occupant.pid, '--enabled always --max-growth none');
      expect(stdout).toContain('With --yes 6 ranges of 2M would be collapsed');
      expect(stdout).toMatch(/has room for [12](\.\d+)?M of the 6M by which memory in it would grow/);
    });
  });
});

describe('what does not go together is refused in a sentence', () => {
  test.each([
    ['--collapse', '--collapse needs the processes'],
    ['--collapse --all -p 1', '--collapse needs the processes'],
    ['--collapse --all --undo', 'what was collapsed stays so'],
    ['--collapse --all --max-growth much', '--max-growth much: write a share'],
    ['--collapse --all --rate 0M', '--rate 0M: write a size'],
    ['--all --set enabled=never', 'go with --collapse'],
    ['--collapse --all advice.json --set enabled=never', 'not both'],
  ])('%s', async (line, sentence) => {
    const { stdout, stderr, code } = await thpscope(['apply', ...words(line)]);
    expect({ stdout, stderr, code }).toEqual({
      stdout: '',
      stderr: expect.stringContaining(sentence),
      code: 2,
    });
  });
});
