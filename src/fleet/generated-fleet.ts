import type { ProcessDigest, SourceDigest } from '../analysis/digest/memory-digest.ts';
import { below, pick, type Random } from '../core/base/random.ts';
import { sum } from '../core/base/sum.ts';
import { pageBytes } from '../core/memory/geometry.ts';
import type { Reading } from './reading.ts';

/** A made-up fleet: how many hosts, each with how many of the processes of some recordings. */
export interface FleetPlan {
  readonly hosts: number;
  readonly processes: number;
  /** When the first host was read, in milliseconds since 1970; the others follow within a minute. */
  readonly timeMs: number;
}

const SPREAD_MS = 60_000;
const UPTIME_MS = 10 * 86_400_000;
const RACKS = 40;

/**
 * Hosts with processes drawn from recordings of one page size: to try questions on, before there is a fleet.
 * The numbers of `random` decide all.
 */
export function* generateFleet(
  recordings: readonly SourceDigest[],
  { hosts, processes, timeMs }: FleetPlan,
  random: Random,
): Iterable<Reading> {
  for (let at = 0; at < hosts; at++) {
    const like = pick(recordings, random);
    const readAtMs = timeMs + below(SPREAD_MS, random);
    const name = `host${String(at).padStart(6, '0')}`;
    const drawn = Array.from({ length: processes }, (_, place) => draw(recordings, place, random));
    const used = sum(drawn.map(({ memory: { residentPages } }) => residentPages));
    const usedBytes = used * pageBytes(like.host.geometry);
    const totalBytes = usedBytes * (2 + below(3, random));
    yield {
      host: name,
      labels: [`rack=${at % RACKS}`],
      hashNames: false,
      machine: {
        totalBytes,
        availableBytes: Math.round((totalBytes - usedBytes) * random()),
        bootedAtMs: readAtMs - UPTIME_MS,
      },
      digest: {
        ...like,
        host: { ...like.host, name, bootId: bootId(random), time: new Date(readAtMs).toISOString() },
        processes: drawn,
        skipped: [],
        notes: [],
      },
    };
  }
}

function draw(recordings: readonly SourceDigest[], place: number, random: Random): ProcessDigest {
  const each = pick(pick(recordings, random).processes, random);
  return { ...each, process: { ...each.process, pid: 100 + place } };
}

function bootId(random: Random): string {
  const digits = Array.from({ length: 32 }, () => below(16, random).toString(16)).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
