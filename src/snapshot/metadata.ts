import type { KeyValue } from 'hyparquet';
import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import { asOrder, type Order } from '../core/memory/order.ts';
import { LONGEST_TEXT } from '../core/rules/longest-text.ts';
import type { Host, MemoryItem } from '../core/rules/memory-source.ts';
import { CACHE_KINDS, type CachedFile } from '../core/rules/page-cache.ts';
import { checkLimits } from '../core/rules/policy.ts';
import { HUGE_MOUNT_WORDS, type ShmemSettings } from '../core/rules/shmem-settings.ts';
import type { ThpSettings } from '../core/rules/thp-settings.ts';
import { checksumOf } from './crc32.ts';
import { Damage } from './damage.ts';
import { hostSchema, shmemSchema } from './host-schema.ts';
import { type ProcessFactsTable, packFacts, processFactsSchema, unpackFacts } from './process-facts.ts';
import { FORMAT_VERSION, METADATA_CRC_KEY, METADATA_KEY } from './schema.ts';

/** What a source says besides memory. */
export type Notice = Extract<MemoryItem, { kind: 'skipped' | 'note' }>;

/** A notice and the number of rows before it in the file. */
export interface PlacedNotice {
  readonly row: number;
  readonly notice: Notice;
}

/** What a snapshot holds besides its rows. */
export interface SnapshotMetadata {
  readonly host: Host;
  /** What is known of processes besides their rows. */
  readonly facts: ProcessFactsTable;
  /** What is known of files besides their rows, by `id`. */
  readonly files: ReadonlyMap<string, CachedFile>;
  readonly notices: readonly PlacedNotice[];
  /** CRC-32 of each row group's bytes. */
  readonly groupChecksums: readonly number[];
}

// Without words of its own zod/mini says of everything that it is wrong, and never how.
z.config(en());

const count = z.int().check(z.nonnegative());
const text = z.string().check(z.maxLength(LONGEST_TEXT));

const noticeSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('skipped'),
    pid: count,
    failure: z.object({
      kind: z.enum(['usage', 'permission', 'unsupported', 'unreadable']),
      message: text,
    }),
    leftOutBytes: z.optional(count),
  }),
  z.object({ kind: z.literal('note'), message: text }),
]);

const fileSchema = z.object({
  id: text,
  kind: z.enum(CACHE_KINDS),
  name: text,
  filesystem: z.optional(text),
  bytes: z.optional(count),
  hugeMount: z.optional(z.enum(HUGE_MOUNT_WORDS)),
  unread: z.optional(text),
});

const metadataSchema = z.object({
  version: z.int().check(z.gte(1), z.lte(FORMAT_VERSION)),
  host: z.object({
    name: text,
    bootId: text,
    ...hostSchema.shape,
    shmem: z.optional(shmemSchema),
  }),
  // Undefined in files of older versions.
  processFacts: z.optional(processFactsSchema),
  files: z._default(z.array(fileSchema), []),
  notices: z.array(z.object({ row: count, notice: noticeSchema })),
  groupChecksums: z.array(count),
});

/** The key-value pairs of the Parquet footer that hold the metadata and its checksum. */
export function packMetadata({ host, facts, files, notices, groupChecksums }: SnapshotMetadata): KeyValue[] {
  const json: z.input<typeof metadataSchema> = {
    version: FORMAT_VERSION,
    host: {
      ...host,
      settings: host.settings ? { ...host.settings, sizes: packSizes(host.settings.sizes) } : null,
      shmem: host.shmem && { ...host.shmem, sizes: packSizes(host.shmem.sizes) },
    },
    processFacts: packFacts(facts),
    files: [...files.values()],
    notices: [...notices],
    groupChecksums: [...groupChecksums],
  };
  const value = JSON.stringify(json);
  return [
    { key: METADATA_KEY, value },
    { key: METADATA_CRC_KEY, value: checksum(value) },
  ];
}

/** Throws Damage when the pairs are not those of a snapshot that this version reads. */
export function unpackMetadata(pairs: readonly KeyValue[]): SnapshotMetadata {
  const value = (key: string) => pairs.find((pair) => pair.key === key)?.value;
  const text = value(METADATA_KEY);
  if (text === undefined) {
    throw new Damage(`is a Parquet file but not a thpscope snapshot; 'thpscope capture' writes one`);
  }
  if (checksum(text) !== value(METADATA_CRC_KEY)) {
    throw new Damage('its metadata does not match its checksum; copy the file again or capture a new one');
  }
  const json = parseJson(text);
  const { version } = z.catch(z.object({ version: z.int() }), { version: 0 }).parse(json);
  if (version > FORMAT_VERSION) {
    const formats = `format ${version}, this one reads up to ${FORMAT_VERSION}`;
    throw new Damage(`was written by a newer thpscope (${formats}); update thpscope`);
  }
  const parsed = metadataSchema.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw new Damage(`its metadata is wrong at '${path.join('.')}': ${message}; capture the memory again`);
  }
  const { host, processFacts, files, notices, groupChecksums } = parsed.data;
  const facts = processFacts ? unpackFacts(processFacts) : new Map();
  return {
    host: { ...host, settings: unpackSettings(host), shmem: host.shmem && unpackShmem(host.shmem) },
    facts,
    files: new Map(files.map((file) => [file.id, file])),
    notices,
    groupChecksums,
  };
}

/** The words of sizes as a list. */
function packSizes<Word>(sizes: ReadonlyMap<Order, Word>) {
  return [...sizes].map(([order, enabled]) => ({ order, enabled }));
}

function unpackShmem({ enabled, sizes }: z.output<typeof shmemSchema>): ShmemSettings {
  return { enabled, sizes: new Map(sizes.map((each) => [asOrder(each.order), each.enabled])) };
}

function unpackSettings({
  settings,
  geometry,
}: z.output<typeof metadataSchema>['host']): ThpSettings | undefined {
  if (settings === null) return undefined;
  const limits = checkLimits(settings, geometry);
  if (!limits.ok)
    throw new Damage(`its metadata is wrong: ${limits.failure.message}; capture the memory again`);
  return {
    ...settings,
    sizes: new Map(settings.sizes.map(({ order, enabled }) => [asOrder(order), enabled])),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Damage('its metadata is not JSON; capture the memory again');
  }
}

function checksum(text: string): string {
  return checksumOf(new TextEncoder().encode(text));
}
