import { fail, failWith, type Result, succeed } from '../../core/base/failure.ts';
import { readListPage } from './s3-answers.ts';
import type { S3Bucket } from './s3-bucket.ts';
import { type Network, type S3Request, sendToS3 } from './s3-request.ts';
import { checkKey, type FleetStore, type StoredFile, sortedByKey } from './store.ts';

/** A store below a prefix of a bucket: one signed request a file, so that a file is there whole or not. */
export function s3Store(bucket: S3Bucket, network: Network): FleetStore {
  const send = (request: S3Request) => sendToS3(bucket, network, request);
  const sendKey = async (method: S3Request['method'], key: string, body?: Uint8Array) => {
    const sound = checkKey(key);
    return sound.ok ? send({ method, key: bucket.prefix + key, body }) : sound;
  };
  return {
    name: bucket.name,
    put: async (key, bytes) => nothing(await sendKey('PUT', key, bytes)),
    get: (key) => sendKey('GET', key),
    remove: async (key) => nothing(await sendKey('DELETE', key)),
    list: (prefix) => listAll(bucket, send, prefix),
  };
}

async function listAll(
  bucket: S3Bucket,
  send: (request: S3Request) => Promise<Result<Uint8Array>>,
  prefix: string,
): Promise<Result<readonly StoredFile[]>> {
  const files: StoredFile[] = [];
  const query = { 'list-type': '2', prefix: bucket.prefix + prefix };
  let next: string | undefined;
  do {
    const answer = await send({
      method: 'GET',
      key: '',
      query: next === undefined ? query : { ...query, 'continuation-token': next },
    });
    if (!answer.ok) return answer;
    const page = readListPage(new TextDecoder().decode(answer.value));
    if (!page.ok) return failWith({ ...page.failure, message: `${bucket.name}: ${page.failure.message}` });
    for (const { key, bytes } of page.value.files) {
      // Consoles make empty files for folders.
      if (!key.endsWith('/')) files.push({ key: key.slice(bucket.prefix.length), bytes });
    }
    if (next !== undefined && page.value.next === next)
      return fail('unreadable', `${bucket.name}: a page of the list came twice; check AWS_ENDPOINT_URL`);
    next = page.value.next;
  } while (next !== undefined);
  // A file may move to another page while they are read.
  const keys = new Map(files.map((file) => [file.key, file]));
  return succeed(sortedByKey([...keys.values()]));
}

/** Forgets what a request that changes something was answered. */
function nothing(answer: Result<Uint8Array>): Result<void> {
  return answer.ok ? succeed(undefined) : answer;
}
