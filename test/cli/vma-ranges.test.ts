import { expect, test } from 'vitest';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

const REDIS = 'examples/redis.parquet';
/** Its first and last range are only in part of it. */
const VMA = '7fd576efc000-7fd5777fc000';
const ASKED = `predict ${REDIS} --enabled always --vma ${VMA}`;

interface VmaRange {
  readonly address: string;
  readonly residentPages: number;
  readonly growthPages: number;
  readonly restartGrowthPages: number;
  readonly leftSmallPages: number;
  readonly hugePages: { readonly before: number; readonly after: number };
  readonly refusal: string | null;
}

async function outputOf(line: string): Promise<string> {
  const { stdout, stderr, code } = await thpscope(words(line));
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

async function jsonOf(line: string) {
  const json = JSON.parse(await outputOf(`${line} --json`));
  expectSchema('predict', json);
  return json;
}

test.each(['', ' --kernel linux-7.3 --orders 64K,2M --max-ptes-none 300'])(
  'the ranges of a VMA add up to what the summary says of it%s',
  async (policy) => {
    const asked = await jsonOf(ASKED + policy);
    const ranges: VmaRange[] = asked.vmaRanges;
    const total = (of: (range: VmaRange) => number) => ranges.reduce((all, range) => all + of(range), 0);
    const { processes } = await jsonOf(`predict ${REDIS} --enabled always${policy}`);
    const [vma] = processes[0].vmas.filter(({ start }: { start: string }) => start === '0x7fd576efc000');
    expect(ranges.length).toBe(vma.totals.ranges);
    expect(total(({ residentPages }) => residentPages)).toBe(vma.cost.residentPages);
    expect(total(({ growthPages }) => growthPages)).toBe(vma.totals.filledPages);
    expect(total(({ restartGrowthPages }) => restartGrowthPages)).toBe(vma.totals.restart.growthPages);
    expect(total(({ leftSmallPages }) => leftSmallPages)).toBe(vma.cost.leftSmallPages);
    expect(total(({ hugePages }) => hugePages.after)).toBe(vma.totals.hugePages.after);
    const refused = ranges.filter(({ refusal }) => refusal === 'vma-edge');
    expect(refused.map(({ address }) => address)).toEqual(['0x7fd576e00000', '0x7fd577600000']);
    expect(asked.totals.ranges).toBe(vma.totals.ranges);
    expect(asked.ranges.map(({ address }: VmaRange) => address)).toEqual(
      ranges.filter(({ refusal }) => refusal !== 'vma-edge').map(({ address }) => address),
    );
  },
);

test('text has a line for each range, in address order or as asked, and adds up the rest', async () => {
  const linesOf = async (flags: string) => {
    const lines = (await outputOf(`${ASKED}${flags}`)).split('\n');
    return lines.slice(lines.findIndex((line) => line.startsWith('  PMD RANGE')));
  };
  const all = await linesOf('');
  expect(all.slice(1, 6).map((line) => line.trim().split(' ')[0])).toEqual([
    '7fd576e00000',
    '7fd577000000',
    '7fd577200000',
    '7fd577400000',
    '7fd577600000',
  ]);
  expect(all[1]).toMatch(/204K: at the edge of a VMA/);
  expect(all[2]).toMatch(/504K +0B +504K +\+1\.51M +\+1\.51M$/);
  const sorted = await linesOf(' --sort memory --top 1');
  expect(sorted[1]).toMatch(/^ {2}7fd577400000 +692K/);
  expect(sorted[2]).toMatch(/^ {2}and 4 more: 1\.42M of memory/);
});

test('an address anywhere in the VMA will do; the summary is of this VMA', async () => {
  const text = await outputOf(`predict ${REDIS} --enabled always --vma 0x7fd577000123`);
  expect(text).toBe(await outputOf(ASKED));
  expect(text).toContain(`redis-server (pid 16084), VMA ${VMA} alone`);
  expect(text).toContain('2.1M anonymous');
});

test.each([
  `predict ${REDIS} --orders all --max-ptes-none 100 --kernel linux-7.3`,
  'predict examples/programs/postgresql.parquet --enabled always',
  'predict examples/services.digest.json',
  ASKED,
])('%s --totals leaves the ranges out of its JSON, and nothing else', async (line) => {
  const { ranges, ...others } = await jsonOf(line);
  expect(ranges).toBeInstanceOf(Array);
  expect(await jsonOf(`${line} --totals`)).toEqual(others);
});

test.each([
  [`predict ${REDIS} --totals`, /--totals leaves ranges out of the JSON about memory: give --json/],
  ['predict --pattern 0-15 --totals --json', /--totals .* processes or FILE/],
  [`predict ${REDIS} --vma 0x1000`, /no VMA with a page of anonymous memory holds it/],
  [`predict ${REDIS} --vma here`, /write a hexadecimal address/],
  ['predict --pattern 0-15 --vma 0', /give processes or snapshots/],
])('%s is refused', async (line, message) => {
  const { stderr, code } = await thpscope(words(line));
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});
