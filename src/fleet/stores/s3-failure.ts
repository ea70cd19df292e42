import type { Failure, FailureKind } from '../../core/base/failure.ts';
import type { S3Bucket } from './s3-bucket.ts';
import type { S3Request } from './s3-request.ts';

/** Why no answer came. What was sent is not part of it. */
export function unreachable({ name, address }: S3Bucket, error: unknown): Failure {
  const { cause, name: kind } = error as { cause?: { code?: string }; name: string };
  const why = kind === 'TimeoutError' ? 'did not answer in time' : `broke off (${cause?.code ?? kind})`;
  const message = `${name}: ${new URL(address).host} ${why}; check the network and AWS_ENDPOINT_URL`;
  return { kind: 'unreadable', message };
}

/** Why a request was refused, by its status and the code in the answer. Who asked is not part of it. */
export function refusal(
  { name }: S3Bucket,
  { method, key }: S3Request,
  response: Response,
  code = '',
): Failure {
  const { status, headers } = response;
  const asked = key === '' ? 'the list' : `${method} ${key}`;
  const what = `${name}: ${asked} was answered with ${status}${code === '' ? '' : ` ${code}`}`;
  const because = (kind: FailureKind, advice: string): Failure => ({ kind, message: `${what}; ${advice}` });
  const region = headers.get('x-amz-bucket-region');
  if (code === 'RequestTimeTooSkewed') return because('unsupported', "set this machine's clock");
  if (code === 'NoSuchBucket') return because('usage', 'create the bucket, or name another');
  if (status === 404) return because('unreadable', 'there is none of that name');
  if (status >= 300 && status < 400)
    return because('usage', `set AWS_REGION to that of the bucket${region ? `, ${region}` : ''}`);
  if (
    code === 'SignatureDoesNotMatch' ||
    code === 'InvalidAccessKeyId' ||
    code === 'ExpiredToken' ||
    status === 401
  )
    return because('permission', 'the keys in the environment are wrong or have expired');
  if (status === 403)
    return because(
      'permission',
      `let these keys ${key === '' ? 'ListBucket' : PERMISSIONS[method]}, or check AWS_REGION and the prefix`,
    );
  if (status >= 500 || status === 429)
    return because('unreadable', 'the server is overloaded or ill; try again later');
  return because('unreadable', 'check the bucket, AWS_REGION and AWS_ENDPOINT_URL');
}

const PERMISSIONS = {
  GET: 'GetObject',
  PUT: 'PutObject',
  DELETE: 'DeleteObject',
} as const;
