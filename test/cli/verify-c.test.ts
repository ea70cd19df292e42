import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { PROGRAM, SCRIPT } from '../support/built-command.ts';
import { expectSchema } from '../support/schemas.ts';
import { type Run, thpscope, words } from '../support/thpscope.ts';
import { hasCompiler } from '../support/verify/compiler.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-c-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const searching = (body: string, above = '') => `${above}
static enum scan_result mthp_collapse(struct mm_struct *mm, unsigned long address, int referenced,
	int unmapped, struct collapse_control *cc, unsigned long enabled_orders)
{
	${body}
}
`;

const verify = (path: string, ...flags: string[]): Promise<Run> =>
  thpscope(['verify', 'walk', path, '--pmd-order', '3', ...flags]);

/** Processes of searches that this one has left running. */
const searches = () => spawnSync('pgrep', ['-P', String(process.pid), '-f', '/search-']).stdout.toString();

const ONE = '--pattern 0-3,6 --orders all --max-ptes-none 0';

test('without a compiler: one sentence, and the exit code of what is not supported here', async () => {
  const { stdout, stderr, code } = await verify(
    file('any.c', searching('return SCAN_FAIL;')),
    '--cc',
    'no-such-cc',
  );
  expect(stderr).toMatch(
    /any.c: no C compiler 'no-such-cc' here; install one \(gcc or clang\), or name it with --cc or CC\n$/,
  );
  expect(stdout).toBe('');
  expect(code).toBe(4);
});

describe.skipIf(!hasCompiler)('a search in C', () => {
  test('asks for the limit of each order, which may be one of its own', async () => {
    const asked = ['--limits-by-order', '--cases', '3000', '--seed', '1'];
    expect((await verify('examples/algorithms/walk.c', ...asked)).code).toBe(0);
  });

  test('prints to stderr, whole lines and not without end', async () => {
    const talks = file('talks.c', searching('pr_info("looks\\n"); return SCAN_FAIL;'));
    const { code, stdout, stderr } = await thpscope([
      ...words('explain --pattern 0 --orders 2 --max-ptes-none 0 --json --algorithm'),
      talks,
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).algorithm).toBe(talks);
    expect(stderr).toMatch(/^(looks\n)+$/);
    const many = await thpscope(['verify', talks, '--pmd-order', '3', '--cases', '9000', '--seed', '1']);
    expect(many.stderr).toMatch(/^(looks\n)+\(what else it prints is left out\)\n$/);
    expect(many.stderr.length).toBeLessThan(20_000);
  });

  test('is compiled as it stands in two shapes, and agrees', async () => {
    for (const line of ['verify walk examples/algorithms/walk.c', 'verify v18 examples/algorithms/stack.c']) {
      for (const pmdOrder of [4, 5, 9, 11, 13]) {
        const { stdout, stderr, code } = await thpscope(words(`${line} --pmd-order ${pmdOrder} ${ONE}`));
        expect(stderr).toBe('');
        expect(stdout).toContain('no difference');
        expect(code).toBe(0);
      }
    }
  });

  test.each([
    [
      'next-order-by-highest-bit',
      4,
      '--pattern 0 --orders 2-3 --max-ptes-none 15',
      'uses bit 19 of mthp_present_ptes, which has 16, at examples/algorithms/next-order-by-highest-bit.c:16',
    ],
    [
      'step-too-small',
      3,
      '--pattern 2 --orders 2 --max-ptes-none 7 --outcome 0:2=SCAN_PAGE_COUNT',
      'attempts 2:2, which is not aligned',
    ],
    [
      'lowest-bit-of-zero',
      3,
      '--pattern 0 --orders 2 --max-ptes-none 7',
      'calls __ffs(0), which is undefined, at examples/algorithms/lowest-bit-of-zero.c:8',
    ],
  ])('%s is refuted with its smallest case', async (name, pmdOrder, flags, sentence) => {
    const path = `examples/algorithms/${name}.c`;
    const line = `verify walk ${path} --pmd-order ${pmdOrder}`;
    const { stdout, code } = await thpscope(words(line));
    expect(stdout.split('\n')[0]).toBe(`${path} ${sentence}`);
    expect(stdout).toContain(`again: thpscope ${line} ${flags}\n`);
    expect(code).toBe(1);
  });

  test('is what verify --new writes, and then agrees and keeps to what searches should', async () => {
    const path = join(folder, 'new.c');
    expect((await thpscope(['verify', '--new', path])).stdout).toContain(`now: thpscope verify walk ${path}`);
    expect((await thpscope(['verify', '--new', path])).code).toBe(2);
    expect((await verify(path, '--cases', '20000')).stdout).toMatch(/^no difference/);
    const alone = await thpscope(['verify', path, '--pmd-order', '3', '--json', '--cases', '20000']);
    expectSchema('verify', JSON.parse(alone.stdout));
    expect(JSON.parse(alone.stdout).holds).toBe(true);
  });

  test('knows the names of kernel code by their meaning', async () => {
    const path = 'test/fixtures/c-walk/helpers.c';
    const { stdout, stderr } = await thpscope(
      words(`verify ${path} --pmd-order 9 --pattern 0-7 --orders 2 --max-ptes-none 511 --relation windows`),
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(/=  SCAN_SUCCEED\n/);
    expect(stdout).toContain('4:2');
  });

  test('has the results of khugepaged under their numbers', async () => {
    const header = readFileSync('c-walk/khugepaged.h', 'utf8');
    const [, body] = /enum scan_result \{([\s\S]*?)\}/.exec(header) ?? [];
    const { NUMBERED_RESULTS } = await import('../../src/verify/c/messages.ts');
    const names = [...(body ?? '').matchAll(/^\t(SCAN_\w+),/gm)].map(([, name]) => name);
    expect(names).toEqual([...NUMBERED_RESULTS, 'SCAN_PMD_NONE', 'SCAN_PAGE_RO']);
  });

  test('may bring along what the header has too: its own is used', async () => {
    const own = searching(
      'return helper(cc) + collapse_max_ptes_none(3) == 7 ? SCAN_FAIL : SCAN_PAGE_LOCK;',
      `#define KHUGEPAGED_MIN_MTHP_ORDER 3
struct collapse_control { int weight; DECLARE_BITMAP(mthp_bitmap, MAX_PTRS_PER_PTE); };
static int collapse_max_ptes_none(int order) { return order; }
static int helper(struct collapse_control *cc) { return cc->weight + bitmap_weight(cc->mthp_bitmap, HPAGE_PMD_NR) + KHUGEPAGED_MIN_MTHP_ORDER; }`,
    );
    const { stdout, stderr } = await verify(
      file('own.c', own),
      ...words('--pattern 4 --orders 3 --max-ptes-none 7'),
    );
    expect(stderr).toBe('');
    expect(stdout).toContain('SCAN_FAIL');
  });

  const FAULTS: [string, string, RegExp][] = [
    ['loops', 'for (;;);', /does not come back/],
    ['waits', 'pause(); return 0;', /does not come back/],
    ['writes where nothing is', '*(volatile int *)8 = 1; return 0;', /writes where no memory is at .*\.c:5$/],
    [
      'writes beyond the end',
      '*(volatile char *)(cc + 1) = 1; return 0;',
      /beyond the end of what it has at .*\.c:5$/,
    ],
    ['divides by zero', 'return 4 / unmapped;', /leaves undefined at .*\.c:5: division by zero$/],
    [
      'calls itself for ever',
      'return mthp_collapse(mm, address + 1, 0, 0, cc, 0) + 1;',
      /calls itself too often/,
    ],
    ['forks', 'for (;;) fork();', /calls fork\(\), which no walk may/],
    ['opens a socket', 'return socket(2, 1, 0);', /calls socket\(\), which no walk may/],
    ['eats memory', 'for (;;) memset(malloc(1 << 20), 1, 1 << 20);', /asks for too much memory/],
    ['has huge data', 'static char big[300000000]; return big[unmapped];', /more than 64 MB of global data/],
    ['ends the process', 'exit(0);', /ends the process with status 0/],
    ['keeps state', 'static int n; return n++ & 1;', /does not do the same when the same case comes again/],
    [
      'meets its own warning',
      'return WARN_ON_ONCE(unmapped < 9);',
      /meets WARN_ON_ONCE\(unmapped < 9\) at .*\.c:5$/,
    ],
    ['returns no result', 'return 512;', /returns 512, which is no result/],
    [
      'attempts outside',
      'return collapse_huge_page(mm, address - PAGE_SIZE * 4, 0, 0, cc, 2);',
      /attempts -4:2, which is not inside the range/,
    ],
    [
      'attempts what is not aligned',
      'return collapse_huge_page(mm, address + PAGE_SIZE, 0, 0, cc, 2);',
      /attempts 1:2, which is not aligned/,
    ],
    [
      'attempts no page',
      'return collapse_huge_page(mm, address + 8, 0, 0, cc, 2);',
      /an address that is not that of a page/,
    ],
    [
      'attempts at disabled orders',
      'return collapse_huge_page(mm, address, 0, 0, cc, 1);',
      /0:1, whose order is not enabled/,
    ],
    [
      'attempts without end',
      'while (enabled_orders) collapse_huge_page(mm, address, 0, 0, cc, highest_order(enabled_orders)); return 0;',
      /makes more than 32 attempts/,
    ],
    ['writes to any pipe', 'for (int i = 3; i < 100; i++) write(i, "junk", 4); return 1;', /returns|differ/],
  ];
  const POSIX =
    'int fork(void); int pause(void); int socket(int, int, int); void exit(int); void *malloc(size_t); long write(int, const void *, size_t);';
  test.each(FAULTS)('that %s is reported as that in a case, with exit code 1', async (_, body, sentence) => {
    const path = file('faulty.c', searching(body, POSIX));
    const { stdout, code } = await verify(path, ...words('--pattern 0 --orders 2 --max-ptes-none 7'));
    expect(stdout.split('\n')[0]).toMatch(sentence);
    expect(code).toBe(1);
    await expect.poll(searches).toBe('');
  });

  test.each(FAULTS.filter(([what]) => /^(loops|keeps state|forks)/.test(what)))(
    'that %s is reported with the smallest case, and leaves nothing running',
    async (_, body, sentence) => {
      const path = file('faulty.c', searching(body, POSIX));
      const { stdout, code } = await verify(path, '--cases', '1000');
      expect(stdout.split('\n')[0]).toMatch(sentence);
      expect(stdout).toMatch(/again: thpscope verify walk .* --pmd-order 3 --pattern 0 --orders 2/);
      expect(code).toBe(1);
      await expect.poll(searches).toBe('');
    },
  );

  const REFUSED: [string, string, RegExp][] = [
    [
      'does not compile',
      searching('return SCAN_FAIL'),
      /faulty.c:5:25: error: expected[\s\S]*faulty.c does not compile at PMD order 3\n$/,
    ],
    [
      'calls what nobody knows',
      searching('return foo(1);'),
      /foo is not a name that thpscope knows: define it in .*faulty.c above/,
    ],
    ['has no search', 'int x;', /no mthp_collapse or collapse_scan_bitmap in it/],
    [
      'includes the kernel',
      searching('return 0;', '#include <linux/mm.h>'),
      /leave #include <linux\/mm.h> out/,
    ],
  ];
  test.each(REFUSED)('that %s is refused with exit code 2', async (_, text, message) => {
    const { stdout, stderr, code } = await verify(file('faulty.c', text));
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test('that crashes after one end of an attempt only is shown with that end', async () => {
    const body = `for (int offset = 0; offset < HPAGE_PMD_NR && test_bit(2, &enabled_orders); offset += 4) {
      int end = collapse_huge_page(mm, address + offset * PAGE_SIZE, 0, 0, cc, 2);
      if (offset == 4 && end == SCAN_CGROUP_CHARGE_FAIL) *(volatile int *)8 = 1;
    }
    return SCAN_FAIL;`;
    // Against itself, so that nothing else is found first.
    const path = file('late.c', searching(body));
    const { stdout } = await thpscope(['verify', path, path, '--pmd-order', '3']);
    expect(stdout.split('\n')[0]).toBe(`${path} writes where no memory is at ${path}:7`);
    const [, again] = /^again: thpscope (.*)$/m.exec(stdout) ?? [];
    expect(again).toContain('--orders 2 --max-ptes-none 7 --outcome 4:2=SCAN_CGROUP_CHARGE_FAIL');
    const shown = await thpscope(words(again));
    expect(shown.stdout.split('\n')[0]).toBe(stdout.split('\n')[0]);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('goes when the command is ended by %s', async (signal, exit) => {
    const command = spawn(PROGRAM, [...SCRIPT, 'verify', 'walk', 'examples/algorithms/walk.c']);
    const ended = once(command, 'exit');
    const children = () =>
      spawnSync('pgrep', ['-P', String(command.pid), '-f', '/search-'])
        .stdout.toString()
        .trim();
    let search = '';
    await expect.poll(() => (search = children()), { timeout: 60_000 }).not.toBe('');
    command.kill(signal);
    expect((await ended)[0]).toBe(exit);
    await expect.poll(() => existsSync(`/proc/${search}/exe`)).toBe(false);
  });

  test('that prints harms nobody', async () => {
    const printing = readFileSync('examples/algorithms/walk.c', 'utf8').replace(
      'while (offset',
      'for (int i = 0; i < 500; i++) printf("junk\\n");\n\twhile (offset',
    );
    const { stdout, code } = await verify(file('prints.c', printing), ...words(ONE.replace('0-3,6', '0-3')));
    expect(stdout).toContain('no difference');
    expect(code).toBe(0);
  });

  test('is taken out of a patch or a mail as it was saved, and named with its lines', async () => {
    const marked = readFileSync('examples/algorithms/walk.c', 'utf8').replaceAll(/^/gm, '+');
    const head =
      'Subject: [PATCH] a walk; no stack\n\n---\n@@ -1,3 +1,90 @@ static void before(void)\n \treturn;\n }\n';
    const tail = '\n static void after(void)\n {\n-- \n2.43.0\n';
    const asked = words('--pattern 0,4 --orders 2 --max-ptes-none 7');
    for (const ending of ['.eml', '.patch', '.diff', '.mbox']) {
      const { stdout, code } = await verify(file(`walk${ending}`, head + marked + tail), ...asked);
      expect(stdout).toMatch(/^no difference between walk and /);
      expect(code).toBe(0);
    }
    const wrong = file('wrong.eml', head + marked.replace('__ffs(', '__ffs(0 * ') + tail);
    const { stdout, code } = await verify(wrong, ...asked);
    const line =
      readFileSync(wrong, 'utf8')
        .split('\n')
        .findIndex((each) => each.includes('0 * ')) + 1;
    expect(stdout).toContain(`calls __ffs(0), which is undefined, at ${wrong}:${line}`);
    expect(code).toBe(1);
    const partly = file(
      'partly.patch',
      '@@ -1,3 +1,3 @@ static int mthp_collapse(int a)\n \ta();\n+\tb();\n }\n',
    );
    expect(await verify(partly)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('of a patch to a part, paste the function as it is then'),
    });
  });

  test('is taken out of an answer to a mail, encoded as mail may be', async () => {
    const asked = words('--pattern 0,4 --orders 2 --max-ptes-none 7');
    const added = readFileSync('examples/algorithms/walk.c', 'utf8').replaceAll(/^/gm, '+');
    const quoted = `@@ -1,2 +1,90 @@ static void before(void)\n }\n${added}`.replaceAll(/^/gm, '> ');
    const commented = quoted.replace('> +\twhile', '\nWhy a { loop?\n\n> +\twhile');
    const body = `S wrote:\n${commented}\nLooks good.\n`;
    const head = 'From: R\nSubject: Re: [PATCH]\nContent-Transfer-Encoding:';
    const long = body.replaceAll('=', '=3D').replaceAll(/(.{70})(?=.)/g, '$1=\n');
    const encoded = Buffer.from(body).toString('base64');
    for (const [name, text] of [
      ['8bit', body],
      ['quoted-printable', long],
      ['base64', encoded.replaceAll(/(.{76})/g, '$1\n')],
    ]) {
      const { stdout, code } = await verify(file(`${name}.eml`, `${head} ${name}\n\n${text}`), ...asked);
      expect(stdout).toMatch(/^no difference between walk and /);
      expect(code).toBe(0);
    }
    const strange = await verify(file('strange.eml', `${head} x-own\n\n${body}`), ...asked);
    expect(strange.stderr).toContain(
      'its Content-Transfer-Encoding is x-own, which mail has not; save its text',
    );
    expect(strange.code).toBe(5);
  });

  test('is taken out of a series as its last patch leaves it', async () => {
    const asked = words('--pattern 0,4 --orders 2 --max-ptes-none 7');
    const right = readFileSync('examples/algorithms/walk.c', 'utf8');
    const added = right.replace('__ffs(', '__ffs(0 * ').replaceAll(/^/gm, '+');
    const lines = right.split('\n');
    const at = lines.findIndex((line) => line.includes('__ffs('));
    const fix = [
      `@@ -${at + 1},3 +${at + 1},3 @@ static enum scan_result mthp_collapse(struct mm_struct *mm, unsigned long`,
      ` ${lines[at - 1]}`,
      `-${lines[at].replace('__ffs(', '__ffs(0 * ')}`,
      `+${lines[at]}`,
      ` ${lines[at + 1]}`,
    ];
    const series = (later: string) =>
      `From a\nFrom: S\nSubject: 1\n\n@@ -1,2 +1,90 @@\n }\n${added}\n\nFrom b\nFrom: S\nSubject: 2\n\n${later}\n`;
    const { stdout, code } = await verify(file('series.mbox', series(fix.join('\n'))), ...asked);
    expect(stdout).toMatch(/^no difference between walk and /);
    expect(code).toBe(0);
    const other = await verify(
      file('other.mbox', series(fix.join('\n').replace('-\t', '-\tother_'))),
      ...asked,
    );
    expect(other.stderr).toMatch(/line \d+: a later patch changes mthp_collapse in part/);
    expect(other.code).toBe(2);
  });

  test.each([
    ['test_bit(HPAGE_PMD_NR, cc->mthp_present_ptes)', 'bit 8 of mthp_present_ptes'],
    ['helper(cc->mthp_bitmap + 0)', 'bit 9 of mthp_bitmap'],
    ['find_next_zero_bit(cc->mthp_present_ptes, HPAGE_PMD_NR + 64, 0)', 'bit 8 of mthp_present_ptes'],
    ['bitmap_weight_from(cc->mthp_present_ptes, 4, 12)', 'bit 11 of mthp_present_ptes'],
    ['bitmap_empty(cc->mthp_bitmap_temp, 9)', 'bit 8 of mthp_bitmap_temp'],
    ['(set_bit(8, cc->mthp_bitmap_mask), 1)', 'bit 8 of mthp_bitmap_mask'],
    ['(bitmap_copy(cc->mthp_bitmap_temp, cc->mthp_bitmap, 16), 1)', 'bit 15 of mthp_bitmap'],
    ['test_bit(8, thpscope_range->present_ptes)', 'bit 8 of present_ptes'],
  ])('that looks behind a bitmap is told so: %s', async (call, bit) => {
    const helper = 'static bool helper(const unsigned long *map) { return test_bit(9, map); }';
    const body = `if (${call})\n\t\treturn SCAN_FAIL;\n\treturn SCAN_FAIL;`;
    const path = file('behind.c', searching(body, helper));
    const { stdout, code } = await verify(path, ...words('--pattern 0-7 --orders 2-3 --max-ptes-none 0'));
    expect(stdout.split('\n')[0]).toBe(
      `${path} uses ${bit}, which has 8, at ${path}:${call.startsWith('helper') ? 1 : 5}`,
    );
    expect(code).toBe(1);
  });

  test('may name more bits than there are, where none of them is looked at', async () => {
    const calls = [
      'find_next_bit(cc->mthp_present_ptes, HPAGE_PMD_NR + 64, 0)',
      'find_next_bit(cc->mthp_present_ptes, HPAGE_PMD_NR, HPAGE_PMD_NR + 4)',
      'bitmap_weight_from(cc->mthp_present_ptes, 12, 12)',
    ];
    const path = file('within.c', searching(`return ${calls.join(' + ')} > 99 ? SCAN_SUCCEED : SCAN_FAIL;`));
    const { stdout } = await thpscope([
      'verify',
      path,
      ...words('--pmd-order 3 --pattern 0-7 --orders 2-3 --max-ptes-none 0 --relation result'),
    ]);
    expect(stdout).not.toContain('uses bit');
    expect(stdout).toContain('SCAN_FAIL');
  });

  test('is explained like a built-in: its attempts, and the visits that it reports', async () => {
    const line =
      'explain --pattern 4-7,12-27 --pmd-order 5 --orders 2-4 --max-ptes-none 0 --json --algorithm';
    const path = join(folder, 'explained.c');
    await thpscope(['verify', '--new', path]);
    const explained = async (algorithm: string) =>
      JSON.parse((await thpscope([...words(line), algorithm])).stdout);
    const byWalk = await explained('walk');
    expect(await explained(path)).toEqual({ ...byWalk, algorithm: path });
    const { visits, ...rest } = await explained('examples/algorithms/walk.c');
    const { visits: allVisits, ...ofWalk } = byWalk;
    expect(rest).toEqual({ ...ofWalk, algorithm: 'examples/algorithms/walk.c' });
    const window = ({ offset, order, result }: { offset: number; order: number; result?: string }) =>
      `${offset}:${order} ${result}`;
    const attempted = allVisits.filter(({ result }: { result?: string }) => result !== undefined);
    expect(visits.map(window)).toEqual(attempted.map(window));
  });

  test('that is wrong only after other ranges keeps something, and is no difference', async () => {
    const text = readFileSync('examples/algorithms/walk.c', 'utf8');
    const tired = text
      .replace('bool collapsed = false', 'static int looks; bool collapsed = false')
      .replace('if (test_bit(order', 'if (looks++ < 20000 && test_bit(order');
    const { stdout, code } = await verify(file('tired.c', tired), '--cases', '20000', '--seed', '1');
    expect(stdout.split('\n')[0]).toMatch(/tired.c does not do the same twice for the same case$/);
    // Where it is noticed within a case or only when all is tried again, it is no difference.
    expect(stdout).not.toContain('differ:');
    expect(stdout).not.toMatch(/^again:/m);
    expect(code).toBe(1);
  });

  test('that attempts what is not enabled is shown with orders that are, and none without a selftest', async () => {
    const text = readFileSync('examples/algorithms/walk.c', 'utf8');
    const path = file('enabled.c', text.replace('test_bit(order, &enabled_orders)', 'order >= 2'));
    const { stdout } = await verify(path, '--cases', '1000', '--seed', '1');
    expect(stdout).toContain('case: --pmd-order 3 --pattern 0 --orders 2 --max-ptes-none 7\n');
    const none = await verify(path, ...words('--pattern 0 --orders none --max-ptes-none 7 --format mail'));
    expect(none.stdout).toContain('No selftest: no kernel searches memory for which no size is enabled.');
  });

  test('that crashes ends explain and compare with one sentence and exit code 5', async () => {
    const path = file('crashes.c', searching('return *(volatile int *)8;'));
    for (const line of [
      `explain --pattern 0-3 --algorithm ${path}`,
      `compare walk ${path} examples/redis.parquet --orders all`,
    ]) {
      const { stdout, stderr, code } = await thpscope(words(line));
      expect(stderr).toBe(
        `thpscope: ${path} reads where no memory is at ${path}:5; 'thpscope verify ${path}' shows the smallest case\n`,
      );
      expect(stdout).toBe('');
      expect(code).toBe(5);
    }
  });

  test('on recorded memory', async () => {
    const line = 'compare walk examples/algorithms/walk.c examples/redis.parquet --orders all';
    const { stdout, code } = await thpscope(words(line));
    expect(stdout).toContain('other windows attempted in 0, collapsed in 0');
    expect(code).toBe(0);
  });
});
