import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../../src/fleet/stores/open-store.ts';
import type { FleetStore } from '../../../src/fleet/stores/store.ts';
import { network } from '../../support/network.ts';
import { type S3Server, startS3Server } from '../../support/s3-server.ts';
import '../../support/seed.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
let s3: S3Server;
let folder: string;

beforeAll(async () => {
  s3 = await startS3Server();
  folder = mkdtempSync(join(tmpdir(), 'thpscope-store-'));
});

afterAll(async () => {
  await s3.stop();
  rmSync(folder, { recursive: true });
});

let stores = 0;
/** An empty store of each kind. */
const KINDS: Record<string, () => FleetStore> = {
  folder: () => open(mkdtempSync(join(folder, 'one-'))),
  'S3 bucket': () => open(`s3://fleet/${stores++}`),
};

function open(location: string): FleetStore {
  const store = openStore(location, s3.environment, network());
  if (!store.ok) throw new Error(store.failure.message);
  return store.value;
}

describe.each(Object.keys(KINDS))('a store in a %s', (kind) => {
  test('gives back what was put, lists it by key and removes it', async () => {
    const store = KINDS[kind]();
    expect(await store.list('')).toEqual({ ok: true, value: [] });
    for (const key of [
      'rows/date=2026-11-24/web 2+ü(1).parquet',
      'rows/date=2026-11-23/a.parquet',
      'hosts/a',
    ])
      expect(await store.put(key, bytesOf(key))).toEqual({ ok: true, value: undefined });
    expect(await store.list('')).toEqual({
      ok: true,
      value: [
        { key: 'hosts/a', bytes: 7 },
        { key: 'rows/date=2026-11-23/a.parquet', bytes: 30 },
        { key: 'rows/date=2026-11-24/web 2+ü(1).parquet', bytes: 40 },
      ],
    });
    const odd = await store.get('rows/date=2026-11-24/web 2+ü(1).parquet');
    expect(odd.ok && new TextDecoder().decode(odd.value)).toBe('rows/date=2026-11-24/web 2+ü(1).parquet');
    expect(await store.remove('hosts/a')).toEqual({ ok: true, value: undefined });
    expect(await store.remove('hosts/a')).toEqual({ ok: true, value: undefined });
    expect(await store.list('hosts')).toEqual({ ok: true, value: [] });
  });

  test('lists by the beginning of keys, whether that ends at a slash or not', async () => {
    const store = KINDS[kind]();
    for (const key of ['rows/date=1/a', 'rows/date=12/b', 'rows-old/c', 'row'])
      await store.put(key, bytesOf(''));
    const keysOf = async (prefix: string) => {
      const listed = await store.list(prefix);
      return listed.ok ? listed.value.map(({ key }) => key) : listed.failure;
    };
    expect(await keysOf('rows/')).toEqual(['rows/date=1/a', 'rows/date=12/b']);
    expect(await keysOf('rows/date=1')).toEqual(['rows/date=1/a', 'rows/date=12/b']);
    expect(await keysOf('rows/date=1/')).toEqual(['rows/date=1/a']);
    expect(await keysOf('row')).toEqual(['row', 'rows-old/c', 'rows/date=1/a', 'rows/date=12/b']);
    expect(await keysOf('rows/date=1/a/x')).toEqual([]);
    expect(await keysOf('other/')).toEqual([]);
  });

  test('puts the same key again in place of what was there', async () => {
    const store = KINDS[kind]();
    for (const text of ['a longer first text', 'second']) await store.put('a/b', bytesOf(text));
    expect(await store.list('')).toEqual({ ok: true, value: [{ key: 'a/b', bytes: 6 }] });
  });

  test('holds any bytes', async () => {
    const store = KINDS[kind]();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (bytes) => {
        await store.put('any', bytes);
        const got = await store.get('any');
        expect(got.ok && Buffer.from(got.value).equals(bytes)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test('says that a file is not there', async () => {
    const store = KINDS[kind]();
    const got = await store.get('rows/none');
    expect(got).toMatchObject({ ok: false, failure: { kind: 'unreadable' } });
    expect(got.ok || got.failure.message).toContain('rows/none');
  });

  test.each(['', '/a', 'a//b', 'a/', '../a', 'a/../b', './a', '.unfinished/a', 'a/.b', 'a\nb', 'a\0'])(
    'refuses the key %j',
    async (key) => {
      const store = KINDS[kind]();
      for (const refused of [
        await store.put(key, bytesOf('x')),
        await store.get(key),
        await store.remove(key),
      ])
        expect(refused).toMatchObject({ ok: false, failure: { kind: 'usage' } });
    },
  );
});
