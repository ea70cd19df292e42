import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pick } from '../build/core/base/random.js';
import { KernelTree } from '../build/linux/kernel/kernel-tree.js';
import { openLiveSource } from '../build/linux/live-source.js';
import { listUserPids } from '../build/linux/processes/process.js';
import { mutateText } from './mutate.mjs';

const THP = 'sys/kernel/mm/transparent_hugepage';
const VMA = [
  'Rss:                  64 kB',
  'Referenced:           64 kB',
  'Swap:                  0 kB',
  'THPeligible:           1',
];
const SOUND = {
  'proc/self/maps': '00010000-00011000 r-xp 00000000 00:00 1 /bin/cat\n',
  'proc/self/status': 'Name:\tnode\nTgid:\t1\nCapEff:\t000001ffffffffff\n',
  'proc/sys/kernel/osrelease': '6.18.44\n',
  'proc/sys/vm/zone_reclaim_mode': '0\n',
  'sys/devices/system/node/online': '0-1\n',
  'proc/cpuinfo': 'vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel name\t: X\n',
  [`${THP}/enabled`]: 'always [madvise] never\n',
  [`${THP}/hpage_pmd_size`]: '2097152\n',
  [`${THP}/shrink_underused`]: '1\n',
  [`${THP}/hugepages-64kB/enabled`]: 'always [inherit] madvise never\n',
  [`${THP}/khugepaged/max_ptes_none`]: '511\n',
  [`${THP}/khugepaged/pages_to_scan`]: '4096\n',
  'proc/7/stat': `7 (c (a) t) S ${Array(18).fill(0).join(' ')} 4242 ${Array(30).fill(0).join(' ')}\n`,
  'proc/7/statm': '100 50 0 0 0 0 0\n',
  'proc/7/status': 'Name:\tcat\nTgid:\t7\nUid:\t0\t0\t0\t0\nVmSize:\t400 kB\nVmPin:\t0 kB\nTHP_enabled:\t1\n',
  'proc/7/smaps': [
    `00200000-00400000 rw-p 00000000 00:00 0 `,
    ...VMA,
    `00400000-00600000 rw-p 00000000 00:00 0 [heap]`,
    ...VMA,
    'VmFlags: rd wr mr mw me ac hg',
    '',
  ].join('\n'),
  'proc/7/cgroup': '0::/a/b\n',
  'sys/fs/cgroup/a/memory.max': '1073741824\n',
  'sys/fs/cgroup/a/memory.current': '4096\n',
};

/** Texts of /proc and /sys: one file at a time is changed. */
export const kernel = {
  covers:
    /build\/linux\/(?:\w+\/)?(smaps|process|host|cpu|sysfs|memory-groups|chunk-reader|live-source|permission)/,
  async open() {
    const root = mkdtempSync(join(tmpdir(), 'thpscope-fuzz-'));
    const put = (name, content) => {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), content);
    };
    for (const [name, text] of Object.entries(SOUND)) put(name, text);
    put('proc/self/auxv', new Uint8Array(new BigUint64Array([6n, 4096n, 0n, 0n]).buffer));
    const entries = new BigUint64Array(4096).fill((1n << 63n) | (1n << 56n), 0x200, 0x240);
    for (const pid of ['self', '7']) put(`proc/${pid}/pagemap`, new Uint8Array(entries.buffer));
    const seeds = Object.entries(SOUND).map(([name, text]) => ({ name, text }));
    const mutate = ({ name, text }, random) => ({
      name,
      text: mutateText(pick([text, SOUND[name]], random), random),
    });
    const run = async ({ name, text }) => {
      put(name, text);
      try {
        return await read(new KernelTree(root));
      } finally {
        put(name, SOUND[name]);
      }
    };
    return { seeds, mutate, run, close: () => rmSync(root, { recursive: true }) };
  },
};

async function read(tree) {
  const source = await openLiveSource(tree, listUserPids(tree), new Date(0));
  if (!source.ok) return;
  const items = [];
  for await (const item of source.value.items()) items.push(item);
  const numbers = JSON.stringify([source.value.host, items], (_, value) =>
    Number.isNaN(value) ? 'NaN!' : value,
  );
  if (numbers.includes('NaN!')) return 'NaN';
}
