import { createHash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import { type Failure, failWith, type Result, succeed } from '../../core/base/failure.ts';
import { errorCodeOf } from './s3-answers.ts';
import type { S3Bucket } from './s3-bucket.ts';
import { refusal, unreachable } from './s3-failure.ts';

/** What requests need of the world. */
export interface Network {
  readonly fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** How long one attempt may take, in milliseconds. */
  readonly timeout: number;
}

export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** Below the bucket; empty for the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

const ATTEMPTS = 5;
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 10_000;

/** An answer, or why there was none worth reading. */
type Attempt = Result<Uint8Array> | { readonly ok: 'again'; readonly failure: Failure };

/**
 * Sends a signed request and reads the answer whole. Overload, errors of the server and of the connection are
 * tried again, five times in all, with pauses that double up to 10 s and differ from host to host; what
 * trying again cannot mend is not.
 */
export async function sendToS3(
  bucket: S3Bucket,
  network: Network,
  request: S3Request,
): Promise<Result<Uint8Array>> {
  for (let i = 1; ; i++) {
    const answer = await attempt(bucket, network, request);
    if (answer.ok !== 'again') return answer;
    if (i === ATTEMPTS)
      return failWith({ ...answer.failure, message: `${answer.failure.message} (tried ${ATTEMPTS} times)` });
    await network.sleep(network.random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** i));
  }
}

async function attempt(bucket: S3Bucket, network: Network, request: S3Request): Promise<Attempt> {
  let response: Response;
  let body: Uint8Array;
  const { url, ...signed } = await sign(bucket, network.now(), request);
  try {
    // A redirect would be signed for another host.
    const options = { ...signed, redirect: 'manual', signal: AbortSignal.timeout(network.timeout) } as const;
    response = await network.fetch(url, options);
    body = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    return { ok: 'again', failure: unreachable(bucket, error) };
  }
  if (response.ok) return succeed(body);
  const code = errorCodeOf(new TextDecoder().decode(body));
  // Some servers say that what is removed was not there.
  if (request.method === 'DELETE' && response.status === 404 && code !== 'NoSuchBucket') return succeed(body);
  const failure = refusal(bucket, request, response, code);
  return response.status >= 500 || response.status === 429 ? { ok: 'again', failure } : failWith(failure);
}

function sign(bucket: S3Bucket, now: number, { method, key, query, body }: S3Request) {
  const { address, region, accessKeyId, secretAccessKey, sessionToken } = bucket;
  const url = new URL([address, ...(key === '' ? [] : key.split('/').map(encodeURIComponent))].join('/'));
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  const datetime = new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, '');
  const hash = createHash('sha256');
  // The server checks what arrived against this, so that a damaged body is refused.
  const headers = { 'x-amz-content-sha256': hash.update(body ?? '').digest('hex') };
  const what = { method, url: url.href, headers, body: body && new Uint8Array(body) };
  const who = { accessKeyId, secretAccessKey, sessionToken };
  return new AwsV4Signer({ ...what, ...who, service: 's3', region, datetime }).sign();
}
