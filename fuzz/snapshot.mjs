import { readdirSync, readFileSync } from 'node:fs';
import { parquetMetadata } from 'hyparquet';
import { below } from '../build/core/base/random.js';
import { checksumOf, crc32 } from '../build/snapshot/crc32.js';
import { SnapshotError } from '../build/snapshot/damage.js';
import { openSnapshot } from '../build/snapshot/reader.js';
import { mutateBytes } from './mutate.mjs';

const HOSTILE = 'test/fixtures/hostile';

/** Parquet files: bytes anywhere, or within row groups with checksums that match again. */
export const snapshot = {
  covers:
    /build\/snapshot\/(reader|row|page-bounds|parquet-file|snappy|thrift-walk|packed-bytes|metadata|footer)/,
  async open() {
    const files = readdirSync(HOSTILE).filter((name) => name.endsWith('.parquet'));
    const seeds = files.map((name) => new Uint8Array(readFileSync(`${HOSTILE}/${name}`)));
    const mutate = (bytes, random) => {
      const footer = footerStart(bytes);
      if (below(3, random) === 0) return mutateBytes(bytes, random, 0, bytes.length);
      return withChecksums(mutateBytes(bytes, random, 4, footer), bytes);
    };
    return { seeds, mutate, run };
  },
};

async function run(bytes) {
  const file = { byteLength: bytes.length, slice: async (from, to) => bytes.slice(from, to).buffer };
  const opened = await openSnapshot(file, 'a.parquet');
  if (!opened.ok) return;
  try {
    for await (const item of opened.value.items()) {
      if (item.kind !== 'ranges') continue;
      for (const { address } of item.ranges)
        if (!Number.isSafeInteger(address)) return `a range at ${address}`;
    }
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
  }
}

function footerStart(bytes) {
  const length = new DataView(bytes.buffer).getUint32(bytes.length - 8, true);
  return Math.max(5, Math.min(bytes.length - 8, bytes.length - 8 - length));
}

/**
 * Puts the checksums right, in the places of those of the file that it was made from; as it is where they do
 * not fit.
 */
function withChecksums(bytes, from) {
  const file = Buffer.from(bytes);
  try {
    const { key_value_metadata: pairs, row_groups: groups } = parquetMetadata(from.buffer, {
      geoparquet: false,
    });
    const [{ value }, { value: checksum }] = pairs;
    let text = value;
    const { groupChecksums } = JSON.parse(value);
    for (const [i, group] of groups.entries()) {
      const starts = group.columns.map(({ meta_data: m }) =>
        Number(m.dictionary_page_offset ?? m.data_page_offset),
      );
      const ends = group.columns.map(({ meta_data: m }, j) => starts[j] + Number(m.total_compressed_size));
      const before = String(groupChecksums[i]);
      const after = String(crc32(bytes.subarray(Math.min(...starts), Math.max(...ends))));
      if (after.length <= before.length) text = text.replace(before, after.padEnd(before.length));
    }
    file.set(Buffer.from(text), file.indexOf(value));
    file.set(Buffer.from(checksumOf(Buffer.from(text))), file.indexOf(checksum));
  } catch {
    // What it was made from was no sound file.
  }
  return new Uint8Array(file);
}
