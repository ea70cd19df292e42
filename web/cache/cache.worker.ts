import { expose } from 'comlink';
import { CacheTable } from '../../src/analysis/cache/cache-table.ts';
import { failWith, succeed } from '../../src/core/base/failure.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { SnapshotError } from '../../src/snapshot/damage.ts';
import { openSnapshot } from '../../src/snapshot/reader.ts';
import { fileOf } from '../memory/file.ts';
import { settingsOf } from '../policy/choice.ts';
import { runPolicyOf } from '../policy/run-policy.ts';
import { shmemOf } from './cache-choice.ts';
import type { CacheWorker } from './cache-worker-protocol.ts';

let held: { readonly table: CacheTable; readonly geometry: Geometry } | undefined;
/** Counts openings: an older one stops when it is not the last any more. */
let opened = 0;

const worker: CacheWorker = {
  async open(source, name) {
    const turn = ++opened;
    held = undefined;
    const file = await fileOf(source);
    if (!file.ok) return file;
    const snapshot = await openSnapshot(file.value, name);
    if (!snapshot.ok) return snapshot;
    const { geometry } = snapshot.value.host;
    const table = new CacheTable(geometry);
    try {
      for await (const item of snapshot.value.items()) {
        if (turn !== opened) return undefined;
        table.add(item);
      }
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      return failWith(error.failure);
    }
    if (turn !== opened) return undefined;
    held = { table, geometry };
    return succeed(undefined);
  },

  async predict(choice, cacheChoice) {
    if (!held) return undefined;
    const settings = { ...settingsOf(choice), enabled: cacheChoice.enabled };
    const shmem = shmemOf(cacheChoice, held.geometry);
    return held.table.predict({ ...runPolicyOf(choice), settings, ...(shmem ? { shmem } : {}) });
  },
};

expose(worker);
