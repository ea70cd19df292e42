import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const oxlint = resolve('node_modules/.bin/oxlint');
const PURE_ROOMS = ['core', 'memory', 'khugepaged', 'simulation', 'analysis', 'lab', 'render'] as const;

/** What each room may import besides itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  memory: ['../core/x.ts'],
  khugepaged: ['../core/x.ts', '../memory/x.ts'],
  simulation: ['../core/x.ts', '../memory/x.ts', '../khugepaged/x.ts', 'zod'],
  analysis: ['../core/x.ts'],
  lab: ['../core/x.ts'],
  render: ['../core/x.ts', '../analysis/x.ts', '../simulation/x.ts', '../lab/x.ts', 'picocolors'],
  linux: ['../core/x.ts', 'node:fs', 'koffi'],
  snapshot: ['../core/x.ts', 'node:fs', 'zod', 'hyparquet', 'hyparquet-writer'],
  server: ['../core/x.ts', '../snapshot/x.ts', 'node:fs', 'hono', 'hono/streaming', '@hono/node-server'],
  'kernel-lab': ['../core/x.ts', '../memory/x.ts', '../khugepaged/x.ts', 'node:fs', 'node:util'],
};

const EVERYTHING = [
  '../core/x.ts',
  '../memory/x.ts',
  '../khugepaged/x.ts',
  '../simulation/x.ts',
  '../analysis/x.ts',
  '../lab/x.ts',
  '../render/x.ts',
  '../linux/x.ts',
  '../snapshot/x.ts',
  '../server/x.ts',
  '../cli/x.ts',
  './../cli/x.ts',
  'node:fs',
  'fs',
  'zod',
  'koffi',
  'picocolors',
  'hyparquet',
  'hyparquet-writer',
  'hono',
  'hono/streaming',
  '@hono/node-server',
];

/** The ways to import, each on a line of its own. */
const IMPORTS: readonly ((path: string) => string)[] = [
  (path) => `import '${path}';`,
  (path) => `export { a } from '${path}';`,
  (path) => `export type { A } from '${path}';`,
  (path) => `export * from '${path}';`,
  (path) => `await import('${path}');`,
];

const IMPURE = [
  'export const a = Date.now();',
  'export const b = new Date();',
  'export const c = Math.random();',
  "export const d = Math['random']();",
  "console.log('x');",
  'export const e = process.env;',
  'export const f = performance.now();',
  'export const g = setTimeout(() => {}, 1);',
  "export const h = fetch('x');",
];

let folder: string;
/** Complaints as "file:line". */
let complaints: Set<string>;
const expected = new Map<string, number[]>();

/** Puts a file of one-line statements into the lint's folder; those for which `isBad` holds must be reported. */
function place(path: string, lines: readonly string[], isBad: (line: number) => boolean): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), `${lines.join('\n')}\n`);
  expected.set(
    path,
    lines.flatMap((_, i) => (isBad(i) ? [i + 1] : [])),
  );
}

/** The lines of a file that the lint rules complain about. */
function reported(path: string): number[] {
  return [...complaints]
    .filter((complaint) => complaint.startsWith(`${path}:`))
    .map((complaint) => Number(complaint.slice(path.length + 1)))
    .sort((a, b) => a - b);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'thpscope-lint-'));
  copyFileSync('.oxlintrc.json', join(folder, '.oxlintrc.json'));
  for (const [room, allowed] of Object.entries(MAY_IMPORT)) {
    const others = EVERYTHING.filter((path) => !path.startsWith(`../${room}/`));
    IMPORTS.forEach((write, i) => {
      const isBad = (line: number) => !allowed.includes(others[line]);
      place(`src/${room}/import-${i}.ts`, others.map(write), isBad);
    });
    place(`src/${room}/own.ts`, ["import './x.ts';"], () => false);
    const named = ["import type { A } from '../cli/x.ts';", "import { b } from '../cli/x.ts';"];
    place(`src/${room}/named.ts`, [...named, 'export const c: A = b;'], (line) => line < named.length);
  }
  for (const room of PURE_ROOMS) place(`src/${room}/impure.ts`, IMPURE, () => true);
  for (const room of ['linux', 'cli']) place(`src/${room}/impure.ts`, IMPURE, () => false);
  place('src/cli/import.ts', EVERYTHING.map(IMPORTS[0]), () => false);
  place('src/core/first.ts', ["export { a } from './second.ts';"], () => true);
  place('src/core/second.ts', ["export { a } from './first.ts';"], () => true);

  const { stdout } = spawnSync(oxlint, ['--format', 'unix'], { cwd: folder, encoding: 'utf8' });
  complaints = new Set(
    [...stdout.matchAll(/^(src\/[^:]+):(\d+):\d+: /gm)].map(([, file, line]) => `${file}:${line}`),
  );
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('the lint rules report exactly the lines that', () => {
  for (const room of Object.keys(MAY_IMPORT)) {
    for (const [i, write] of IMPORTS.entries()) {
      test(`leave ${room} by ${write('...')}`, () => {
        const path = `src/${room}/import-${i}.ts`;
        expect(reported(path)).toEqual(expected.get(path));
      });
    }
    test(`leave ${room} by a named import, also of a type`, () => {
      const path = `src/${room}/named.ts`;
      expect(reported(path)).toEqual(expected.get(path));
      expect(reported(`src/${room}/own.ts`)).toEqual([]);
    });
  }

  test.each(PURE_ROOMS)('make %s depend on the clock, chance or the process', (room) => {
    const path = `src/${room}/impure.ts`;
    expect(reported(path)).toEqual(expected.get(path));
  });

  test('close a cycle', () => {
    expect(reported('src/core/first.ts')).toEqual([1]);
    expect(reported('src/core/second.ts')).toEqual([1]);
  });
});

test('linux and the commands may do what the pure rooms may not', () => {
  for (const path of ['src/linux/impure.ts', 'src/cli/impure.ts', 'src/cli/import.ts']) {
    expect(reported(path)).toEqual([]);
  }
});

test('the rules cover every room that there is', () => {
  const rooms = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const covered = [...Object.keys(MAY_IMPORT), 'cli'];
  expect(rooms.map(({ name }) => name).filter((name) => !covered.includes(name))).toEqual([]);
});

test('the pure rooms type-check without the types of Node and the DOM', () => {
  const { stdout, status } = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.pure.json'], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

test('the check of the pure rooms knows no global of Node or the DOM', () => {
  const pure = join(folder, 'src/core/globals.ts');
  const globals = ['Buffer', 'setImmediate', 'queueMicrotask', 'crypto', 'require', 'document', 'console'];
  writeFileSync(pure, globals.map((name) => `export const my_${name} = ${name};`).join('\n'));
  const config = { extends: resolve('tsconfig.pure.json'), include: [pure] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const { stdout } = spawnSync(resolve('node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  const lines = [...stdout.matchAll(/globals\.ts\((\d+),\d+\): error TS2\d+:/g)].map(([, line]) =>
    Number(line),
  );
  expect(lines).toEqual(globals.map((_, i) => i + 1));
});
