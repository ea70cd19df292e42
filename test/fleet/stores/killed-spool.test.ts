import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../../src/fleet/stores/open-store.ts';
import { deliverSpool } from '../../../src/fleet/stores/spool.ts';
import type { FleetStore } from '../../../src/fleet/stores/store.ts';
import { network } from '../../support/network.ts';
import { type S3Server, startS3Server } from '../../support/s3-server.ts';
import { seed } from '../../support/seed.ts';
import { EXHAUSTIVE, WHOLE } from '../../support/slice.ts';

const CHILD = 'test/fleet/stores/spooling-child.mjs';
/** How many processes are killed at a moment that nobody chose: some of them here, all of them in CI. */
const KILLS = WHOLE ? 200 : 50;

let folder: string;
let s3: S3Server;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thpscope-killed-'));
  s3 = await startS3Server();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await s3.stop();
});

/** What a child is told: where it spools and delivers, and which files. */
interface Work {
  readonly spool: string;
  readonly location: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly keys: readonly string[];
  readonly killAt?: number;
}

let works = 0;
function workOf(kind: 'folder' | 'S3', files: number): Work {
  const own = join(folder, String(works++));
  mkdirSync(join(own, 'store'), { recursive: true });
  return {
    spool: join(own, 'spool'),
    location: kind === 'S3' ? `s3://fleet/${works}` : join(own, 'store'),
    environment: s3.environment,
    keys: Array.from({ length: files }, (_, i) => `date=2026-11-24/h-${i}`),
  };
}

/** No file of the store is a half. */
async function expectWhole(store: FleetStore): Promise<void> {
  const listed = await store.list('');
  for (const { key } of listed.ok ? listed.value : []) {
    const got = await store.get(key);
    expect(got.ok && new TextDecoder().decode(got.value)).toBe(key.repeat(1000));
  }
}

/**
 * After a child: this process delivers what is spooled, and then the store has every parcel that the child
 * said it had spooled, and no half file, half parcel, or file that it did not write. Answers whether the
 * child was done.
 */
async function checkAfter({ spool, location, environment, keys }: Work, said: string): Promise<boolean> {
  const opened = openStore(location, environment, network());
  if (!opened.ok) throw new Error(opened.failure.message);
  const store = opened.value;
  // Unlike S3, the server of the test keeps what came of a request that was cut.
  if (!location.startsWith('s3:')) await expectWhole(store);
  expect((await deliverSpool({ folder: spool, limit: 1e9 }, store)).failure).toBe(undefined);
  const spooled = [...said.matchAll(/^added (.*)$/gm)].map(([, key]) => key);
  const listed = await store.list('');
  if (!listed.ok) throw new Error(listed.failure.message);
  const filesOf = (parcels: readonly string[]) =>
    parcels.flatMap((key) => [`hosts/${key}`, `rows/${key}`]).sort();
  // The one after them may have got into the spool before the child could say so: both of its files, then.
  const parcels = keys.slice(0, Math.max(spooled.length, listed.value.length / 2));
  expect(parcels.length).toBeLessThanOrEqual(spooled.length + 1);
  expect(listed.value.map(({ key }) => key)).toEqual(filesOf(parcels));
  await expectWhole(store);
  return said.endsWith('done\n');
}

/** Runs a child to its end; `heed` is told when it has begun to work. Answers what it said. */
async function run(work: Work, heed: (child: ChildProcess) => void = () => {}): Promise<string> {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(work)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    if (said === '') heed(child);
    said += text;
  });
  await closed;
  return said;
}

test.each(['folder', 'S3'] as const)(
  'a process killed at any step of its work with files loses nothing: %s',
  async (kind) => {
    // A slice of the steps, which the seed draws; all of them in CI.
    const stride = WHOLE ? 1 : 8;
    let killAt = 1 + (seed % stride);
    for (; ; killAt += stride) {
      const work = { ...workOf(kind, 3), killAt };
      if (await checkAfter(work, await run(work))) break;
    }
    // Each of the three parcels takes some steps.
    expect(killAt).toBeGreaterThan(3 * 6);
  },
  EXHAUSTIVE,
);

test.each(['folder', 'S3'] as const)(
  `${KILLS / 2} processes killed at any moment lose nothing: %s`,
  async (kind) => {
    let killed = 0;
    for (let i = 0; i < KILLS / 2; i++) {
      const work = workOf(kind, 9);
      const said = await run(work, (child) => {
        // Some moment after the first parcel; whichever it is, nothing may be lost.
        setTimeout(() => child.kill('SIGKILL'), Math.random() * 60);
      });
      if (!(await checkAfter(work, said))) killed++;
    }
    console.log(`${kind}: ${killed} of ${KILLS / 2} were killed before they were done`);
  },
  EXHAUSTIVE,
);
