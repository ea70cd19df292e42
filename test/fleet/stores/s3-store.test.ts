import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../../src/fleet/stores/open-store.ts';
import { s3Bucket } from '../../../src/fleet/stores/s3-bucket.ts';
import type { FleetStore } from '../../../src/fleet/stores/store.ts';
import {
  type Answer,
  answerWith,
  cut,
  cutInTheMiddle,
  type FaultyServer,
  silent,
  startFaultyServer,
} from '../../support/faulty-server.ts';
import { network } from '../../support/network.ts';
import { startS3Server } from '../../support/s3-server.ts';

const KEYS = {
  AWS_ACCESS_KEY_ID: 'AKIDFORTESTS',
  AWS_SECRET_ACCESS_KEY: 'wJalrSECRET',
  AWS_SESSION_TOKEN: 'TOKENSECRET',
};
const BYTES = new Uint8Array([1, 2, 3]);
let server: FaultyServer;

beforeAll(async () => {
  server = await startFaultyServer();
});
afterAll(() => server.stop());

function bucket(answers: Answer[], pauses: number[] = [], timeout?: number): FleetStore {
  server.answers = answers;
  (server.asked as string[]).length = 0;
  const store = openStore(
    's3://fleet/prod',
    { ...KEYS, AWS_ENDPOINT_URL: server.address },
    network(pauses, timeout),
  );
  if (!store.ok) throw new Error(store.failure.message);
  return store.value;
}

const error = (code: string) =>
  `<Error><Code>${code}</Code><Message>wJalrSECRET AKIDFORTESTS</Message></Error>`;
const page = (keys: readonly string[], more = '') =>
  `<?xml version="1.0"?><ListBucketResult xmlns="x"><IsTruncated>${more !== ''}</IsTruncated>${more}` +
  `${keys.map((key) => `<Contents><Key>${key}</Key><Size>3</Size></Contents>`).join('')}</ListBucketResult>`;
const more = (token: string) => `<NextContinuationToken>${token}</NextContinuationToken>`;

/** What a failure says; the text of what succeeded would be a failure of the test. */
function messageOf(result: Awaited<ReturnType<FleetStore['put']>>): string {
  return result.ok ? 'succeeded' : `${result.failure.kind}: ${result.failure.message}`;
}

test.each<[string, Answer]>([
  ['500', answerWith(500, error('InternalError'))],
  ['503', answerWith(503, error('SlowDown'))],
  ['429', answerWith(429)],
  ['a cut connection', cut],
  ['an answer that breaks off', cutInTheMiddle],
])('tries again after %s, and then it is there', async (_, fault) => {
  const pauses: number[] = [];
  const store = bucket([fault, fault, answerWith(200)], pauses);
  expect(await store.put('rows/a', BYTES)).toEqual({ ok: true, value: undefined });
  expect(server.asked).toEqual(Array(3).fill('PUT /fleet/prod/rows/a'));
  expect(pauses).toEqual([200, 400]);
});

test('gives up after five attempts, and says what to do', async () => {
  const pauses: number[] = [];
  expect(messageOf(await bucket([answerWith(503, error('SlowDown'))], pauses).put('rows/a', BYTES))).toBe(
    'unreadable: s3://fleet/prod: PUT prod/rows/a was answered with 503 SlowDown; ' +
      'the server is overloaded or ill; try again later (tried 5 times)',
  );
  expect(server.asked).toHaveLength(5);
  expect(pauses).toEqual([200, 400, 800, 1600]);
  const host = server.address.slice('http://'.length);
  expect(messageOf(await bucket([cut]).put('rows/a', BYTES))).toBe(
    `unreadable: s3://fleet/prod: ${host} broke off (UND_ERR_SOCKET); ` +
      'check the network and AWS_ENDPOINT_URL (tried 5 times)',
  );
  expect(messageOf(await bucket([silent], [], 20).put('rows/a', BYTES))).toBe(
    `unreadable: s3://fleet/prod: ${host} did not answer in time; ` +
      'check the network and AWS_ENDPOINT_URL (tried 5 times)',
  );
});

test.each<[number, string, string]>([
  [403, 'AccessDenied', 'permission: let these keys PutObject, or check AWS_REGION and the prefix'],
  [403, 'SignatureDoesNotMatch', 'permission: the keys in the environment are wrong or have expired'],
  [403, 'InvalidAccessKeyId', 'permission: the keys in the environment are wrong or have expired'],
  [400, 'ExpiredToken', 'permission: the keys in the environment are wrong or have expired'],
  [403, 'RequestTimeTooSkewed', "unsupported: set this machine's clock"],
  [404, 'NoSuchBucket', 'usage: create the bucket, or name another'],
  [400, 'Odd', 'unreadable: check the bucket, AWS_REGION and AWS_ENDPOINT_URL'],
])('does not try again after %i %s', async (status, code, advice) => {
  const [kind, what] = advice.split(': ');
  expect(messageOf(await bucket([answerWith(status, error(code))]).put('rows/a', BYTES))).toBe(
    `${kind}: s3://fleet/prod: PUT prod/rows/a was answered with ${status} ${code}; ${what}`,
  );
  expect(server.asked).toHaveLength(1);
});

test('follows no redirect, and names the region of the bucket', async () => {
  const redirect = answerWith(301, error('PermanentRedirect'), {
    location: `${server.address}/elsewhere`,
    'x-amz-bucket-region': 'eu-central-1',
  });
  expect(messageOf(await bucket([redirect]).put('rows/a', BYTES))).toContain(
    'set AWS_REGION to that of the bucket, eu-central-1',
  );
  expect(server.asked).toHaveLength(1);
});

test('signs what it sends, the body included, and says neither keys nor what a server says of them', async () => {
  let sent: Record<string, unknown> = {};
  const store = bucket([
    ({ headers }, body, response) => {
      sent = { ...headers, body: [...body] };
      response.writeHead(403).end(error('AccessDenied'));
    },
  ]);
  const message = messageOf(await store.put('rows/a', BYTES));
  expect(sent.body).toEqual([1, 2, 3]);
  expect(sent['content-length']).toBe('3');
  expect(sent['x-amz-content-sha256']).toBe(
    '039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81',
  );
  expect(sent['x-amz-security-token']).toBe('TOKENSECRET');
  expect(sent.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIDFORTESTS\/\d{8}\/us-east-1\/s3\/aws4_request/,
  );
  expect(message).not.toMatch(/SECRET|AKIDFORTESTS/);
});

test('reads a list page by page', async () => {
  const store = bucket([
    answerWith(200, page(['prod/b', 'prod/rows/'], more('to&amp;ken'))),
    answerWith(500),
    answerWith(200, page(['prod/a&amp;&#39;&#x42;&lt;', 'prod/b'])),
  ]);
  expect(await store.list('')).toEqual({
    ok: true,
    value: [
      { key: "a&'B<", bytes: 3 },
      { key: 'b', bytes: 3 },
    ],
  });
  expect(server.asked).toEqual([
    'GET /fleet?list-type=2&prefix=prod%2F',
    ...Array(2).fill('GET /fleet?list-type=2&prefix=prod%2F&continuation-token=to%26ken'),
  ]);
});

test.each<[string, Answer[]]>([
  [
    'a page that is refused',
    [answerWith(200, page(['prod/a'], more('x'))), answerWith(403, error('AccessDenied'))],
  ],
  ['a page that says there is more and not where', [answerWith(200, page(['prod/a'], ' '))]],
  ['the same page again and again', [answerWith(200, page(['prod/a'], more('x')))]],
  ['a page that breaks off', [answerWith(200, page(['prod/a']).slice(0, -5))]],
  ['another page of the web', [answerWith(200, '<html>Sign in</html>')]],
  ['a file without a size', [answerWith(200, page(['prod/a']).replace('<Size>3</Size>', ''))]],
])('lists nothing where the answer has %s', async (_, answers) => {
  expect(await bucket(answers).list('')).toMatchObject({ ok: false });
});

test('reads a file whole or not at all', async () => {
  const store = bucket([cutInTheMiddle, answerWith(200, 'whole')]);
  const got = await store.get('rows/a');
  expect(got.ok && new TextDecoder().decode(got.value)).toBe('whole');
  expect(await bucket([cutInTheMiddle]).get('rows/a')).toMatchObject({ ok: false });
});

test('removes what is not there, but not from a bucket that is not there', async () => {
  expect((await bucket([answerWith(404, error('NoSuchKey'))]).remove('rows/a')).ok).toBe(true);
  expect((await bucket([answerWith(404, error('NoSuchBucket'))]).remove('rows/a')).ok).toBe(false);
});

test('a server that checks signatures takes the right keys only', async () => {
  const s3 = await startS3Server();
  const put = async (change: Record<string, string>) => {
    const store = openStore('s3://fleet', { ...s3.environment, ...change }, network());
    return messageOf(store.ok ? await store.value.put('a', BYTES) : store);
  };
  expect(await put({})).toBe('succeeded');
  expect(await put({ AWS_SECRET_ACCESS_KEY: 'wrong' })).toContain('403 SignatureDoesNotMatch');
  await s3.stop();
});

test.each<[Record<string, string>, string, string]>([
  [{}, 's3://fleet/a/b/', 'https://fleet.s3.us-east-1.amazonaws.com a/b/'],
  [{ AWS_REGION: 'eu-west-1' }, 's3://fleet', 'https://fleet.s3.eu-west-1.amazonaws.com '],
  [{ AWS_DEFAULT_REGION: 'eu-west-1' }, 's3://my.fleet', 'https://s3.eu-west-1.amazonaws.com/my.fleet '],
  [{ AWS_ENDPOINT_URL: 'http://s3.lan:9000/' }, 's3://fleet//a', 'http://s3.lan:9000/fleet a/'],
  [{ AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_S3: 'https://b/c' }, 's3://fleet', 'https://b/c/fleet '],
])('with %j, %s is at %s', (environment, location, expected) => {
  const found = s3Bucket(location, { ...KEYS, ...environment });
  expect(found.ok && `${found.value.address} ${found.value.prefix}`).toBe(expected);
});

test.each<[string, Record<string, string>, string]>([
  ['s3://', KEYS, 'no bucket there'],
  ['s3://Fleet', KEYS, 'no bucket there'],
  ['S3://fleet', KEYS, 'no bucket there'],
  ['s3://fleet', {}, 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'],
  [
    's3://fleet',
    { ...KEYS, AWS_ENDPOINT_URL: 'http://me:SECRET@s3.lan' },
    'is no plain http:// or https:// address',
  ],
  ['s3://fleet', { ...KEYS, AWS_ENDPOINT_URL: 's3.lan:9000' }, 'is no plain http:// or https:// address'],
])('%s with %j is refused', (location, environment, why) => {
  const refused = messageOf(openStore(location, environment, network()) as never);
  expect(refused).toMatch(/^usage: /);
  expect(refused).toContain(why);
  expect(refused).not.toContain('SECRET@');
});
