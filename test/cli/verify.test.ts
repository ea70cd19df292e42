import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { DEADLINES, type Deadlines } from '../../src/cli/shared/search/deadline.ts';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

function module(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What does not come back is given up sooner than by users: a module, and a worker that loads one. */
const STEP_SOON = { ...DEADLINES, step: 1_000 };
const SILENCE_SOON = { ...DEADLINES, silence: 1_000 };

const collapsing = (body: string) => `export default { collapse(range, policy, attempt) { ${body} } };`;

test('equal machines: exit code 0, and a proof', async () => {
  const { stdout, code } = await thpscope(words('verify walk stack --pmd-order 9'));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^walk and stack agree, proved for every bitmap, limit and set of orders/);
  expect(stdout).toMatch(/ 9 +256 +43,692\n/);
});

test('equal algorithms, one of which shows no states: exit code 0, and how many cases were tried', async () => {
  const path = join(folder, 'opaque-walk.js');
  await thpscope(['verify', '--new', path]);
  const { stdout, code } = await thpscope(['verify', 'walk', path, '--pmd-order', '3']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/ 3 {2}every range, .* 206,016\n/);
  expect(stdout).toMatch(/^tested, not proved: .*opaque-walk.js does not show its states$/m);
});

test('machines that differ: exit code 1, the smallest range and the shortest sequence of answers', async () => {
  const line = 'verify walk examples/algorithms/no-skip-of-large-folios.js --pmd-order 9';
  const { stdout, code } = await thpscope(words(line));
  expect(code).toBe(1);
  expect(stdout).toContain(
    '--pmd-order 3 --pattern 0 --orders 2-3 --max-ptes-none 7 --outcome 0:3=SCAN_PTE_MAPPED_HUGEPAGE',
  );
  expect(stdout).toContain('no range of PMD order 3 with fewer PTEs does it');
  expect(stdout).toMatch(
    /0:3 {2}enough pages, SCAN_PTE_MAPPED_HUGEPAGE\n {2}then walk ends, .* visits 0:2\n/,
  );
  const json = JSON.parse((await thpscope([...words(line), '--json'])).stdout);
  expectSchema('verify', json);
  expect(json).toMatchObject({
    holds: false,
    proved: false,
    proof: { smallest: true, parting: { pmdOrder: 3 } },
  });
});

test('one machine: what it keeps to is proved, with the bounds; cases where they are asked for', async () => {
  const { stdout, code } = await thpscope(words('verify stack --pmd-order 9'));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^stack, proved for every bitmap, limit and set of orders, and every outcome/);
  expect(stdout.match(/^proved /gm)).toHaveLength(12);
  expect(stdout).toMatch(/ 9 +256 +43,692 +255 +255 +8\n/);
  expect(stdout).toContain('  255 attempts with orders 2-9\n');
  expect(stdout).toContain('8 on the stack with orders 2: 0:2 above 256:8 128:7 64:6 32:5 16:4 8:3 4:2\n');
  expect((await thpscope(words('verify stack --cases 1000'))).stdout).toMatch(/^in 1,000 cases:\nheld /);
  const tap = await thpscope(words('verify walk --pmd-order 5 --format ktap'));
  expect(tap.stdout).toMatch(/^ok 1 walk: no larger .* missed, proved for every bitmap/m);
  expect(tap.stdout).toMatch(/on the stack, .* # SKIP not reported/);
});

test('one machine that breaks a property: exit code 1, a small case and the answers', async () => {
  const line = 'verify examples/algorithms/no-skip-of-large-folios.js --pmd-order 9';
  const { stdout, code } = await thpscope(words(line));
  expect(code).toBe(1);
  expect(stdout).toMatch(/^broken {8}nothing is attempted inside a window past which Linux 7.3 goes on/m);
  expect(stdout).toMatch(
    /--pattern 0 --orders 2-3 --max-ptes-none 7 --outcome 0:3=SCAN_PTE_MAPPED_HUGEPAGE\n/,
  );
  const json = JSON.parse((await thpscope([...words(line), '--json'])).stdout);
  expectSchema('verify', json);
  expect(json).toMatchObject({ proved: false, proof: { broken: { property: 'steps-over', pmdOrder: 3 } } });
});

test('one that shows no states is tested, and the answer says why', async () => {
  const { stdout } = await thpscope(words('verify chunks --pmd-order 3'));
  expect(stdout).toMatch(/^tested, not proved: chunks does not show its states$/m);
});

test('rounds: what its parts show is proved, the rest is tried, and each is called what it is', async () => {
  const line = 'verify rounds --pmd-order 3 --seed 1';
  const { stdout, code } = await thpscope(words(line));
  expect(code).toBe(1);
  const [tried, proved] = stdout.split(/^rounds, proved for every bitmap/m);
  expect(proved).toMatch(/^proved {2}no larger enabled aligned window that qualifies is ever missed$/m);
  expect(tried).not.toMatch(/^proved/m);
  expect(tried).toMatch(/^departs {7}nothing is attempted after a result at which Linux 7.3 stops$/m);
  expect(tried).toMatch(/^departs: from Linux 7.3, as rounds means to/m);
  expect(stdout).not.toContain('broken');
  expect(stdout).toMatch(/^ +3 +4 +14 +6 +6 +4$/m);
  const json = JSON.parse((await thpscope([...words(line), '--json'])).stdout);
  expectSchema('verify', json);
  expect(json).toMatchObject({
    proved: false,
    properties: { 'largest-first': 'proved', stops: 'broken', 'stack-depth': 'not-reported' },
    proof: { of: 'parts', leavesOpen: ['stops', 'result', 'failed-allocation', 'stack-depth'] },
  });
  expect(json.proof.gone[0].rounds).toEqual({ most: 4, orders: [2, 3], reached: true });
});

test('walk and rounds are proved to attempt the same windows where no result ends a search', async () => {
  const line = 'verify walk rounds --relation windows --pmd-order 5 --results SCAN_SUCCEED,SCAN_PAGE_COUNT';
  const { stdout, code } = await thpscope(words(line));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^walk and rounds agree, proved .*\(2 results\)/);
  expect(stdout).toContain('in whatever order');
  const json = JSON.parse((await thpscope([...words(line), '--json'])).stdout);
  expectSchema('verify', json);
  expect(json).toMatchObject({ holds: true, proved: true, proof: { same: 'set' }, pmdOrders: [5] });
});

test.each([
  ['scaled', /judge windows by rules of their own/],
  ['stack-patch11 --relation result', /they do not attempt the same windows in the same order/],
])('walk and %s are tested, and the answer says why', async (other, why) => {
  const { stdout } = await thpscope(words(`verify walk ${other} --pmd-order 3`));
  expect(stdout).toMatch(/^tested, not proved: /m);
  expect(stdout).toMatch(why);
});

test('a difference: exit code 1, and commands that show the case and everything again', async () => {
  const found = await thpscope(words('verify walk scaled --pmd-order 3 --seed 7'));
  expect(found.code).toBe(1);
  expect(found.stdout).toMatch(/^walk and scaled differ/);
  const [, again] = /^again: thpscope (.*)$/m.exec(found.stdout) ?? [];
  const shown = await thpscope(words(again));
  expect(shown.code).toBe(1);
  const trace = found.stdout.split('\n\n').find((part) => part.startsWith('#'));
  expect(trace).toContain('<- first difference');
  expect(shown.stdout).toContain(trace);

  const [, everything] = /everything again: thpscope (.*)$/m.exec(found.stdout) ?? [];
  expect(everything).toBe('verify walk scaled --pmd-order 3 --seed 7');
  const once = await thpscope(words(everything));
  expect(once.stdout.replace(/[\d.]+ s\n/, '')).toBe(found.stdout.replace(/[\d.]+ s\n/, ''));
});

test('--cases ends it, and goes on with random cases where the usual ones are too few', async () => {
  const few = await thpscope(words('verify walk stack --pmd-order 9 --cases 1000 --json'));
  const { cases, tried } = JSON.parse(few.stdout);
  expect(cases).toBe(1000);
  // Each kind has its turn, those of a later stage later.
  expect(tried.map((each: { cases: number }) => each.cases)).toEqual([500, 250, 250, 0]);
  const many = JSON.parse(
    (await thpscope(words('verify walk stack --pmd-order 3 --cases 210000 --seed 1 --json'))).stdout,
  );
  expect(many.cases).toBe(210_000);
  expect(many.tried.at(-1)).toMatchObject({ pmdOrder: 3, exhaustive: false, complete: false });
});

test('--time ends it too, and it is repeated by the number of cases', async () => {
  const { stdout } = await thpscope(words('verify walk stack --time 1 --seed 1'));
  const [, cases] = /^([\d,]+) cases; /m.exec(stdout) ?? [];
  expect(stdout).toContain(
    `everything again: thpscope verify walk stack --cases ${cases.replaceAll(',', '')} --seed 1`,
  );
});

test('what is wrong only after other ranges is told apart, of a module too', async () => {
  const path = join(folder, 'tires.js');
  await thpscope(['verify', '--new', path]);
  const walk = readFileSync(path, 'utf8');
  const tired = walk
    .replace(/^export default/m, 'let left = 3000;\nexport default')
    .replace(/(collapse\(range, policy, attempt[^)]*\) \{)/, "$1 if (left-- < 1) return 'SCAN_FAIL';");
  writeFileSync(path, tired);
  const { stdout, code } = await thpscope(words(`verify walk ${path} --pmd-order 3 --cases 9000 --seed 1`));
  expect(stdout).toMatch(/^\S+tires.js does not do the same twice for the same case\n/);
  expect(stdout).toMatch(/tires.js, after other ranges +\S+tires.js, started anew\n1 +- +0:2/);
  expect(stdout).not.toMatch(/^again:/m);
  expect(code).toBe(1);
});

test('that a window with holes collapses where userfaultfd is armed is assumed, and said', async () => {
  const line = 'verify walk stack-patch11 --pattern 0-3 --orders 2-3 --max-ptes-none 511 --uffd-armed';
  const assumed = 'assumed: attempts on windows with holes succeed';
  expect((await thpscope(words(line))).stdout).toContain(assumed);
  const ends = `${line} --outcome 3=SCAN_EXCEED_NONE_PTE`;
  const { stdout } = await thpscope(words(ends));
  expect(stdout).not.toContain(assumed);
  expect(stdout).toContain('pages needed are those that Linux asks for');
});

test('--results all is what is tried by default', async () => {
  const line = 'verify walk scaled --relation result --pmd-order 3 --seed 1';
  const [all, usual] = [await thpscope(words(`${line} --results all`)), await thpscope(words(line))];
  const table = (text: string) => text.slice(0, text.search(/^[\d,]+ cases[;,]/m));
  expect(table(all.stdout)).toBe(table(usual.stdout));
  expect(all.stdout).toContain('36 results: all that there are');
});

test('a retry with reclaim has an end of its own', async () => {
  const line =
    'verify walk rounds --pmd-order 3 --pattern 0 --orders 2 --max-ptes-none 7 --outcome 0:2=SCAN_ALLOC_LIGHT_MISS';
  expect((await thpscope(words(line))).stdout).toContain('0:2*  1/1  SCAN_SUCCEED');
  const failing = await thpscope(words(`${line} --outcome 0:2*=SCAN_ALLOC_HUGE_PAGE_FAIL`));
  expect(failing.stdout).toContain('0:2*  1/1  SCAN_ALLOC_HUGE_PAGE_FAIL');
  expect(failing.stdout).toContain("--outcome '0:2*=SCAN_ALLOC_HUGE_PAGE_FAIL'");
});

test('limits by order are part of a case: asked for, told, and taken back', async () => {
  const template = (await thpscope(words('verify --new -'))).stdout;
  const path = module(
    'one-limit.js',
    template.replaceAll(
      'judgeWindow(range, policy, offset, order);',
      'judgeWindow(range, { ...policy, noneLimits: undefined }, offset, order);',
    ),
  );
  const { stdout, code } = await thpscope([
    'verify',
    'walk',
    path,
    ...words('--pmd-order 3 --limits-by-order --seed 1'),
  ]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^everything again: .* --limits-by-order --pmd-order 3 --seed 1$/m);
  const [, flags] = /^case: (.*)$/m.exec(stdout) ?? [];
  expect(flags).toMatch(/--max-ptes-none-of [23]=[1-7]/);
  const again = await thpscope(['verify', 'walk', path, ...words(flags), '--json']);
  expect(again.code).toBe(1);
  const json = JSON.parse(again.stdout);
  expectSchema('verify', json);
  expect(Object.keys(json.findings[0].case.noneLimits)).toHaveLength(1);
  expect((await thpscope(['verify', 'walk', path, ...words('--pmd-order 3 --seed 1')])).code).toBe(0);
});

test('a search for each pass: the ranges before are part of the case, which a command shows again', async () => {
  const template = (await thpscope(words('verify --new -'))).stdout;
  const path = module(
    'budget.js',
    template
      .replace(/\}\) => \(\{/, '}) => ({ startPass() { let left = 20; return {')
      .replace('window.qualifies ? attempt', 'window.qualifies && left-- > 0 ? attempt')
      .replace(/\}\);\s*$/, '}; } });\n'),
  );
  const { stdout, code } = await thpscope([
    'verify',
    'walk',
    path,
    ...words('--pmd-order 5 --cases 1000 --seed 1'),
  ]);
  expect(code).toBe(1);
  const [, flags] = /^case: (.*)$/m.exec(stdout) ?? [];
  expect(flags).toMatch(/--before \S+/);
  const again = await thpscope(['verify', 'walk', path, ...words(flags.replaceAll("'", '')), '--json']);
  expect(again.code).toBe(1);
  const json = JSON.parse(again.stdout);
  expectSchema('verify', json);
  expect(json.findings[0].case.before).toHaveLength(1);
  const alone = flags.replace(/--before \S+/, '');
  expect((await thpscope(['verify', 'walk', path, ...words(alone)])).code).toBe(0);
});

test('explain goes by limits of orders, and says so', async () => {
  const line = 'explain --pmd-order 4 --pattern 1-15 --orders 2-4 --max-ptes-none 0 --max-ptes-none-of 4=1';
  const { stdout } = await thpscope(words(line));
  expect(stdout).toContain('max_ptes_none 0, 1 for order 4');
  expect(stdout).toMatch(/0:4 .* 15 +15 /);
  const json = JSON.parse((await thpscope([...words(line), '--json'])).stdout);
  expectSchema('explain', json);
  expect(json.policy.noneLimits).toEqual({ 4: 1 });
});

test.each([
  ['--max-ptes-none-of 4', 'write ORDERS=N, such as 4-6=8'],
  ['--max-ptes-none-of 2=4', 'a window of order 2 has at most 3 empty pages'],
  ['--max-ptes-none-of 1=0', 'max_ptes_none of orders'],
  ['--before all*0', 'write LIST or LIST*N, 1024 ranges at most'],
])('what is no limit and no range is told: %s', async (flag, why) => {
  const { stderr, code } = await thpscope(words(`verify walk stack --pattern 0 ${flag}`));
  expect(code).toBe(2);
  expect(stderr).toContain(why);
});

test('what agrees in one relation may differ in another', async () => {
  const results = '--results SCAN_SUCCEED,SCAN_CGROUP_CHARGE_FAIL --pmd-order 3';
  expect((await thpscope(words(`verify walk rounds --relation result ${results}`))).code).toBe(0);
  expect((await thpscope(words(`verify walk rounds --relation windows ${results}`))).code).toBe(1);
});

test('JSON conforms to its schema: agreement, difference, properties, covers, a single case, snapshots', async () => {
  for (const [line, exit] of [
    ['verify walk stack --pmd-order 3', 0],
    ['verify walk rounds --pmd-order 3', 1],
    ['verify walk recursive --relation windows --pmd-order 5', 0],
    ['verify walk stack --cases 1000', 0],
    ['verify stack --pmd-order 3', 0],
    ['verify walk --against optimal --objective price:2 --pmd-order 3', 1],
    ['verify walk stack --pattern 0-3 --pmd-order 3', 0],
    ['verify walk --against optimal examples/redis.parquet --orders all', 0],
  ] as const) {
    const { stdout, code } = await thpscope(words(`${line} --json`));
    const json = JSON.parse(stdout);
    expectSchema('verify', json);
    expect(json.holds).toBe(exit === 0);
    expect(code).toBe(exit);
  }
});

describe('a module that', () => {
  const RUNS: [string, string, RegExp][] = [
    ['loops', 'for (;;);', /does not come back/],
    ['throws', "throw new TypeError('oh no')", /throws TypeError: oh no/],
    [
      'attempts what is not aligned',
      'return attempt([{ offset: 2, order: 2 }])[0]',
      /attempts 2:2, which is not aligned/,
    ],
    [
      'attempts outside of the range',
      'return attempt([{ offset: 8192, order: 2 }])[0]',
      /not inside the range/,
    ],
    [
      'attempts at disabled orders',
      'return attempt([{ offset: 0, order: 1 }])[0]',
      /0:1, whose order is not enabled/,
    ],
    [
      'attempts without end',
      'for (;;) attempt([{ offset: 0, order: Math.log2(policy.orders) | 0 }])',
      /which|more than|whose/,
    ],
    ['never returns a result', '', /returns undefined, which is no result/],
  ];
  for (const [what, body, message] of RUNS) {
    test(`${what} is reported as that, with the case and exit code 1`, async () => {
      const path = module('faulty.js', collapsing(body));
      const { stdout, code } = await thpscope(['verify', 'walk', path, '--pmd-order', '3'], '', {
        deadlines: STEP_SOON,
      });
      expect(code).toBe(1);
      expect(stdout.split('\n')[0]).toMatch(message);
      expect(stdout).toContain(`again: thpscope verify walk ${path} --pmd-order 3 --pattern`);
    });
  }

  const LOADS: [string, string, number, RegExp, Deadlines?][] = [
    ['loops while it is loaded', 'for (;;);', 5, /^thpscope: [^ ]*bad.mjs does not come back/, SILENCE_SOON],
    ['throws while it is loaded', "throw new Error('early')", 5, /cannot be loaded: Error: early/],
    ['is no JavaScript', 'function (', 5, /cannot be loaded: SyntaxError/],
    ['ends the process', 'process.exit(0)', 5, /ended the process/],
    ['exports something else', 'export default 3', 5, /exports no algorithm; .*--new/],
    [
      'exports a function that throws',
      "export default () => { throw new Error('kit') }",
      5,
      /throws Error: kit/,
    ],
  ];
  for (const [what, text, exit, message, deadlines] of LOADS) {
    test(`${what} is reported in one line, with exit code ${exit}`, async () => {
      const { stdout, stderr, code } = await thpscope(['verify', 'walk', module('bad.mjs', text)], '', {
        deadlines,
      });
      expect(stderr).toMatch(message);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stdout).toBe('');
      expect(code).toBe(exit);
    });
  }

  test('has a syntax error is told the line', async () => {
    const { stderr } = await thpscope(['verify', 'walk', module('syntax.mjs', '\n\nconst let = 3;\n')]);
    expect(stderr).toMatch(/SyntaxError: .* in syntax.mjs:3: const let = 3;\n$/);
  });

  test('prints does not print into the answer', async () => {
    const line = 'verify walk test/fixtures/lab/talk.js --pmd-order 3 --json';
    const { stdout, stderr } = await thpscope(words(line));
    expect(JSON.parse(stdout).holds).toBe(true);
    expect(stderr).toContain('hello');
  });

  test('hangs is told the smallest case that it hangs on', async () => {
    const { stdout, code } = await thpscope(words('verify walk test/fixtures/lab/s-u8off.js'), '', {
      deadlines: STEP_SOON,
    });
    // Where attempts succeed it makes them again and again, which is told apart.
    const name = 'test/fixtures/lab/s-u8off.js';
    const head = `${name} makes more than 2048 attempts in one range\n${name} does not come back\n`;
    expect(stdout.startsWith(head)).toBe(true);
    expect(stdout).toMatch(/^case: --pmd-order 8 --pattern 0 --orders 2 --max-ptes-none \d+$/m);
    expect(code).toBe(1);
  });

  test('ends the process is told in which case', async () => {
    const path = module(
      'exits.js',
      collapsing("if (policy.orders === 4) process.exit(0); return 'SCAN_FAIL';"),
    );
    const { stdout, code } = await thpscope(['verify', path, '--pmd-order', '3']);
    expect(stdout).toMatch(/throws Error: it ended the process\n/);
    expect(stdout).toContain('case: --pmd-order 3 --pattern 0 --orders 2 --max-ptes-none 7\n');
    expect(code).toBe(1);
  });

  test('writes to what it is given harms nobody', async () => {
    const path = module(
      'writes.js',
      collapsing("range.occupied.fill(0); policy.orders = 0; return 'SCAN_FAIL'"),
    );
    const { stdout } = await thpscope(['verify', path, 'walk', '--pattern', '0-3', '--pmd-order', '3']);
    expect(stdout).toContain('0:3  4/1  SCAN_SUCCEED');
  });

  test('hangs in a single case is reported too', async () => {
    const path = module('hangs.js', collapsing('for (;;);'));
    const { stdout, code } = await thpscope(
      ['verify', 'walk', path, '--pattern', '0', '--pmd-order', '3'],
      '',
      { deadlines: STEP_SOON },
    );
    expect(stdout).toMatch(/does not come back/);
    expect(code).toBe(1);
  });
});

describe('--new', () => {
  test('writes a module that equals the walk, and no second time', async () => {
    const path = join(folder, 'my-walk.js');
    expect((await thpscope(['verify', '--new', path])).code).toBe(0);
    const again = await thpscope(['verify', '--new', path]);
    expect(again).toMatchObject({ code: 2, stdout: '' });
    const verified = await thpscope(['verify', 'walk', path, '--pmd-order', '3']);
    expect(verified.stdout).toMatch(/^no difference/);
  });

  test('--machine writes one that shows its states, and is proved to be the walk', async () => {
    const path = join(folder, 'my-machine.js');
    expect((await thpscope(['verify', '--new', path, '--machine'])).code).toBe(0);
    const { stdout, code } = await thpscope(['verify', 'walk', path, '--pmd-order', '9']);
    expect(stdout).toMatch(/agree, proved for every bitmap/);
    expect(code).toBe(0);
    const inC = await thpscope(['verify', '--new', join(folder, 'my-machine.c'), '--machine']);
    expect(inC).toMatchObject({ code: 2, stderr: expect.stringContaining('a machine is a module') });
  });

  test('writes TypeScript, which runs on every Node', async () => {
    const path = join(folder, 'my-walk.ts');
    await thpscope(['verify', '--new', path]);
    const { stdout } = await thpscope(['verify', 'walk', path, '--pmd-order', '3']);
    expect(stdout).toMatch(/^no difference/);
    const machine = join(folder, 'my-machine.ts');
    await thpscope(['verify', '--new', machine, '--machine']);
    const importing = module('importing.ts', "import mine from './my-machine.ts';\nexport default mine;\n");
    const proof = await thpscope(['verify', 'walk', importing, '--pmd-order', '5']);
    expect(proof.stdout).toMatch(/agree, proved for every bitmap/);
  });

  test('TypeScript that is more than types is told the line', async () => {
    const path = module('enum.ts', 'export default {};\nenum Order { Pmd = 9 }\n');
    const { stderr, code } = await thpscope(['verify', 'walk', path]);
    expect(code).toBe(5);
    expect(stderr).toMatch(/enum.ts: cannot be loaded: .*enum is not supported in strip-only mode/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('wants a name of JavaScript or TypeScript', async () => {
    expect((await thpscope(words('verify --new walk.py'))).stderr).toMatch(/must end in .js, .ts or .c/);
  });
});

test.each([
  ['verify', 2, /which algorithms\? for example: thpscope verify walk stack/],
  ['verify nosuch walk', 2, /nosuch: neither a file nor one of walk, stack,/],
  ['verify walk stack examples/redis.parquet', 2, /compare takes snapshots/],
  ['verify walk stack --orders 2', 2, /a case needs its --pattern/],
  ['verify walk stack --pmd-order 2', 2, /thpscope knows PMD orders 3 to 13/],
  ['verify walk stack --results SCAN_WHAT', 2, /SCAN_WHAT is not a result/],
  ['verify walk stack --cases 0', 2, /--cases 0: write how many/],
  ['verify walk stack --time 0', 2, /--time 0: write for how many seconds/],
  ['verify walk --against optimal --objective speed', 2, /write coverage, folios or price:N/],
  ['compare walk stack', 2, /two algorithms and a snapshot/],
  ['compare walk stack /no/such/file', 5, /no such file/],
] as const)('%s: exit code %i and one line that says why', async (line, code, message) => {
  const run = await thpscope(words(line));
  expect(run.stderr).toMatch(message);
  expect(run.stderr.trim().split('\n')).toHaveLength(1);
  expect(run).toMatchObject({ code, stdout: '' });
});

describe('compare', () => {
  const SCALED = 'compare walk scaled examples/redis.parquet --orders all --max-ptes-none 255';

  test('says what differs on recorded memory, as predict of each does', async () => {
    const { stdout, code } = await thpscope(words(`${SCALED} --json`));
    expect(code).toBe(1);
    const json = JSON.parse(stdout);
    expectSchema('compare', json);
    for (const [i, kernel] of ['linux-7.2', 'scaled'].entries()) {
      const flags = `--orders all --max-ptes-none 255 --kernel ${kernel} --json`;
      const predicted = JSON.parse((await thpscope(words(`predict examples/redis.parquet ${flags}`))).stdout);
      const { coveredPages, filledPages } = predicted.totals;
      expect(json.algorithms[i]).toMatchObject({ coveredPages, filledPages });
    }
    const [a, b] = json.algorithms;
    expect(b.coveredPages - a.coveredPages).toBe(b.onlyCoveredPages - a.onlyCoveredPages);
  });

  test('prints the same as a table', async () => {
    const { stdout } = await thpscope(words(SCALED));
    expect(stdout).toMatch(/^covered +22.8M +68.5M +\+45.7M$/m);
    expect(stdout).toMatch(
      /143 ranges scanned: other windows attempted in 139, collapsed in 139, first at 0x/,
    );
  });

  test('finds no difference between walk and stack, nor between walk and rounds but their order', async () => {
    for (const other of ['stack', 'rounds', 'recursive']) {
      const { stdout, code } = await thpscope(
        words(`compare walk ${other} examples/redis.parquet --orders all`),
      );
      expect(stdout).toContain('other windows attempted in 0, collapsed in 0');
      expect(code).toBe(0);
    }
  });

  test('lets built-in searches take their time', async () => {
    const line = 'compare walk stack examples/redis.parquet --orders all';
    const { stderr, code } = await thpscope(words(line), '', {
      deadlines: { step: 1, silence: 1, case: 1 },
    });
    expect([stderr, code]).toEqual(['', 0]);
  });

  test('reports what a module does wrong', async () => {
    const path = module('looping.js', collapsing('for (;;);'));
    const { stderr, code } = await thpscope(
      ['compare', 'walk', path, 'examples/redis.parquet', '--orders', 'all'],
      '',
      { deadlines: STEP_SOON },
    );
    expect(stderr).toBe(`thpscope: ${path} does not come back\n`);
    expect(code).toBe(5);
  });
});

test('explain marks the retry with reclaim, which ends in what its own outcome says', async () => {
  const line =
    'explain --pmd-order 3 --pattern 0 --orders 2 --max-ptes-none 7 --algorithm rounds --outcome 0:2=SCAN_ALLOC_LIGHT_MISS';
  const succeeds = await thpscope(words(line));
  expect(succeeds.stdout).toMatch(/^\d+ +0:2\* .* collapses/m);
  const fails = await thpscope(words(`${line} --outcome 0:2*=SCAN_ALLOC_HUGE_PAGE_FAIL --json`));
  const json = JSON.parse(fails.stdout);
  expectSchema('explain', json);
  expect(json.visits.filter((visit: { reclaim?: boolean }) => visit.reclaim)).toMatchObject([
    { offset: 0, order: 2, result: 'SCAN_ALLOC_HUGE_PAGE_FAIL' },
  ]);
  expect((await thpscope(words(`${line} --outcome 0:2*=SCAN_ALLOC_LIGHT_MISS`))).stderr).toMatch(
    /never ends with/,
  );
});

test.each([
  [
    'walk stack',
    'no attempt of walk or stack ends in SCAN_ALLOC_LIGHT_MISS, which only the rebuild has (rounds)',
  ],
  ['rounds', ''],
])('--results that no attempt of %s can have are told', async (names, said) => {
  const line = `verify ${names} --pmd-order 3 --cases 100 --seed 1 --results SCAN_SUCCEED,SCAN_ALLOC_LIGHT_MISS`;
  expect((await thpscope(words(line))).stderr).toBe(said === '' ? '' : `thpscope: ${said}\n`);
});
