import { digestJson, digestOfJson } from '../../../analysis/digest/digest-json.ts';
import type { SourceDigest } from '../../../analysis/digest/memory-digest.ts';
import { fail, type Result } from '../../../core/base/failure.ts';
import { checksumOf } from '../../../snapshot/crc32.ts';
import type { Context } from '../context.ts';
import { firstIssue } from '../input/first-issue.ts';
import { type InputFile, jsonOfBytes, readInputFile } from '../input/input-file.ts';
import { writeOutput } from '../output/write-output.ts';
import { digestFile } from './digest-schema.ts';

/** How a digest ends: with the checksum of all bytes before. */
const ENDING = /,"crc32":"([0-9a-f]{8})"\}\s*$/;
/** The ending is found in so many bytes. */
const ENDING_BYTES = 64;

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Reads a digest that `thpscope digest` wrote. Fails with what is wrong about it. */
export async function readDigestFile(file: InputFile): Promise<Result<SourceDigest>> {
  const bytes = await readInputFile(file);
  return bytes.ok ? digestOfBytes(withoutMark(bytes.value), file.name) : bytes;
}

/** The digest in the bytes of a file of this name. */
export function digestOfBytes(bytes: Uint8Array, name: string): Result<SourceDigest> {
  const wrong = (what: string) => fail('unreadable', `${name}: ${what}; digest the memory again`);
  const checksum = checkEnding(bytes);
  if (checksum === 'wrong')
    return fail(
      'unreadable',
      `${name}: does not match its checksum; copy it again or digest the memory again`,
    );
  const json = jsonOfBytes(bytes);
  if (!json.ok) return wrong(`cannot be read as a digest: ${json.failure.message}`);
  const parsed = digestFile.safeParse(json.value);
  if (!parsed.success) return wrong(`is no digest of this version (${firstIssue(parsed.error)})`);
  if ('crc32' in parsed.data && checksum === 'none')
    return wrong('does not end with its checksum, so another program has rewritten it');
  const digest = digestOfJson(parsed.data);
  return digest.ok ? digest : wrong(digest.failure.message);
}

/** Without the byte order mark that some editors put before a text: the checksum knows nothing of it. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  return BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte)
    ? bytes.subarray(BYTE_ORDER_MARK.length)
    : bytes;
}

/** Compares the checksum at the end of a file with its bytes; files of versions 1 and 2 have none. */
function checkEnding(bytes: Uint8Array): 'right' | 'wrong' | 'none' {
  const tail = new TextDecoder('latin1').decode(bytes.subarray(-ENDING_BYTES));
  const ending = ENDING.exec(tail);
  if (!ending) return 'none';
  return checksumOf(bytes.subarray(0, bytes.length - ending[0].length)) === ending[1] ? 'right' : 'wrong';
}

/** Writes a digest. Says how many bytes it has. */
export async function writeDigestFile(
  context: Context,
  path: string,
  digest: SourceDigest,
): Promise<Result<number>> {
  const body = JSON.stringify(digestJson(digest)).slice(0, -1);
  const checksum = checksumOf(new TextEncoder().encode(body));
  return writeOutput(context, path, `${body},"crc32":"${checksum}"}\n`, 'owner');
}
