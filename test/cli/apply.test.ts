import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { type KernelFiles, kernelTree, machineFiles, processFiles } from '../support/kernel-tree.ts';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

const THP = 'sys/kernel/mm/transparent_hugepage';
const RECORD = 'var/lib/thpscope/applied.json';
const SIZES = [16, 32, 64, 128, 256, 512, 1024];

/** The root folder of a machine whose files take what is written to them. */
function machine(more: KernelFiles = {}): string {
  const sizes = SIZES.map((kB) => [`${THP}/hugepages-${kB}kB/enabled`, 'always inherit madvise [never]\n']);
  const files = { [`${THP}/shrink_underused`]: '1\n', ...Object.fromEntries(sizes), ...more };
  return kernelTree(machineFiles(x86_64, files)).root;
}

const holds = (root: string, file: string) => {
  const text = readFileSync(join(root, THP, file), 'utf8').trim();
  return /\[(.*)\]/.exec(text)?.[1] ?? text;
};

/** Every file that settings are in. */
const allOf = (root: string) =>
  [
    'enabled',
    'shrink_underused',
    ...[...SIZES, 2048].map((kB) => `hugepages-${kB}kB/enabled`),
    ...['none', 'swap', 'shared'].map((limit) => `khugepaged/max_ptes_${limit}`),
  ].map((file) => [file, holds(root, file)]);

const apply = (root: string, line: string, input = '') =>
  thpscope(['apply', ...words(line)], input, { kernelRoot: root });

const SET = '--set hugepages-64kB/enabled=always --set khugepaged/max_ptes_none=64 --set enabled=madvise';

test('without --yes nothing is written, and it is shown what would be', async () => {
  const root = machine();
  const before = allOf(root);
  const { stdout, code } = await apply(root, SET);
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "FILE                      NOW     THEN
    enabled                   always  madvise
    khugepaged/max_ptes_none  511     64
    hugepages-64kB/enabled    never   always

    Nothing was written. With --yes these are, in this order; thpscope apply --undo --yes goes back.
    "
  `);
  expect(allOf(root)).toEqual(before);
  expect(() => readFileSync(join(root, RECORD))).toThrow('ENOENT');
});

test('with --yes it is, and --undo goes back over several of them', async () => {
  const root = machine();
  const before = allOf(root);
  expect(await apply(root, `${SET} --yes`)).toMatchObject({ code: 0, stderr: '' });
  expect(holds(root, 'hugepages-64kB/enabled')).toBe('always');
  // What the files of this machine hold after writing has no brackets: as the kernel shows it.
  writeFileSync(join(root, THP, 'hugepages-64kB/enabled'), '[always] inherit madvise never\n');
  writeFileSync(join(root, THP, 'enabled'), 'always [madvise] never\n');
  await apply(root, '--set hugepages-64kB/enabled=madvise --set shrink_underused=0 --yes');
  expect(holds(root, 'shrink_underused')).toBe('0');
  const shown = await apply(root, '--undo');
  expect(shown.stdout).toContain('Nothing was written.');
  expect(holds(root, 'hugepages-64kB/enabled')).toBe('madvise');
  expect((await apply(root, '--undo --yes')).stdout).toContain('as they were before the first apply');
  expect(allOf(root)).toEqual(before);
  expect((await apply(root, '--undo --yes')).stdout).toContain('Nothing was applied');
});

describe('killed after so many writes, undo brings everything back', () => {
  const FILES = ['hugepages-64kB/enabled', 'khugepaged/max_ptes_none', 'enabled'];
  for (let written = 0; written <= FILES.length; written++)
    test(String(written), async () => {
      const root = machine();
      const before = allOf(root);
      const texts = FILES.map((file) => readFileSync(join(root, THP, file), 'utf8'));
      const { stdout } = await apply(root, `${SET} --yes --json`);
      const changes: { file: string }[] = JSON.parse(stdout).changes;
      // The record is on the disk before the first write: the later ones did not happen.
      for (const { file } of changes.slice(written))
        writeFileSync(join(root, THP, file), texts[FILES.indexOf(file)]);
      expect((await apply(root, '--undo --yes')).code).toBe(0);
      expect(allOf(root)).toEqual(before);
    });
});

test('the pace of khugepaged, which advice names, is written beside settings, and undone', async () => {
  const pace = `${THP}/khugepaged/pages_to_scan`;
  const root = machine({ [pace]: '4096\n' });
  const done = await apply(root, '--set khugepaged/pages_to_scan=65536 --set enabled=madvise --yes');
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect([holds(root, 'khugepaged/pages_to_scan'), holds(root, 'enabled')]).toEqual(['65536', 'madvise']);
  expect((await apply(root, '--undo --yes')).code).toBe(0);
  expect(holds(root, 'khugepaged/pages_to_scan')).toBe('4096');
  const gone = await apply(machine(), '--set khugepaged/pages_to_scan=65536');
  expect(gone).toMatchObject({ stdout: '', stderr: expect.stringContaining('khugepaged/pages_to_scan') });
  expect(gone.code).not.toBe(0);
});

test('nothing is written where it cannot be recorded', async () => {
  const root = machine();
  const before = allOf(root);
  mkdirSync(join(root, 'var/lib'), { recursive: true });
  writeFileSync(join(root, 'var/lib/thpscope'), '');
  expect(await apply(root, `${SET} --yes`)).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('nothing was written'),
  });
  expect(allOf(root)).toEqual(before);
});

test('what somebody else has set since is left, and said', async () => {
  const root = machine();
  await apply(root, `${SET} --yes`);
  writeFileSync(join(root, THP, 'khugepaged/max_ptes_none'), '7\n');
  const { stdout, code } = await apply(root, '--undo --yes');
  expect(stdout).toContain('khugepaged/max_ptes_none holds 7, which thpscope did not write');
  expect(code).toBe(1);
  expect(holds(root, 'khugepaged/max_ptes_none')).toBe('7');
  expect(holds(root, 'hugepages-64kB/enabled')).toBe('never');
});

test('a record of another boot is none', async () => {
  const root = machine();
  await apply(root, `${SET} --yes`);
  writeFileSync(join(root, 'proc/sys/kernel/random/boot_id'), 'another\n');
  expect((await apply(root, '--undo --yes')).stdout).toContain('Nothing was applied');
});

test('an advice is applied as it was given, from a file or a pipe', async () => {
  const root = machine();
  const { stdout: advice } = await thpscope(
    words('advise examples/programs/java.parquet --json --max-growth 5%'),
  );
  const { advised } = JSON.parse(advice);
  const { stdout } = await apply(root, '- --yes --json --other-machine', advice);
  const json = JSON.parse(stdout);
  expectSchema('apply', json);
  expect(json).toMatchObject({ written: json.changes.length });
  expect(holds(root, 'enabled')).toBe(advised.settings.enabled);
  expect(holds(root, 'hugepages-2048kB/enabled')).toBe(advised.settings.sizes[9]);
  expect(Number(holds(root, 'khugepaged/max_ptes_none'))).toBe(advised.settings.maxPtesNone);
});

describe('an advice of elsewhere', () => {
  const advised = async (flags: string) =>
    (await thpscope(words(`advise examples/programs/java.parquet --json ${flags}`))).stdout;

  test('is shown with a sentence that says so, and refused with --yes', async () => {
    const root = machine();
    const before = allOf(root);
    const advice = await advised('--kernel linux-7.3 --tlb 16K');
    const said =
      /this advice was made of example for linux-7\.3; here runs recorded under Linux 6\.18\.44 \(linux-6\.18\)/;
    const shown = await apply(root, '-', advice);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(said);
    expect(shown.stdout).toContain('--yes is refused as long as that is so');
    const refused = await apply(root, '- --yes', advice);
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(said) });
    expect(allOf(root)).toEqual(before);
    const told = await apply(root, '- --yes --other-machine', advice);
    expect(told).toMatchObject({ code: 0, stderr: expect.stringMatching(said) });
    expect(allOf(root)).not.toEqual(before);
  });

  test('is one for another kernel of the same host', async () => {
    const root = machine();
    const of = async (flags: string) => {
      const json = JSON.parse(await advised(flags));
      json.origin.read[0].host = 'recorded';
      return JSON.stringify(json);
    };
    expect((await apply(root, '- --yes', await of('--kernel linux-7.3'))).code).toBe(2);
    expect(await apply(root, '- --yes', await of(''))).toMatchObject({ code: 0, stderr: '' });
  });

  test('may be one of a machine that nobody knows: that is said', async () => {
    const { origin: _, ...advice } = JSON.parse(await advised(''));
    expect(await apply(machine(), '- --yes', JSON.stringify(advice))).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('does not say of which machine it was made'),
    });
  });
});

describe('a plan by service', () => {
  const DROP_IN = 'etc/systemd/system/redis.service.d/any.conf';
  const SAYS = '[Service]\nMemoryTHP=disable\n';
  let plan: string;
  beforeAll(async () => {
    plan = (await thpscope(words('advise examples/services.digest.json --by service --json'))).stdout;
  });

  /** The machine with a process of Redis. */
  function withRedis(enabled: 0 | 1, files: Record<string, string> = {}): string {
    return machine({
      ...processFiles(7, { vmas: [], pages: new Map() }),
      'proc/7/status': `Name:\tredis-server\nTgid:\t7\nPid:\t7\nUid:\t0\t0\t0\t0\nVmSize:\t400 kB\nTHP_enabled:\t${enabled}\n`,
      'proc/7/cgroup': '0::/system.slice/redis.service\n',
      ...files,
    });
  }

  test('is what is written, once those who opt out have done so', async () => {
    const { advised, plan: planned } = JSON.parse(plan);
    expect(planned.settings).not.toEqual(advised.settings);
    const root = withRedis(0, { [DROP_IN]: SAYS });
    expect(await apply(root, '- --yes --other-machine', plan)).toMatchObject({ code: 0 });
    expect(holds(root, 'hugepages-2048kB/enabled')).toBe('always');
    expect(holds(root, 'hugepages-2048kB/enabled')).toBe(planned.settings.sizes[9]);
  });

  test.each([
    ['has no drop-in', {}, 'no drop-in says MemoryTHP=disable (/etc/systemd/system/redis.service.d/50-thp'],
    [
      'runs without it',
      { [DROP_IN]: SAYS },
      '1 process of it started before its drop-in said so: restart it',
    ],
  ])('is refused where one of them %s', async (_, files, sentence) => {
    const root = withRedis(1, files);
    const before = allOf(root);
    const refused = await apply(root, '- --yes --other-machine', plan);
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(sentence) });
    expect(allOf(root)).toEqual(before);
    const shown = await apply(root, '- --other-machine', plan);
    expect(shown.stdout).toContain(sentence);
    expect(shown.stdout).toContain('hugepages-2048kB/enabled');
  });
});

describe('what cannot be applied is refused in a sentence', () => {
  test.each([
    ['', 2, 'give one of an advice'],
    ['--undo --set enabled=never', 2, 'give one of an advice'],
    ['--set enabled=sometimes', 2, 'the file takes'],
    ['--set khugepaged/pages=1', 2, 'cannot be set here'],
    ['--set khugepaged/pages_to_scan=0', 2, 'the file takes a number from 1 to 4294967295'],
    ['gone.json', 5, 'no such file'],
    ['package.json', 5, 'is no advice'],
  ])('%s', async (line, exit, sentence) => {
    const { stdout, stderr, code } = await apply(machine(), line);
    expect(stderr).toContain(sentence);
    expect({ stdout, code }).toEqual({ stdout: '', code: exit });
  });

  test('a size that this kernel has not', async () => {
    const root = machine();
    rmSync(join(root, THP, 'hugepages-64kB'), { recursive: true });
    const { stderr, code } = await apply(root, '--orders 64K --yes');
    expect(stderr).toContain('hugepages-64kB/enabled: this kernel has no such file');
    expect(code).toBe(4);
  });

  test('a record that is none', async () => {
    const root = machine();
    mkdirSync(join(root, 'var/lib/thpscope'), { recursive: true });
    writeFileSync(join(root, RECORD), '{');
    expect(await apply(root, '--undo')).toMatchObject({ code: 5 });
  });
});
