import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fail, type Result, succeed } from '../../../src/core/base/failure.ts';
import { addToSpool, deliverSpool, type Spool } from '../../../src/fleet/stores/spool.ts';
import type { FleetStore } from '../../../src/fleet/stores/store.ts';
import '../../support/seed.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thpscope-spool-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const spool = (limit = 1e6): Spool => ({ folder: join(folder, 'spool'), limit });
const bytesOf = (text: string) => new TextEncoder().encode(text);
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
  for (const key of ['z/1', 'a/2', 'm/3'])
    expect(await addToSpool(spool(), key, bytesOf(key))).toEqual(added);
  const away = new TestStore(1);
  expect(await deliverSpool(spool(), away)).toEqual({
    delivered: { files: 1, bytes: 3 },
    waiting: { files: 2, bytes: 6 },
    failure: { kind: 'unreadable', message: 'the store is away' },
  });
  await addToSpool(spool(), 'b/4', bytesOf('b/4'));
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
      fc.integer({ min: 20, max: 60 }),
      async (sizes, limit) => {
        rmSync(spool().folder, { recursive: true, force: true });
        const dropped = { files: 0, bytes: 0 };
        for (const [i, size] of sizes.entries()) {
          const result = await addToSpool(spool(limit), `k${i}`, new Uint8Array(size));
          if (!result.ok) throw new Error(result.failure.message);
          dropped.files += result.value.files;
          dropped.bytes += result.value.bytes;
        }
        const store = new TestStore();
        await deliverSpool(spool(limit), store);
        // As many of the newest as fit, but none that is older than one that does not.
        let room = limit;
        const kept: string[] = [];
        for (const [i, size] of [...sizes.entries()].reverse()) {
          room -= size;
          if (room < 0) break;
          kept.unshift(`k${i}`);
        }
        expect(store.taken.map(([key]) => key)).toEqual(kept);
        expect(dropped.files).toBe(sizes.length - kept.length);
        expect(dropped.bytes).toBe(
          sizes.slice(0, sizes.length - kept.length).reduce((sum, size) => sum + size, 0),
        );
      },
    ),
    { numRuns: 30 },
  );
});

test('what is larger than the whole spool drops nothing', async () => {
  await addToSpool(spool(10), 'a', bytesOf('aaaaaaaaaa'));
  expect(await addToSpool(spool(10), 'b', bytesOf('bbbbbbbbbbb'))).toEqual({
    ok: false,
    failure: { kind: 'usage', message: `spool ${folder}/spool: 11B of b exceed its limit of 10B; raise it` },
  });
  expect(await deliverSpool(spool(10), new TestStore())).toMatchObject({
    delivered: { files: 1, bytes: 10 },
  });
});

test('two that use one spool at once lose nothing and drop nothing twice', async () => {
  const store = new TestStore();
  const user = async (name: string) => {
    for (let i = 0; i < 20; i++) {
      expect((await addToSpool(spool(), `${name}/${i}`, bytesOf(`${name}${i}`))).ok).toBe(true);
      if (i % 4 === 3) expect((await deliverSpool(spool(), store)).failure).toBe(undefined);
    }
  };
  await Promise.all([user('a'), user('b'), user('c')]);
  await deliverSpool(spool(), store);
  const names = ['a', 'b', 'c'].flatMap((name) => Array.from({ length: 20 }, (_, i) => `${name}/${i}`));
  expect(new Map(store.taken)).toEqual(new Map(names.map((key) => [key, key.replace('/', '')])));
  for (const name of ['a', 'b', 'c']) {
    const first = [...new Map(store.taken).keys()].filter((key) => key.startsWith(name));
    expect(first).toEqual(names.filter((key) => key.startsWith(name)));
  }
  expect(readdirSync(spool().folder)).toEqual([]);
});

test('leaves alone what is not its own', async () => {
  await addToSpool(spool(), 'a', bytesOf('a'));
  writeFileSync(join(spool().folder, 'notes.txt'), 'mine');
  await addToSpool(spool(1), 'b', bytesOf('b'));
  expect(await deliverSpool(spool(), new TestStore())).toMatchObject({ delivered: { files: 1 } });
  expect(readdirSync(spool().folder)).toEqual(['notes.txt']);
});
