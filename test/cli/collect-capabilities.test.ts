import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROGRAM, SCRIPT } from '../support/built-command.ts';

/** The table of docs/fleet.md: capabilities, whether processes of other users are read, and their folios. */
const TABLE = [
  ...readFileSync('docs/fleet.md', 'utf8').matchAll(/^\| (CAP_\S.*|none) \| (yes|no) \| (yes|no) \|$/gm),
].map(([, names, isRead, seesFolios]) => ({ names, isRead, seesFolios }));
const OWNER = 64_321;
const READER = 64_322;

const isRoot = process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status === 0;
if (!isRoot) console.error('##### NOT ROOT, OR NO setpriv: nobody holds docs/fleet.md to capabilities #####');

let other: ChildProcess;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thpscope-capabilities-'));
  chmodSync(folder, 0o777);
  if (!isRoot) return;
  const script = 'globalThis.kept = Buffer.alloc(4e6, 1); console.log(1); setInterval(() => {}, 1e6)';
  other = spawn(process.execPath, ['-e', script], { uid: OWNER, gid: OWNER });
  await once(other.stdout ?? other, 'data');
});

afterAll(() => {
  other?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test('the table names every set of the three capabilities', () => {
  expect(new Set(TABLE.map(({ names }) => names)).size).toBe(8);
});

/** Linux 6.18 lets CAP_SYS_ADMIN read memory in place of CAP_SYS_PTRACE; older kernels need not. */
const [major, minor] = release().split('.').map(Number);
const HELD = TABLE.filter(
  ({ names, isRead }) => isRead === 'no' || names.includes('PTRACE') || major * 100 + minor >= 618,
);

test.skipIf(!isRoot).each(HELD)('$names: reads other users $isRead, folios $seesFolios', (row) => {
  const held =
    row.names === 'none'
      ? []
      : row.names.split(', ').map((each) => `+${each.slice('CAP_'.length).toLowerCase()}`);
  const set = ['-all', ...held].join(',');
  const user = ['--reuid', `${READER}`, '--regid', `${READER}`, '--clear-groups', '--no-new-privs'];
  const rights = ['--inh-caps', set, '--ambient-caps', set, '--bounding-set', set];
  const collect = [
    ...SCRIPT,
    'collect',
    '-p',
    `${other.pid}`,
    '-o',
    folder,
    '--host',
    row.names.replaceAll(/\W/g, ''),
  ];
  const { stderr, status } = spawnSync(
    'setpriv',
    [...user, ...rights, PROGRAM, ...collect, '--spool', join(folder, 'spool')],
    { encoding: 'utf8' },
  );
  expect(status, stderr).toBe(row.isRead === 'yes' ? 0 : 3);
  if (row.isRead === 'yes') expect(!stderr.includes('folio orders'), stderr).toBe(row.seesFolios === 'yes');
});
