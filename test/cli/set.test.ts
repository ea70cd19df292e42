import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { thpscope, words } from '../support/thpscope.ts';

const REDIS = 'examples/redis.parquet';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-set-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The answer of a command that must succeed. */
async function answer(line: string): Promise<string> {
  const { stdout, stderr, code } = await thpscope(words(line));
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

test('only enabled is switched: the rest is as in force, or as --policy says', async () => {
  expect(await answer(`predict ${REDIS}`)).toContain('enabled madvise, sizes: 2M inherit');
  const switched = await answer(`predict ${REDIS} --enabled always`);
  expect(switched).toContain('enabled always, sizes: 2M inherit');
  // What this recording was made under differs from the defaults by that file alone.
  expect(switched).toBe(await answer(`predict ${REDIS} --policy default`));
  expect(await answer(`predict ${REDIS} --policy default --enabled never`)).toContain('enabled never');
});

test.each(['predict', 'explain --address 0x7fd565a00000', 'simulate --registered all'])(
  '%s takes single files, the last of all flags',
  async (command) => {
    const line = `${command} ${REDIS} --kernel linux-7.3 --json`;
    // Settings in answers tell sizes that are never from those that are not named.
    const outcome = async (flags: string) => ({
      ...JSON.parse(await answer(`${line} ${flags}`)),
      settings: 0,
    });
    const files = '--set hugepages-2048kB/enabled=never --set khugepaged/max_ptes_none=511';
    const asked = await outcome(`--orders all --max-ptes-none 0 ${files}`);
    expect(asked).toEqual(await outcome('--orders 2-8 --max-ptes-none 511'));
    expect(asked).not.toEqual(await outcome('--orders all --max-ptes-none 0'));
  },
);

test('made-up ranges and cases take them, too', async () => {
  const pattern = 'predict --pattern 0-15 --json --kernel linux-7.3';
  expect(
    await answer(
      `${pattern} --enabled never --set hugepages-64kB/enabled=always --set khugepaged/max_ptes_none=0`,
    ),
  ).toBe(await answer(`${pattern} --orders 64K --max-ptes-none 0`));
  const verify = 'verify walk stack --pattern 0-15 --json';
  const sizes = 'hugepages-16kB/enabled=always';
  const asked = JSON.parse(await answer(`${verify} --policy default --enabled never --set ${sizes}`));
  expect(asked.case).toEqual(JSON.parse(await answer(`${verify} --orders 16K`)).case);
});

test('page faults go by the sizes that settings enable for memory with MADV_HUGEPAGE', async () => {
  const faults = 'faults --vma 0-512 --history w37 --json';
  expect(await answer(`${faults} --enabled madvise`)).toBe(await answer(`${faults} --orders 9`));
  expect(await answer(`${faults} --enabled never`)).toBe(await answer(`${faults} --orders none`));
  expect(await answer(`${faults} --enabled never --set hugepages-64kB/enabled=madvise`)).toBe(
    await answer(`${faults} --orders 64K`),
  );
});

test('advise keeps the files that it does not choose, and writes those that are not so', async () => {
  const line = `advise ${REDIS} --kernel linux-7.3 --json --max-growth none`;
  const plain = JSON.parse(await answer(line));
  const asked = JSON.parse(await answer(`${line} --enabled always --set khugepaged/max_ptes_swap=0`));
  const thp = '/sys/kernel/mm/transparent_hugepage';
  expect(asked.set).toEqual(
    expect.arrayContaining([
      { path: `${thp}/enabled`, value: 'always' },
      { path: `${thp}/khugepaged/max_ptes_swap`, value: '0' },
    ]),
  );
  expect(asked.restore).toEqual(
    expect.arrayContaining([
      { path: `${thp}/enabled`, value: 'madvise' },
      { path: `${thp}/khugepaged/max_ptes_swap`, value: '64' },
    ]),
  );
  expect(plain.set.map(({ path }: { path: string }) => path)).not.toContain(`${thp}/enabled`);
});

test('advice that leaves sizes as they are writes the files that were given all the same', async () => {
  const line = `advise ${REDIS} --kernel linux-7.3 --json --max-growth 0`;
  expect(JSON.parse(await answer(line)).leave).toBe(true);
  const asked = JSON.parse(await answer(`${line} --set khugepaged/max_ptes_swap=0`));
  expect(asked.leave).toBe(false);
  const path = '/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_swap';
  expect(asked.set).toEqual([{ path, value: '0' }]);
  expect(asked.restore).toEqual([{ path, value: '64' }]);
  // That they gain nothing is said.
  expect(asked.asked).toMatchObject({ keepsBudget: true, losesReach: false, gains: false });
  expect(await answer(`${line.replace(' --json', '')} --set khugepaged/max_ptes_swap=0`)).toContain(
    'keep this budget and gain nothing: to leave the settings in force as they are does as well.',
  );
});

test('a sweep has the limits that it does not vary from --set', async () => {
  const line = `sweep ${REDIS} -L kernel linux-7.3 -L orders all -P max-ptes-none 0 511 511 --json`;
  const asked = JSON.parse(await answer(`${line} --set khugepaged/max_ptes_shared=3`));
  expect(asked.space.maxPtesShared).toBe(3);
});

test('a report names the flags in the commands that explain', async () => {
  const path = join(folder, 'report.html');
  await thpscope(
    words(`report ${REDIS} --enabled always --set khugepaged/max_ptes_none=4 --kernel linux-7.3 -o ${path}`),
  );
  const page = readFileSync(path, 'utf8');
  expect(page).toContain('--enabled always --set khugepaged/max_ptes_none=4');
});

test.each([
  [`predict ${REDIS} --set hugepages-64kb/enabled=always`, /did you mean hugepages-64kB\/enabled/],
  [`explain ${REDIS} --address 0 --set enabled=of`, /the file takes always, madvise, never$/m],
  [`report ${REDIS} -o x.html --set enabled`, /write FILE=VALUE/],
  [`simulate ${REDIS} --set enabled=alway`, /did you mean always/],
  [`advise ${REDIS} --set hugepages-64kB/enabled=always`, /cannot be set here; what can: enabled, khu/],
  [`sweep ${REDIS} --set khugepaged/max_ptes_none=0`, /cannot be set here/],
  [`faults --vma 0-512 --history w1 --set khugepaged/max_ptes_none=0`, /cannot be set here/],
  [`faults --vma 0-512 --history w1 --orders all --enabled always`, /give no --policy/],
  [`verify walk stack --enabled never`, /needs its --pattern/],
])('%s is refused', async (line, message) => {
  const { stderr, code } = await thpscope(words(line));
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});

test('completion proposes files and then their words', async () => {
  const propose = async (word: string) => {
    const { stdout } = await thpscope(['__complete', 'predict', '--set', word]);
    return stdout.trim().split('\n');
  };
  expect(await propose('khugepaged/max_ptes_n')).toEqual(['khugepaged/max_ptes_none=']);
  const size = (await propose('hugepages-')).find((file) => file.endsWith('/enabled='));
  expect(await propose(`${size}a`)).toEqual([`${size}always`]);
});
