import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const oxlint = resolve('node_modules/.bin/oxlint');
const PURE_ROOMS = ['core', 'machine', 'khugepaged', 'simulation', 'analysis', 'verify', 'render'] as const;
/** Folders of rooms that import only those before them. */
const IN_ORDER: Record<string, readonly string[]> = {
  core: ['base', 'memory', 'bitmaps', 'rules', 'search', 'plan', 'fault', 'digest'],
  analysis: [
    'reading',
    'ranges',
    'cache',
    'prediction',
    'table',
    'digest',
    'sweep',
    'advice',
    'services',
    'apply',
    'difference',
    'watch',
    'metrics',
    'report',
  ],
};

/** What each room may import besides itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  machine: ['core'],
  khugepaged: ['core', 'machine'],
  simulation: ['core', 'machine', 'khugepaged', 'zod'],
  analysis: ['core'],
  verify: ['core'],
  render: ['core', 'analysis', 'simulation', 'verify', 'picocolors'],
  linux: ['core', 'node:fs', 'koffi'],
  snapshot: ['core', 'node:fs', 'zod/mini', 'hyparquet', 'hyparquet-writer'],
  fleet: [
    'core',
    'analysis',
    'snapshot',
    'node:fs',
    'zod',
    'hyparquet',
    'hyparquet-writer',
    'aws4fetch',
    '@duckdb/node-api',
  ],
  server: ['core', 'snapshot', 'node:fs', 'hono', 'hono/streaming', '@hono/node-server'],
  conform: ['core', 'machine', 'khugepaged', 'node:fs', 'node:util'],
};

const ROOMS = ['core', ...Object.keys(MAY_IMPORT), 'cli'];
const PACKAGES = [
  'node:fs',
  'fs',
  'zod',
  'zod/mini',
  'koffi',
  'picocolors',
  'hyparquet',
  'hyparquet-writer',
  'hono',
  'hono/streaming',
  '@hono/node-server',
  'aws4fetch',
  '@duckdb/node-api',
];

/** A folder of src that holds files, and what they may import: rooms, folders of core, packages. */
interface Place {
  folder: string;
  allowed: readonly string[];
}

const PLACES: readonly Place[] = [
  ...inOrder('core', []),
  ...inOrder('analysis', ['core']),
  { folder: 'core/search/rounds', allowed: upTo('core', 'search') },
  ...Object.entries(MAY_IMPORT).flatMap(([room, others]) => {
    if (room in IN_ORDER) return [];
    const allowed = [room, ...others];
    const inside = readdirSync(`src/${room}`, { recursive: true, withFileTypes: true });
    const folders = inside
      .filter((each) => each.isDirectory())
      .map(({ name, parentPath }) => ({
        folder: posix.join(posix.relative('src', parentPath), name),
        allowed,
      }));
    return [
      { folder: room, allowed },
      ...folders.filter(({ folder }) => folder !== 'khugepaged/calibration'),
    ];
  }),
];

/** The folders of a room up to one of them. */
function upTo(room: string, last: string): readonly string[] {
  const folders = IN_ORDER[room];
  return folders.slice(0, folders.indexOf(last) + 1).map((each) => `${room}/${each}`);
}

function inOrder(room: string, others: readonly string[]): readonly Place[] {
  return IN_ORDER[room].map((name) => ({
    folder: `${room}/${name}`,
    allowed: [...upTo(room, name), ...others],
  }));
}

/** The ways from a folder of src to every room, every folder in order, and every package. */
function destinations(folder: string): { path: string; to: string }[] {
  const up = '../'.repeat(folder.split('/').length);
  const rooms = ROOMS.filter((room) => !(room in IN_ORDER) && room !== folder.split('/')[0]);
  const folders = Object.entries(IN_ORDER).flatMap(([room, all]) => all.map((name) => `${room}/${name}`));
  return [...folders.filter((each) => each !== folder), ...rooms]
    .map((to) => ({ path: `${posix.relative(folder, to)}/x.ts`, to }))
    .concat(PACKAGES.map((name) => ({ path: name, to: name })))
    .concat([
      { path: './../cli/x.ts', to: 'a detour' },
      { path: '../core/../cli/x.ts', to: 'a detour' },
      { path: `${up}../web/state/x.ts`, to: 'web' },
    ]);
}

/** Whether a place may import something: "core" stands for all folders of core, "analysis" for its own. */
function mayImport({ allowed }: Place, to: string): boolean {
  return allowed.some((each) => to === each || (each in IN_ORDER && to.startsWith(`${each}/`)));
}

/** What the doors of the package hand out, and what they may not. `node.ts` has a rule of its own. */
const FROM_DOORS = {
  allowed: [...PURE_ROOMS.map((room) => `./${room}/x.ts`), './snapshot/reader.ts', './snapshot/damage.ts'],
  refused: [
    ...['linux', 'server', 'cli', 'conform'].map((room) => `./${room}/x.ts`),
    './snapshot/writer.ts',
    './core/../cli/x.ts',
    '../web/state/x.ts',
    ...PACKAGES,
  ],
};

/** What a file of a folder of the web app may import, and what it may not. */
const FROM_WEB = {
  allowed: [
    './x.ts',
    './x.css',
    '../state/x.ts',
    ...PURE_ROOMS.map((room) => `../../src/${room}/x.ts`),
    '../../src/core/memory/x.ts',
    '../../src/snapshot/reader.ts',
    '../../examples/x.parquet?url',
    'preact',
    'preact/hooks',
    '@preact/signals',
    'comlink',
    'uplot',
  ],
  refused: [
    ...['linux', 'server', 'cli', 'conform'].map((room) => `../../src/${room}/x.ts`),
    '../../src/snapshot/writer.ts',
    '../../src/snapshot/file.ts',
    '../../test/x.ts',
    'node:fs',
    'fs',
    'zod',
    'koffi',
    'hono',
    'hyparquet-writer',
  ],
};

/** The ways to import, each on a line of its own. */
const IMPORTS: readonly ((path: string) => string)[] = [
  (path) => `import '${path}';`,
  (path) => `export { a } from '${path}';`,
  (path) => `export type { A } from '${path}';`,
  (path) => `export * from '${path}';`,
  (path) => `await import('${path}');`,
];

/** Those of IMPORTS that take values when the file is loaded. */
const TAKES_VALUES = [true, true, false, true, false];

/**
 * Render writes what others decide: of core it takes values of base and memory, else types and a few names.
 */
function takesTypesOnly({ folder: from }: Place, to: string): boolean {
  return from.startsWith('render/') && to.startsWith('core/') && !['core/base', 'core/memory'].includes(to);
}

const DECISIONS = [
  "import { planRange } from '../../core/plan/plan.ts';",
  "import { collapsesOf } from '../../core/plan/plan.ts';",
  "import type { CollapsePlan } from '../../core/plan/plan.ts';",
  'export const a = (plan: CollapsePlan) => [planRange, collapsesOf(plan)];',
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

/**
 * Puts a file of one-line statements into the lint's folder; those for which `isBad` holds must be reported.
 */
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
  for (const each of PLACES) {
    const others = destinations(each.folder);
    IMPORTS.forEach((write, i) => {
      const isBad = (line: number) =>
        takesTypesOnly(each, others[line].to) ? TAKES_VALUES[i] : !mayImport(each, others[line].to);
      place(
        `src/${each.folder}/import-${i}.ts`,
        others.map(({ path }) => write(path)),
        isBad,
      );
    });
    place(`src/${each.folder}/own.ts`, ["import './x.ts';"], () => false);
    const cli = `${'../'.repeat(each.folder.split('/').length)}cli/x.ts`;
    const named = [`import type { A } from '${cli}';`, `import { b } from '${cli}';`];
    place(`src/${each.folder}/named.ts`, [...named, 'export const c: A = b;'], (line) => line < named.length);
  }
  place('src/render/text/decides.ts', DECISIONS, (line) => line === 0);
  const deeper = DECISIONS.map((line) => line.replace('../../core', '../../../core'));
  place('src/render/text/verify/decides.ts', deeper, (line) => line === 0);
  for (const room of PURE_ROOMS) place(`src/${room}/impure.ts`, IMPURE, () => true);
  for (const room of ['linux', 'cli']) place(`src/${room}/impure.ts`, IMPURE, () => false);
  const fromCli = destinations('cli');
  place(
    'src/cli/import.ts',
    fromCli.map(({ path }) => IMPORTS[0](path)),
    (line) => fromCli[line].to === 'web',
  );
  const doors = FROM_DOORS.allowed.length;
  IMPORTS.forEach((write, i) => {
    const lines = [...FROM_DOORS.allowed, './snapshot/file.ts', ...FROM_DOORS.refused].map(write);
    place(`src/door-${i}.ts`, lines, (line) => line >= doors);
  });
  const fromNode = [...FROM_DOORS.allowed, ...FROM_DOORS.refused, './snapshot/file.ts'];
  place('src/node.ts', fromNode.map(IMPORTS[1]), (line) => line < fromNode.length - 1);
  const { allowed, refused } = FROM_WEB;
  IMPORTS.forEach((write, i) => {
    const isBad = (line: number) => line >= allowed.length;
    place(`web/map/import-${i}.tsx`, [...allowed, ...refused].map(write), isBad);
    const inRoom = (path: string) => path.replace(/^\.\.\//, '../../');
    place(`web/map/lists/import-${i}.tsx`, [...allowed, ...refused].map(inRoom).map(write), isBad);
    place(
      `web/main-${i}.tsx`,
      ['./map/x.tsx', '../src/linux/x.ts', 'node:fs'].map(write),
      (line) => line > 0,
    );
  });
  place('src/core/base/first.ts', ["export { a } from './second.ts';"], () => true);
  place('src/core/base/second.ts', ["export { a } from './first.ts';"], () => true);

  const { stdout } = spawnSync(oxlint, ['--format', 'unix'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  complaints = new Set(
    [...stdout.matchAll(/^((?:src|web)\/[^:]+):(\d+):\d+: /gm)].map(([, file, line]) => `${file}:${line}`),
  );
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('the lint rules report exactly the lines that', () => {
  for (const { folder: room } of PLACES) {
    for (const [i, write] of IMPORTS.entries()) {
      test(`leave ${room} by ${write('...')}`, () => {
        const path = `src/${room}/import-${i}.ts`;
        expect(expected.get(path)).not.toEqual([]);
        expect(reported(path)).toEqual(expected.get(path));
      });
    }
    test(`leave ${room} by a named import, also of a type`, () => {
      const path = `src/${room}/named.ts`;
      expect(reported(path)).toEqual(expected.get(path));
      expect(reported(`src/${room}/own.ts`)).toEqual([]);
    });
  }

  test.each(IMPORTS.map((write, i) => [write('...'), i]))('leave the web app by %s', (_, i) => {
    for (const path of [`web/map/import-${i}.tsx`, `web/map/lists/import-${i}.tsx`, `web/main-${i}.tsx`])
      expect(reported(path)).toEqual(expected.get(path));
  });

  test.each(IMPORTS.map((write, i) => [write('...'), i]))('leave the doors of the package by %s', (_, i) => {
    expect(reported(`src/door-${i}.ts`)).toEqual(expected.get(`src/door-${i}.ts`));
    expect(reported('src/node.ts')).toEqual(expected.get('src/node.ts'));
  });

  test('make the commands import the web app', () => {
    expect(reported('src/cli/import.ts')).toEqual(expected.get('src/cli/import.ts'));
    expect(expected.get('src/cli/import.ts')).toHaveLength(1);
  });

  test.each(PURE_ROOMS)('make %s depend on the clock, chance or the process', (room) => {
    const path = `src/${room}/impure.ts`;
    expect(reported(path)).toEqual(expected.get(path));
  });

  test('make render decide something', () => {
    expect(reported('src/render/text/decides.ts')).toEqual([1]);
    expect(reported('src/render/text/verify/decides.ts')).toEqual([1]);
  });

  test('close a cycle', () => {
    expect(reported('src/core/base/first.ts')).toEqual([1]);
    expect(reported('src/core/base/second.ts')).toEqual([1]);
  });
});

test('linux and the commands may do what the pure rooms may not', () => {
  for (const path of ['src/linux/impure.ts', 'src/cli/impure.ts']) {
    expect(reported(path)).toEqual([]);
  }
});

test('the rules cover every folder that there is', () => {
  const entries = readdirSync('src', { withFileTypes: true, recursive: true });
  const folders = new Set(
    entries
      .filter((each) => each.isFile() && each.name.endsWith('.ts'))
      .map((each) => each.parentPath.slice(4)),
  );
  const covered = new Set(PLACES.map(({ folder: name }) => name));
  expect(
    [...folders].filter((name) => name !== '' && !covered.has(name) && name.split('/')[0] !== 'cli'),
  ).toEqual([]);
});

test('only the doors of the package stand outside of the rooms', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    exports: Record<string, string | { types: string; default: string }>;
  };
  const doors = Object.values(exports).flatMap((each) => (typeof each === 'string' ? [] : [each.default]));
  const files = readdirSync('src', { withFileTypes: true }).filter((each) => each.isFile());
  expect(files.map(({ name }) => `./dist/${name.replace(/\.ts$/, '.js')}`).sort()).toEqual(doors.sort());
});

test('the pure rooms type-check without the types of Node and the DOM', () => {
  const { stdout, status } = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.pure.json'], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

test('the check of the pure rooms knows no global of Node or the DOM', () => {
  const pure = join(folder, 'src/core/base/globals.ts');
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
