import { REDACTED } from '../core/base/redacted.ts';
import { rangeBytes } from '../core/memory/geometry.ts';
import type { Host, MemoryItem, MemorySource, Process } from '../core/rules/memory-source.ts';
import { type CachedFile, SHARED_ANONYMOUS } from '../core/rules/page-cache.ts';
import type { Vma } from '../core/rules/vma.ts';

const NO_BOOT_ID = '00000000-0000-0000-0000-000000000000';

/** Above any user address of 48 bits; a shift of this size keeps addresses far from 2^63. */
const MAX_SHIFT = 2 ** 47;

/** Where user addresses end: [vsyscall] lies above, at the same address everywhere. */
const KERNEL_HALF = 2 ** 63;

/**
 * The same memory without what names its owner: host, boot id, commands, cgroups, file names, the names that
 * programs give to anonymous memory, and the text of notices are dropped, and the addresses of each process
 * are shifted by a random multiple of the PMD size. Predictions stay the same. `random` gives numbers of 0
 * (included) to 1.
 */
export function redacted(source: MemorySource, random: () => number): MemorySource {
  return { host: redactedHost(source.host), items: () => redactedItems(source, random) };
}

async function* redactedItems(source: MemorySource, random: () => number): AsyncGenerator<MemoryItem> {
  const bytes = rangeBytes(source.host.geometry);
  let shift = 0;
  const groupNames = new Map<string, string>();
  const fileIds = new Map<string, string>();
  /** Numbers from 1 on, as files are first seen. */
  const idOf = (file: string): string => {
    const id = fileIds.get(file) ?? String(fileIds.size + 1);
    fileIds.set(file, id);
    return id;
  };
  for await (const item of source.items()) {
    switch (item.kind) {
      case 'process':
        // Never 0, which would leave the addresses as they are.
        shift = bytes * (1 + Math.floor(random() * (MAX_SHIFT / bytes)));
        yield { kind: 'process', process: redactedProcess(item.process, groupNames) };
        break;
      case 'vma':
        yield { kind: 'vma', vma: redactedVma(item.vma, shift, idOf) };
        break;
      case 'file':
        yield { kind: 'file', file: redactedFile(item.file, idOf) };
        break;
      case 'cache-ranges':
        yield item;
        break;
      case 'ranges':
        yield {
          kind: 'ranges',
          ranges: item.ranges.map((range) => ({ ...range, address: shifted(range.address, shift) })),
        };
        break;
      case 'skipped':
        yield {
          ...item,
          failure: { kind: item.failure.kind, message: 'could not be read (message redacted)' },
        };
        break;
      case 'note':
        yield { kind: 'note', message: 'a note of the capture (redacted)' };
        break;
    }
  }
}

function redactedHost(host: Host): Host {
  // What follows the numbers of a release often names who built it.
  const kernelRelease = /^\d+(\.\d+)*/.exec(host.kernelRelease)?.[0] ?? '';
  return { ...host, name: REDACTED, bootId: NO_BOOT_ID, kernelRelease };
}

function redactedProcess(process: Process, groupNames: Map<string, string>): Process {
  const nameOf = (path: string): string => {
    const name = groupNames.get(path) ?? `group ${groupNames.size + 1}`;
    groupNames.set(path, name);
    return name;
  };
  const memoryGroups = process.memoryGroups?.map((group) => ({ ...group, path: nameOf(group.path) }));
  const { groupCounters: counted } = process;
  const groupCounters = counted && { ...counted, path: nameOf(counted.path) };
  return { ...process, command: REDACTED, cgroup: '', memoryGroups, groupCounters };
}

/** Of names those that the kernel gives stay; programs name a memfd themselves. */
function redactedFile(file: CachedFile, idOf: (file: string) => string): CachedFile {
  return { ...file, id: idOf(file.id), name: file.name === SHARED_ANONYMOUS ? file.name : '' };
}

function redactedVma(vma: Vma, shift: number, idOf: (file: string) => string): Vma {
  // [heap] and [stack] are the kernel's words; after a colon, as in [anon:arena], stands the program's.
  const name = /^\[[^:]*\]$/.test(vma.name) ? vma.name : '';
  const mapping = vma.mapping && { ...vma.mapping, file: idOf(vma.mapping.file) };
  return { ...vma, name, mapping, start: shifted(vma.start, shift), end: shifted(vma.end, shift) };
}

function shifted(address: number, shift: number): number {
  return address < KERNEL_HALF ? address + shift : address;
}
