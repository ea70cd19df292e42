import { fail, type Result, succeed } from '../base/failure.ts';
import { nearestWord } from '../base/near.ts';
import { LIMIT_FILES, LIMITS, sizeFolder, THP_FOLDER } from '../base/sysfs.ts';
import { type Geometry, orderBytes, pagesPerRange } from '../memory/geometry.ts';
import { anonOrders, ordersOf } from '../memory/order.ts';
import { SIZE_WORDS, TOP_LEVEL_WORDS } from './settings-words.ts';
import {
  defaultShmemSettings,
  SHMEM_SIZE_WORDS,
  SHMEM_WORDS,
  type ShmemSettings,
  shmemOrders,
} from './shmem-settings.ts';
import type { ThpSettings } from './thp-settings.ts';

/** What the files of sysfs say that predictions go by. */
export interface FiledSettings extends ThpSettings {
  /**
   * Whether reclaim splits PMD-order folios that are mostly zeros; undefined where the kernel does not say.
   */
  readonly shrinkUnderused: boolean | undefined;
  /** Of shared memory; undefined where the kernel does not say. */
  readonly shmem?: ShmemSettings | undefined;
}

/** A file of settings: the words that it takes, or the largest number. */
interface SettingsFile {
  readonly takes: readonly string[] | number;
  /** The settings after one of these was written. */
  readonly write: (settings: FiledSettings, value: string) => FiledSettings;
}

export type SettingsFiles = ReadonlyMap<string, SettingsFile>;

/** The files that decide about predictions, by their paths below THP_FOLDER (docs/khugepaged.md#sysfs). */
export function settingsFiles(geometry: Geometry): SettingsFiles {
  const files = new Map<string, SettingsFile>();
  files.set('enabled', {
    takes: TOP_LEVEL_WORDS,
    write: (settings, value) => ({ ...settings, enabled: wordOf(value, TOP_LEVEL_WORDS) }),
  });
  files.set('shrink_underused', {
    takes: ['0', '1'],
    write: (settings, value) => ({ ...settings, shrinkUnderused: value === '1' }),
  });
  for (const key of LIMITS)
    files.set(`khugepaged/${LIMIT_FILES[key]}`, {
      takes: pagesPerRange(geometry) - 1,
      write: (settings, value) => ({ ...settings, [key]: Number(value) }),
    });
  for (const order of ordersOf(anonOrders(geometry)))
    files.set(`${sizeFolder(orderBytes(order, geometry))}/enabled`, {
      takes: SIZE_WORDS,
      write: (settings, value) => {
        return { ...settings, sizes: new Map(settings.sizes).set(order, wordOf(value, SIZE_WORDS)) };
      },
    });
  const writeShmem = (settings: FiledSettings, changes: (shmem: ShmemSettings) => Partial<ShmemSettings>) => {
    const shmem = settings.shmem ?? defaultShmemSettings(geometry);
    return { ...settings, shmem: { ...shmem, ...changes(shmem) } };
  };
  files.set('shmem_enabled', {
    takes: SHMEM_WORDS,
    write: (settings, value) => writeShmem(settings, () => ({ enabled: wordOf(value, SHMEM_WORDS) })),
  });
  for (const order of ordersOf(shmemOrders(geometry)))
    files.set(`${sizeFolder(orderBytes(order, geometry))}/shmem_enabled`, {
      takes: SHMEM_SIZE_WORDS,
      write: (settings, value) =>
        writeShmem(settings, ({ sizes }) => ({
          sizes: new Map(sizes).set(order, wordOf(value, SHMEM_SIZE_WORDS)),
        })),
    });
  return files;
}

/**
 * The settings after FILE=VALUE was written, where FILE is one of these files. Fails with the files that
 * there are, or the words that the file takes, and with what may have been meant.
 */
export function withFileWritten(
  settings: FiledSettings,
  assignment: string,
  files: SettingsFiles,
): Result<FiledSettings> {
  const parsed = parseAssignment(assignment);
  if (!parsed.ok) return parsed;
  const { path, value } = parsed.value;
  const file = files.get(path);
  if (!file) return notSettable(path, [...files.keys()]);
  const { takes } = file;
  if (typeof takes === 'number' ? /^\d{1,15}$/.test(value) && Number(value) <= takes : takes.includes(value))
    return succeed(file.write(settings, value));
  const may = typeof takes === 'number' ? `a number from 0 to ${takes}` : takes.join(', ');
  return fail('usage', `the file takes ${may}${meant(value, takes)}`);
}

/** FILE=VALUE as its two parts; the file may also be written with the whole path. */
export function parseAssignment(text: string): Result<{ readonly path: string; readonly value: string }> {
  const [, file, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (file === undefined) return fail('usage', 'write FILE=VALUE, such as hugepages-64kB/enabled=always');
  const path = file.startsWith(`${THP_FOLDER}/`) ? file.slice(THP_FOLDER.length + 1) : file;
  return succeed({ path, value });
}

/** Says that no such file may be set, which ones may, and which may have been meant. */
export function notSettable(path: string, paths: readonly string[]) {
  return fail('usage', `cannot be set here${meant(path, paths)}; what can: ${listFiles(paths)}`);
}

function meant(typed: string, words: readonly string[] | number): string {
  const near = typeof words === 'number' ? undefined : nearestWord(typed, words);
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}

/** Files in one line: those that all sizes have once, "hugepages-{16,32}kB/enabled". */
function listFiles(paths: readonly string[]): string {
  const sizes = new Map<string, string[]>();
  const others: string[] = [];
  for (const path of paths) {
    const [, size, name] = /^hugepages-(\d+)kB\/(.+)$/.exec(path) ?? [];
    if (size === undefined) others.push(path);
    else sizes.set(name, [...(sizes.get(name) ?? []), size]);
  }
  return [
    ...others,
    ...[...sizes].map(([name, each]) =>
      each.length === 1 ? `hugepages-${each[0]}kB/${name}` : `hugepages-{${each.join(',')}}kB/${name}`,
    ),
  ].join(', ');
}

/** The word of a list that a text is: it was looked up in this list before. */
function wordOf<Word extends string>(text: string, words: readonly Word[]): Word {
  return words[words.indexOf(text as Word)];
}
