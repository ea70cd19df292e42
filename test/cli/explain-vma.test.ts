import { expect, test } from 'vitest';
import { thpscope } from '../support/thpscope.ts';

const explain = (address: string) =>
  thpscope(['explain', 'examples/redis.parquet', '--address', address, '--enabled', 'always']);

test('of a VMA without a whole range with pages, the first range at its edges is explained', async () => {
  const { stdout, code } = await explain('7fd57aece000-7fd57b0ed000');
  expect(code).toBe(0);
  expect(stdout).toContain('PMD range 0x7fd57ae00000,');
  expect(stdout).toContain('khugepaged does not look at this range: smaller than every enabled size');
});

test('whole ranges come first, though pages lie before them', async () => {
  const { stdout } = await explain('7fd576efc000-7fd5777fc000');
  expect(stdout).toContain('PMD range 0x7fd577000000,');
  expect(stdout).not.toContain('does not look');
});
