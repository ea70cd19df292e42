import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';
import { hasCompiler } from '../support/verify/compiler.ts';

const MODULE = 'test/fixtures/lab/lazyfree-stops.js';
const ASKED = `verify walk ${MODULE} --pmd-order 3 --seed 7`;
const sha256 = createHash('sha256').update(readFileSync(MODULE)).digest('hex');

test('--format mail: what was asked of what, and the smallest case as a table and a selftest, in 72 columns', async () => {
  const { stdout, code } = await thpscope(words(`${ASKED} --format mail --color always`));
  expect(code).toBe(1);
  expect(stdout.split('\n').filter((line) => line.replaceAll('\t', '        ').length > 72)).toEqual([]);
  expect(stdout).not.toContain('\u001b');
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(stdout).toContain(
    `thpscope ${version}, rules of linux-7.3\n${MODULE}: sha256 ${sha256.slice(0, 16)}\n`,
  );
  expect(stdout.replaceAll(' \\\n    ', ' ')).toContain(`$ thpscope ${ASKED}\n`);
  expect(stdout).toMatch(/PMD order 3; 1 PTE: present 0; orders 2 3; max_ptes_none 7;\n +0:3=PTE_UFFD/);
  expect(stdout).toMatch(/^ {2}1 {2}0:3 PTE_UFFD {2}0:3 PTE_UFFD\n {2}2 {2}0:2 SUCCEED {3}-$/m);
  expect(stdout).toContain('static const int runs[][2] = {\n\t{ 0, 0 },\n};');
  expect(stdout).toContain('max_ptes_none: 511');
});

test('--format mail shows no selftest for what no memory of 2M brings about', async () => {
  const { stdout } = await thpscope(
    words('verify walk test/fixtures/lab/claim.js --pmd-order 4 --format mail'),
  );
  expect(stdout).toContain('userfaultfd armed');
  expect(stdout).not.toContain('madvise');
  expect(stdout).toContain('No selftest: in a range of 2M the scan leaves it alone, or nothing is');
});

test.each([
  ['userfaultfd', '--pattern 0 --uffd-armed --orders 2 --max-ptes-none 511', 'UFFDIO_REGISTER_MODE_MISSING'],
  ['swap', '--pattern 0-299 --swap 300-301,400 --orders 2-9 --max-ptes-none 511', 'MADV_PAGEOUT'],
])('--format mail: a case with %s as C that compiles and runs', async (_, given, part) => {
  const { stdout } = await thpscope(
    words(`verify walk test/fixtures/lab/lies.js ${given} --outcome 2-9=SCAN_PAGE_COUNT --format mail`),
  );
  const [, snippet] = stdout.split(/^The same in a range of 2M[^/]*?:?\n\n/m);
  expect(snippet).toContain(part);
  expect(snippet.split('\n').filter((line) => line.replaceAll('\t', '        ').length > 72)).toEqual([]);
  if (hasCompiler) runC(snippet);
});

test('--format mail says why there is no selftest', async () => {
  const of = async (given: string) =>
    (await thpscope(words(`verify walk test/fixtures/lab/lies.js ${given} --format mail`))).stdout;
  expect(
    await of('--pattern 0-3 --swap 4 --orders 2-9 --max-ptes-none 0 --outcome 2-9=SCAN_PAGE_COUNT'),
  ).toContain('No selftest: in a range of 2M the scan leaves it alone, or nothing is');
  expect(
    await of('--pmd-order 11 --pattern 0 --orders 2 --max-ptes-none 2047 --outcome 2=SCAN_PAGE_COUNT'),
  ).toContain('No selftest: a range of PMD order 11 is larger than 2M.');
});

/** Compiles statements as a function, and runs it. */
function runC(statements: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-snippet-'));
  try {
    const headers = ['fcntl.h', 'linux/userfaultfd.h', 'stdint.h', 'sys/ioctl.h', 'sys/mman.h'].concat([
      'sys/syscall.h',
      'unistd.h',
    ]);
    const source = [
      '#define _GNU_SOURCE',
      ...headers.map((header) => `#include <${header}>`),
      'int main(void) {',
      statements,
      'return p[0] != 1; }',
    ];
    writeFileSync(join(folder, 'snippet.c'), source.join('\n'));
    execFileSync('cc', ['-Wall', '-Werror', '-o', join(folder, 'snippet'), join(folder, 'snippet.c')]);
    execFileSync(join(folder, 'snippet'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('--format ktap: a plan, a line a check, what is wrong before it', async () => {
  const { stdout, code } = await thpscope(
    words('verify test/fixtures/lab/lies.js --pmd-order 3 --format ktap'),
  );
  expect(code).toBe(1);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.slice(0, 2)).toEqual(['KTAP version 1', '1..11']);
  const results = lines.filter((line) => /^(not )?ok /.test(line));
  expect(results.map((line) => Number(/ok (\d+) /.exec(line)?.[1]))).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
  ]);
  expect(results.filter((line) => line.startsWith('not ok'))).toHaveLength(2);
  expect(results.filter((line) => line.includes('# SKIP not reported'))).toHaveLength(2);
  expect(lines.filter((line) => line.startsWith('# again: thpscope verify'))).toHaveLength(2);
});

test('of a search that does not do the same twice, nothing else is said', async () => {
  const { stdout } = await thpscope(words('verify walk test/fixtures/lab/rnd.js --format ktap'));
  expect(stdout).toMatch(/^ok 1 .* # SKIP nothing is said of a search that fails the last check$/m);
  expect(stdout).toMatch(/^not ok 2 .*: do what searches may, and the same twice/m);
});

test('--format junit: as many cases as it says, and nothing that is no XML', async () => {
  const { stdout } = await thpscope(words(`${ASKED} --format junit`));
  expect(stdout).toMatch(
    /^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuite .* tests="2" failures="1" skipped="0" /,
  );
  expect(stdout.match(/<testcase /g)).toHaveLength(2);
  expect(stdout).toContain('<failure message="an attempt is left out in ');
  expect(stdout).not.toContain('\\x0a');
});

test('JSON says which thpscope judged which file by which rules, and what was tried', async () => {
  const { stdout } = await thpscope(words(`${ASKED} --format json`));
  const json = JSON.parse(stdout);
  expectSchema('verify', json);
  expect(json.files).toEqual([{ path: MODULE, sha256 }]);
  expect(json.models).toEqual(['linux-7.3', 'linux-7.3']);
  expect(json.tried.map((each: { results: string[] }) => each.results.length)).toEqual([1, 36, 5, 5]);
});

test.each([
  ['verify walk stack --json --format mail', /--json and --format mail: give one/],
  [
    'verify walk --against optimal examples/redis.parquet --format junit',
    /of snapshots there is text and json/,
  ],
])('%s: refused', async (line, message) => {
  const { stderr, code } = await thpscope(words(line));
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});
