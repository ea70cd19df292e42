import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cacheFolders, privateFolder } from '../../src/cli/executable/cache-folder.ts';
import { type CarriedPackage, placePackage } from '../../src/cli/executable/place-package.ts';
import { IS_BUILT_HERE } from '../support/built-command.ts';
import { spawnThpscope, words } from '../support/thpscope.ts';

const uid = process.geteuid?.() ?? 0;
const asRoot = test.skipIf(uid !== 0);
const always = () => true;

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'thpscope-executable-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const CONTENTS: Record<string, string> = { 'a.js': 'one', 'b/c.js': 'two', 'd.sh': 'three' };
const carried: CarriedPackage = {
  name: '1.0.0-hash',
  files: Object.keys(CONTENTS),
  library: 'b/c.js',
  contentOf: (file) => new TextEncoder().encode(CONTENTS[file]),
};
const textOf = (place: string) => carried.files.map((file) => readFileSync(join(place, file), 'utf8'));
const mode = (path: string) => statSync(path).mode & 0o777;

/** Where it was placed, or why it was not. */
function placed(folders: string[], canLoad: (library: string) => boolean = always): string {
  const result = placePackage(carried, folders, uid, canLoad);
  return result.ok ? result.value : result.failure.message;
}

test('folders come in the order of who names them; THPSCOPE_CACHE leaves no other', () => {
  const user = { uid: 7, home: '/home/u', temporary: '/tmp' };
  expect(cacheFolders({ THPSCOPE_CACHE: '/x', XDG_CACHE_HOME: '/y' }, user)).toEqual(['/x']);
  const env = { CACHE_DIRECTORY: '/c:/d', XDG_CACHE_HOME: '/y', XDG_RUNTIME_DIR: '/run/user/7' };
  expect(cacheFolders(env, user)).toEqual([
    '/c',
    '/y/thpscope',
    '/home/u/.cache/thpscope',
    '/run/user/7/thpscope',
    '/tmp/thpscope-7',
  ]);
  // A relative path is none, as the specification of XDG says; a user may have no home.
  expect(cacheFolders({ XDG_CACHE_HOME: 'y' }, { ...user, home: '' })).toEqual(['/tmp/thpscope-7']);
  expect(cacheFolders({}, { ...user, uid: 0 })).toContain('/var/cache/thpscope');
});

test('the package is written for this user alone, once, and put right where a byte of it differs', () => {
  const cache = join(folder, 'cache/thpscope');
  const place = placed([cache]);
  expect(place).toBe(join(cache, '1.0.0-hash'));
  expect(textOf(place)).toEqual(Object.values(CONTENTS));
  expect([cache, place, join(place, 'b'), join(place, 'a.js'), join(place, 'd.sh')].map(mode)).toEqual([
    0o700, 0o700, 0o700, 0o600, 0o700,
  ]);
  const { mtimeMs } = statSync(join(place, 'a.js'));
  expect(placed([cache])).toBe(place);
  expect(statSync(join(place, 'a.js')).mtimeMs).toBe(mtimeMs);

  writeFileSync(join(place, 'b/c.js'), 'TWO');
  expect(textOf(placed([cache]))).toEqual(Object.values(CONTENTS));
  rmSync(join(place, 'a.js'));
  expect(textOf(placed([cache]))).toEqual(Object.values(CONTENTS));
  expect(readdirSync(cache)).toEqual(['1.0.0-hash']);
});

test('a folder that others could change is passed over, and said where there is no other', () => {
  const [open, shared, own] = ['open', 'shared', 'own'].map((name) => join(folder, name));
  mkdirSync(open);
  chmodSync(open, 0o755);
  expect(privateFolder(open, uid)).toMatchObject({
    failure: { message: expect.stringContaining('chmod 700') },
  });
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  expect(privateFolder(join(shared, 'cache'), uid).ok).toBe(false);
  expect(existsSync(join(shared, 'cache'))).toBe(false);
  // As /tmp: what others may add there they cannot rename or remove.
  chmodSync(shared, 0o1777);
  expect(privateFolder(join(shared, 'cache'), uid).ok).toBe(true);
  // As systemd makes one for a service with DynamicUser=: what it leads to is looked at.
  symlinkSync(join(shared, 'cache'), join(folder, 'link'));
  expect(privateFolder(join(folder, 'link'), uid)).toEqual({ ok: true, value: join(shared, 'cache') });
  symlinkSync(open, join(folder, 'link-to-open'));
  expect(privateFolder(join(folder, 'link-to-open'), uid).ok).toBe(false);

  expect(placed([open, own])).toBe(join(own, '1.0.0-hash'));
  expect(placed([open])).toMatch(/no folder to unpack to .*open to others.*set THPSCOPE_CACHE/);
  writeFileSync(join(folder, 'file'), '');
  expect(placed([join(folder, 'file/cache')])).toContain('ENOTDIR');
});

asRoot('what lies in a folder of another user is not run, whole or not', () => {
  const theirs = join(folder, 'theirs');
  placed([theirs]);
  chownSync(theirs, 12_345, 12_345);
  expect(placed([theirs])).toContain('belongs to another user');
  rmSync(theirs, { recursive: true });
  mkdirSync(join(folder, 'own'), { mode: 0o700 });
  symlinkSync(join(folder, 'own'), theirs);
  lchownSync(theirs, 12_345, 12_345);
  expect(placed([theirs])).toContain('belongs to another user');
  mkdirSync(join(folder, 'home'));
  chownSync(join(folder, 'home'), 12_345, 12_345);
  expect(placed([join(folder, 'home/.cache/thpscope')])).toContain('belongs to another user');
  expect(readdirSync(join(folder, 'home'))).toEqual([]);
});

test('where libraries cannot be loaded another folder is taken, and the first if none will do', () => {
  const [noexec, other] = ['noexec', 'other'].map((name) => join(folder, name));
  const place = placed([noexec, other], (library) => library.startsWith(other));
  expect(place).toBe(join(other, '1.0.0-hash'));
  const none = placed([noexec, join(folder, 'third')], () => false);
  expect(none).toBe(join(noexec, '1.0.0-hash'));
  expect(readdirSync(join(folder, 'third'))).toEqual([]);
  expect(placed([noexec], () => false)).toBe(none);
});

test.skipIf(IS_BUILT_HERE)('the executable loads koffi, and puts nothing where it may not', async () => {
  const { stdout } = await spawnThpscope(words(`predict -p ${process.pid} --json`));
  expect(JSON.parse(stdout).notes.filter((note: string) => note.includes('koffi'))).toEqual([]);
});
