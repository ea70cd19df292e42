import { fail, type Result, succeed } from '../../core/base/failure.ts';

/** The variables of an environment: those of the process, or a test's. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A prefix in a bucket, and who may use it. */
export interface S3Bucket {
  /** `s3://bucket/prefix`. */
  readonly name: string;
  readonly region: string;
  /** The address of the bucket, without a slash at its end. */
  readonly address: string;
  /** Before every key: empty, or with a slash at its end. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

const LOCATION = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/;

/**
 * What `s3://bucket/prefix` means in an environment, by the variables that AWS's own tools read. Keys are
 * never part of a message.
 */
export function s3Bucket(location: string, environment: Environment): Result<S3Bucket> {
  const [, bucket, path = ''] = LOCATION.exec(location) ?? [];
  if (bucket === undefined)
    return fail('usage', `'${location}': no bucket there; write s3://BUCKET or s3://BUCKET/PREFIX`);
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  if (!accessKeyId || !secretAccessKey)
    return fail(
      'usage',
      `${location}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for a role); ` +
        "'aws configure export-credentials --format env' prints those of a profile or role",
    );
  const region = environment.AWS_REGION || environment.AWS_DEFAULT_REGION || 'us-east-1';
  const address = addressOf(bucket, region, environment);
  if (!address.ok) return address;
  const prefix = path.split('/').filter(Boolean).join('/');
  return succeed({
    name: prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`,
    region,
    address: address.value,
    prefix: prefix === '' ? '' : `${prefix}/`,
    accessKeyId,
    secretAccessKey,
    sessionToken: environment.AWS_SESSION_TOKEN || undefined,
  });
}

/** AWS has a host for each bucket; others that speak S3 have the bucket in the path. */
function addressOf(bucket: string, region: string, environment: Environment): Result<string> {
  const endpoint = environment.AWS_ENDPOINT_URL_S3 || environment.AWS_ENDPOINT_URL;
  // A certificate for *.s3.REGION.amazonaws.com does not cover a bucket with dots.
  if (!endpoint && bucket.includes('.')) return succeed(`https://s3.${region}.amazonaws.com/${bucket}`);
  if (!endpoint) return succeed(`https://${bucket}.s3.${region}.amazonaws.com`);
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash)
    return fail(
      'usage',
      'AWS_ENDPOINT_URL: is no plain http:// or https:// address; ' +
        'keys go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    );
  return succeed(`${url.origin}${url.pathname.replace(/\/*$/, '/')}${bucket}`);
}
