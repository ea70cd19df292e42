import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { StoredFile } from './store.ts';

/** A page of ListObjectsV2. */
export interface ListPage {
  readonly files: readonly StoredFile[];
  /** Where the next page begins; undefined on the last. */
  readonly next: string | undefined;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Reads a page of ListObjectsV2: all of it, or fails. */
export function readListPage(xml: string): Result<ListPage> {
  // A page that was cut off would be a shorter list.
  if (!/<ListBucketResult[\s>]/.test(xml) || !/<\/ListBucketResult>\s*$/.test(xml)) return notAList();
  const files: StoredFile[] = [];
  for (const [, entry] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
    const key = textOf(entry, 'Key');
    const bytes = textOf(entry, 'Size');
    if (key === undefined || bytes === undefined || !/^\d+$/.test(bytes)) return notAList();
    files.push({ key, bytes: Number(bytes) });
  }
  const next = textOf(xml, 'NextContinuationToken');
  if (textOf(xml, 'IsTruncated') !== 'true') return succeed({ files, next: undefined });
  return next ? succeed({ files, next }) : notAList();
}

/** The code of an error, such as `AccessDenied`. Its other texts may hold keys. */
export function errorCodeOf(xml: string): string | undefined {
  return /<Code>([A-Za-z0-9.]{1,60})<\/Code>/.exec(xml)?.[1];
}

function textOf(xml: string, tag: string): string | undefined {
  const text = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1];
  return text?.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (all, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? all;
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal));
  });
}

function notAList(): Result<never> {
  return fail('unreadable', 'the answer is no list of an S3 bucket; check AWS_ENDPOINT_URL');
}
