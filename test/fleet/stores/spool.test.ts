import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fail, type Result, succeed } from '../../../src/core/base/failure.ts';
import { packParcel, type SpooledFile } from '../../../src/fleet/stores/parcel.ts';
import { addToSpool, deliverSpool, type Spool } from '../../../src/fleet/stores/spool.ts';
import type { FleetStore } from '../../../src/fleet/stores/store.ts';
import { valueOf } from '../../support/ranges.ts';
import '../../support/seed.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thpscope-spool-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const spool = (limit = 1e6): Spool => ({ folder: join(folder, 'spool'), limit });
const bytesOf = (text: string) => new TextEncoder().encode(text);
/** A parcel of one file that has its key for content, or so many bytes. */
const parcel = (key: string, size?: number): SpooledFile[] => [
  { key, bytes: size === undefined ? bytesOf(key) : new Uint8Array(size) },
];
const added = { ok: true, value: { files: 0, bytes: 0 } };

/** Takes files until it has taken this many. */
class TestStore implements FleetStore {
  readonly name = 'test';
  readonly taken: [key: string, text: string][] = [];
  #room: number;

  constructor(room = Number.POSITIVE_INFINITY) {
    this.#room = room;
  }

  async put(key: string, bytes: Uint8Array): Promise<Result<void>> {
    if (this.#room-- <= 0) return fail('unreadable', 'the store is away');
    this.taken.push([key, new TextDecoder().decode(bytes)]);
    return succeed(undefined);
  }

  get = () => Promise.reject();
  list = () => Promise.reject();
  remove = () => Promise.reject();
}

test('delivers what waits in the order in which it came, and goes on where a store failed', async () => {
  for (const key of ['z/1', 'a/2', 'm/3']) expect(await addToSpool(spool(), parcel(key))).toEqual(added);
  const away = new TestStore(1);
  expect(await deliverSpool(spool(), away)).toEqual({
    delivered: { files: 1, bytes: 3 },
    waiting: { files: 2, bytes: 2 * packParcel(parcel('a/2')).length },
    failure: { kind: 'unreadable', message: 'the store is away' },
  });
  await addToSpool(spool(), parcel('b/4'));
  const back = new TestStore();
  expect(await deliverSpool(spool(), back)).toEqual({
    delivered: { files: 3, bytes: 9 },
    waiting: { files: 0, bytes: 0 },
  });
  expect([...away.taken, ...back.taken].map(([key]) => key)).toEqual(['z/1', 'a/2', 'm/3', 'b/4']);
  expect(await deliverSpool(spool(), back)).toMatchObject({ delivered: { files: 0 }, waiting: { files: 0 } });
});

test('nothing waits where there is no spool yet', async () => {
  expect(await deliverSpool(spool(), new TestStore())).toEqual({
    delivered: { files: 0, bytes: 0 },
    waiting: { files: 0, bytes: 0 },
  });
});

test('the oldest go where more than the limit would wait, and are counted', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 12 }),
      fc.integer({ min: 40, max: 120 }),
      async (lengths, limit) => {
        rmSync(spool().folder, { recursive: true, force: true });
        const parcels = lengths.map((length, i) => parcel(`k${i}`, length));
        const sizes = parcels.map((each) => packParcel(each).length);
        const dropped = { files: 0, bytes: 0 };
        for (const each of parcels) {
          const { files, bytes } = valueOf(await addToSpool(spool(limit), each));
          dropped.files += files;
          dropped.bytes += bytes;
        }
        const store = new TestStore();
        await deliverSpool(spool(limit), store);
        // As many of the newest as fit, but none that is older than one that does not.
        let kept = 0;
        for (let room = limit; kept < sizes.length; kept++) {
          room -= sizes[sizes.length - 1 - kept];
          if (room < 0) break;
        }
        const gone = sizes.length - kept;
        expect(store.taken.map(([key]) => key)).toEqual(parcels.slice(gone).map(([{ key }]) => key));
        expect(dropped).toEqual({
          files: gone,
          bytes: sizes.slice(0, gone).reduce((sum, size) => sum + size, 0),
        });
      },
    ),
    { numRuns: 30 },
  );
});

test('what is larger than the whole spool drops nothing', async () => {
  const size = packParcel(parcel('a')).length;
  await addToSpool(spool(size), parcel('a'));
  expect(await addToSpool(spool(size), parcel('bb'))).toEqual({
    ok: false,
    failure: {
      kind: 'usage',
      message: `spool ${folder}/spool: a reading of ${size + 2}B exceeds its limit of ${size}B; raise it`,
    },
  });
  expect(await deliverSpool(spool(), new TestStore())).toMatchObject({ delivered: { files: 1, bytes: 1 } });
});

test('the files of a parcel come in their order, and go together', async () => {
  const reading = (at: number) => ['rows', 'any', 'hosts'].map((table) => parcel(`${table}/${at}`)[0]);
  const limit = 2 * packParcel(reading(1)).length;
  for (const at of [1, 2]) expect(await addToSpool(spool(limit), reading(at))).toEqual(added);
  const away = new TestStore(4);
  // The first parcel, and a part of the second, which waits as a whole.
  expect(await deliverSpool(spool(limit), away)).toMatchObject({
    delivered: { files: 4 },
    waiting: { files: 3 },
  });
  await addToSpool(spool(limit), reading(3));
  expect(await addToSpool(spool(limit), reading(4))).toMatchObject({ value: { files: 3, bytes: limit / 2 } });
  const back = new TestStore();
  await deliverSpool(spool(limit), back);
  expect(back.taken.map(([key]) => key)).toEqual([3, 4].flatMap((at) => reading(at).map(({ key }) => key)));
});

test('a damaged parcel is named, and nothing of it delivered', async () => {
  for (const key of ['a', 'b']) await addToSpool(spool(), parcel(key));
  const path = join(spool().folder, readdirSync(spool().folder).sort()[0]);
  const sound = readFileSync(path);
  const others = ['', '[]', '[["a"]]', '[["a",-1]]', '{}', '\n', '[["a",2]]\na', '[["a",0]]\na'];
  const halves = Array.from({ length: sound.length }, (_, length) => sound.subarray(0, length));
  for (const damaged of [...others, ...halves]) {
    writeFileSync(path, damaged);
    const store = new TestStore();
    expect(await deliverSpool(spool(), store)).toMatchObject({
      waiting: { files: 2 },
      failure: { kind: 'unreadable', message: `${path}: is damaged; remove it` },
    });
    expect(store.taken).toEqual([]);
  }
});

test('two that use one spool at once lose nothing and drop nothing twice', async () => {
  const store = new TestStore();
  const user = async (name: string) => {
    for (let i = 0; i < 20; i++) {
      expect((await addToSpool(spool(), parcel(`${name}/${i}`))).ok).toBe(true);
      if (i % 4 === 3) expect((await deliverSpool(spool(), store)).failure).toBe(undefined);
    }
  };
  await Promise.all([user('a'), user('b'), user('c')]);
  await deliverSpool(spool(), store);
  const names = ['a', 'b', 'c'].flatMap((name) => Array.from({ length: 20 }, (_, i) => `${name}/${i}`));
  expect(new Map(store.taken)).toEqual(new Map(names.map((key) => [key, key])));
  for (const name of ['a', 'b', 'c']) {
    const first = [...new Map(store.taken).keys()].filter((key) => key.startsWith(name));
    expect(first).toEqual(names.filter((key) => key.startsWith(name)));
  }
  expect(readdirSync(spool().folder)).toEqual([]);
});

test('leaves alone what is not its own', async () => {
  await addToSpool(spool(), parcel('a'));
  writeFileSync(join(spool().folder, 'notes.txt'), 'mine');
  await addToSpool(spool(20), parcel('b'));
  expect(await deliverSpool(spool(), new TestStore())).toMatchObject({ delivered: { files: 1 } });
  expect(readdirSync(spool().folder)).toEqual(['notes.txt']);
});
