import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { thpscope, words } from '../support/thpscope.ts';

const PAGE = readFileSync('docs/reference/csv.md', 'utf8');
const EXAMPLE = 'examples/redis.parquet';
const folder = mkdtempSync(join(tmpdir(), 'thpscope-csv-'));
afterAll(() => rmSync(folder, { recursive: true }));
for (const hour of ['01', '02']) copyFileSync(EXAMPLE, join(folder, `20261127T${hour}0000Z.parquet`));

/** The columns that the table of a section names, and `…` where a name stands for others like it. */
function named(section: string): string[] {
  const [, text] = PAGE.split(section);
  return text
    .split('\n## ')[0]
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => line.split(' | ')[0].match(/`[^`]+`/g) ?? [])
    .map((name) => name.slice(1, -1));
}

/** Columns of a size, and of a result, are named once for all. */
function asNamed(column: string): string {
  return column.replace(/^hugepages_\d+kB_bytes$/, 'hugepages_16kB_bytes').replace(/^SCAN_\w+$/, 'SCAN_…');
}

async function columns(line: string): Promise<string[]> {
  const { stdout } = await thpscope([...words(line), '--csv']);
  return stdout.split('\n')[0].split(',').map(asNamed);
}

const ORIGIN = named('# CSV');

test.each([
  ['## sweep --csv', [`sweep ${EXAMPLE} -L orders 2M`]],
  ['## simulate --csv', ['simulate mthp-only --until 2m']],
  [
    '## diff --csv',
    [`diff ${EXAMPLE} ${EXAMPLE} -v`, `diff ${EXAMPLE} ${EXAMPLE} --by service`, `diff ${folder}`],
  ],
])('%s has the columns that docs/reference/csv.md names', async (section, lines) => {
  const printed = await Promise.all(lines.map(columns));
  for (const each of printed) expect(each.slice(-ORIGIN.length)).toEqual(ORIGIN);
  const own = new Set(printed.flatMap((each) => each.slice(0, -ORIGIN.length)));
  expect([...own].sort()).toEqual(named(section).sort());
});
