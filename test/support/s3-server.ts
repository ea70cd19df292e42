import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/** What of the server, which has no types, is used. */
interface S3rver {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
  readonly httpServer: Server;
}

/** A server that speaks S3 on loopback, with one empty bucket, `fleet`. */
export interface S3Server {
  /** What a user would set for it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly endpoint: string;
  stop(): Promise<void>;
}

export async function startS3Server(): Promise<S3Server> {
  const S3rver = require('@20minutes/s3rver') as new (options: object) => S3rver;
  const directory = mkdtempSync(join(tmpdir(), 'thpscope-s3-'));
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    vhostBuckets: false,
    configureBuckets: [{ name: 'fleet' }],
  });
  const { port } = await server.run();
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    // The one user that the server knows.
    environment: {
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
      AWS_ENDPOINT_URL: endpoint,
    },
    async stop() {
      await server.close();
      rmSync(directory, { recursive: true });
    },
  };
}
