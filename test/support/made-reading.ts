import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { emptyMemoryDigest, type SourceDigest } from '../../src/analysis/digest/memory-digest.ts';
import { rowOf } from '../../src/core/digest/table.ts';
import { type Geometry, x86_64 } from '../../src/core/memory/geometry.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { tlbReachOf } from '../../src/core/rules/tlb-reach.ts';
import type { Reading } from '../../src/fleet/reading.ts';
import { readingFiles } from '../../src/fleet/reading-files.ts';

/** What of a made-up reading matters to a test. */
export interface ReadingText {
  readonly host: string;
  readonly time: string;
  readonly boot?: string;
  /** Ranges with one page less than all in its only process. */
  readonly ranges?: number;
  readonly command?: string;
  readonly geometry?: Geometry;
  readonly kernel?: string;
  /** When the machine was started, by its clock. */
  readonly booted?: string;
}

/** A reading of one process. */
export function madeReading(text: ReadingText): Reading {
  const { host, time, boot = host, ranges = 1, command = 'redis-server', geometry = x86_64 } = text;
  const memory = emptyMemoryDigest(geometry, 1);
  const pages = 2 ** geometry.pmdOrder - 1;
  const { table } = memory.classes.unadvised;
  const row = rowOf(table, pages);
  row.ranges = ranges;
  for (let order = 2; order < geometry.pmdOrder; order++) {
    row.full[order] = ranges * (2 ** (geometry.pmdOrder - order) - 1);
    table.any[order] = ranges * 2 ** (geometry.pmdOrder - order);
  }
  table.any[geometry.pmdOrder] = ranges;
  memory.ranges = ranges;
  memory.residentPages = ranges * pages;
  const digest: SourceDigest = {
    host: {
      name: host,
      bootId: `${Buffer.from(boot.padEnd(4, '.')).toString('hex')}-0000`,
      kernelRelease: text.kernel ?? '7.3.0',
      time,
      geometry,
      settings: defaultSettings(geometry),
    },
    reach: tlbReachOf(undefined, geometry),
    processes: [
      {
        process: {
          pid: 7,
          startTime: 1,
          command,
          cgroup: `/system.slice/${command}.service`,
          thpDisabled: false,
        },
        memory,
        isRegistered: undefined,
      },
    ],
    skipped: [],
    notes: [],
  };
  const bootedAtMs = text.booted === undefined ? undefined : Date.parse(text.booted);
  const machine = { totalBytes: 2 ** 34, availableBytes: 2 ** 33, bootedAtMs };
  return { digest, host, labels: [], machine, hashNames: false };
}

/** Writes readings as they lie in a folder once they have arrived. */
export function storeReadings(folder: string, readings: readonly Reading[]): void {
  for (const reading of readings)
    for (const { key, bytes } of readingFiles(reading)) {
      mkdirSync(dirname(join(folder, key)), { recursive: true });
      writeFileSync(join(folder, key), bytes);
    }
}
