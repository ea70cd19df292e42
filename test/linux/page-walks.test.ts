import { describe, expect, test } from 'vitest';
import { countPageWalks, totalOf } from '../../src/linux/machine/page-walks.ts';
import type { CountedEvent, OpenCounter } from '../../src/linux/machine/perf-counters.ts';
import { type KernelFiles, kernelTree } from '../support/kernel-tree.ts';

const [EPERM, ENOENT, ESRCH, EMFILE, EIO] = [1, 2, 3, 24, 5];

/** Parts of /proc/cpuinfo of real machines. */
const CPUS = {
  'Xeon Platinum 8175M': 'vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: x\n',
  'Xeon Platinum 8488C': 'vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: x\n',
  'Xeon E5-2686 v4': 'vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 79\nmodel name\t: x\n',
  'EPYC 9R14': 'vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: x\n',
  'Core i9-12900K': 'vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 151\nmodel name\t: x\n',
};

function machine(cpu: keyof typeof CPUS, files: KernelFiles = {}) {
  return kernelTree({
    'proc/sys/kernel/arch': 'x86_64\n',
    'proc/sys/kernel/perf_event_paranoid': '4\n',
    'proc/cpuinfo': CPUS[cpu],
    'proc/7/task/7/comm': 'redis-server\n',
    'proc/7/task/8/comm': 'bio_close_file\n',
    'proc/9/task/9/comm': 'java\n',
    ...files,
  });
}

const nothing = async () => {};

/** Counters that say what a table has for an event; what is opened is noted. */
function counters(counts: Readonly<Record<string, number>>) {
  const opened: { event: CountedEvent; tid: number }[] = [];
  let isOpen = 0;
  const open: OpenCounter = (event, tid) => {
    opened.push({ event, tid });
    isOpen++;
    return {
      read: () => counts[`${event.type} ${event.config.toString(16)}`],
      close: () => void isOpen--,
    };
  };
  return { open, opened, left: () => isOpen };
}

describe('page walks', () => {
  // `perf stat -e` names these events r1001008, r1001049 and so on.
  test.each([
    ['Xeon Platinum 8175M', { 'raw 1001008': 300, 'raw 1001049': 50 }, 'cycles'],
    ['Xeon Platinum 8488C', { 'raw 1001012': 300, 'raw 1001013': 50 }, 'cycles'],
    ['Xeon E5-2686 v4', { 'raw 1008': 300, 'raw 1049': 50 }, 'cycles'],
    ['EPYC 9R14', { 'raw f045': 350 }, 'walks'],
  ] as const)('of loads and stores are counted in all threads on a %s', async (cpu, walks, counts) => {
    const { open, opened, left } = counters({ 'hardware 0': 10_000, ...walks });
    const counted = await countPageWalks(machine(cpu), [7, 9], open, nothing);
    expect(counted).toMatchObject({ ok: true, value: { cycles: 30_000, walks: 1050, events: { counts } } });
    expect([...new Set(opened.map(({ tid }) => tid))].sort()).toEqual([7, 8, 9]);
    expect(left()).toBe(0);
  });

  test.each([
    [EPERM, 'permission', /perf_event_paranoid is 4.*CAP_PERFMON/],
    [ENOENT, 'unsupported', /no counters here, as in most virtual machines/],
    [EMFILE, 'unsupported', /too many threads/],
    [EIO, 'unsupported', /errno 5/],
  ])('that may not be counted fail with the reason: errno %i', async (errno, kind, message) => {
    const { open, left } = counters({ 'hardware 0': 1 });
    const opener: OpenCounter = (event, tid) => (event.type === 'raw' ? errno : open(event, tid));
    const counted = await countPageWalks(machine('EPYC 9R14'), [7], opener, nothing);
    expect(counted).toMatchObject({ ok: false, failure: { kind, message: expect.stringMatching(message) } });
    expect(left()).toBe(0);
  });

  test('of a processor with two kinds of cores are not guessed', async () => {
    const { open, opened } = counters({});
    const counted = await countPageWalks(machine('Core i9-12900K'), [7], open, nothing);
    expect(counted).toMatchObject({ ok: false, failure: { message: /not known how this processor counts/ } });
    expect(opened).toEqual([]);
  });

  test('of threads that end meanwhile are left out', async () => {
    const { open } = counters({ 'hardware 0': 100, 'raw f045': 5 });
    const opener: OpenCounter = (event, tid) => (tid === 8 ? ESRCH : open(event, tid));
    const counted = await countPageWalks(machine('EPYC 9R14'), [7], opener, nothing);
    expect(counted).toMatchObject({ value: { cycles: 100, walks: 5 } });
  });

  test('without the optional package say what brings it', async () => {
    const counted = await countPageWalks(machine('EPYC 9R14'), [7], undefined, nothing);
    expect(counted).toMatchObject({ ok: false, failure: { message: /koffi/ } });
  });

  test('of processes that sleep, or with counters that others hold, are no zero', () => {
    const events = { counts: 'cycles', events: [], source: '' } as const;
    expect(totalOf([[0, 0, 0]], events)).toMatchObject({ failure: { message: /did not run/ } });
    expect(
      totalOf(
        [
          [10, 1, 1],
          [10, undefined, 1],
        ],
        events,
      ),
    ).toMatchObject({ failure: { message: /taken by others/ } });
  });
});
