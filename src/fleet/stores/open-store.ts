import { type Result, succeed } from '../../core/base/failure.ts';
import { folderStore } from './folder-store.ts';
import { type Environment, s3Bucket } from './s3-bucket.ts';
import type { Network } from './s3-request.ts';
import { s3Store } from './s3-store.ts';
import type { FleetStore } from './store.ts';

/** The store of a location: `s3://bucket/prefix`, or else a folder. Asks nothing of it yet. */
export function openStore(location: string, environment: Environment, network: Network): Result<FleetStore> {
  if (!/^s3:/i.test(location)) return succeed(folderStore(location));
  const bucket = s3Bucket(location, environment);
  return bucket.ok ? succeed(s3Store(bucket.value, network)) : bucket;
}
