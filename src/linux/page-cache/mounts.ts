import { HUGE_MOUNT_WORDS, type HugeMountWord } from '../../core/rules/shmem-settings.ts';
import { readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';

/** A filesystem that is mounted somewhere. */
export interface Mount {
  /** Such as "ext4". */
  readonly type: string;
  /** `huge=` of a tmpfs; undefined where it has none, which means never. */
  readonly huge: HugeMountWord | undefined;
}

/**
 * Mounted filesystems by their device, "MAJOR:MINOR" as smaps writes it: those that the reader sees, and
 * those that a process sees whose files are asked about, for containers have mounts of their own.
 */
export class Mounts {
  readonly #tree: KernelTree;
  readonly #known = new Map<string, Mount>();
  readonly #read = new Set<number | 'self'>();

  constructor(tree: KernelTree) {
    this.#tree = tree;
  }

  /** Undefined where the device is mounted nowhere that can be seen, as those of the kernel's own are. */
  of(device: string, pid: number): Mount | undefined {
    for (const whose of ['self', pid] as const) {
      const mount = this.#known.get(device);
      if (mount) return mount;
      if (this.#read.has(whose)) continue;
      this.#read.add(whose);
      this.#add(whose);
    }
    return this.#known.get(device);
  }

  #add(whose: number | 'self'): void {
    const file = readKernelFile(`${this.#tree.process(whose)}/mountinfo`);
    if (!file.ok) return;
    for (const line of file.value.split('\n')) {
      const found = LINE.exec(line);
      if (!found) continue;
      const [, major, minor, type, options] = found;
      const word = /(?:^|,)huge=(\w+)/.exec(options)?.[1];
      const huge = HUGE_MOUNT_WORDS.find((each) => each === word);
      this.#known.set(`${hex(major)}:${hex(minor)}`, { type, huge });
    }
  }
}

/** Of a line of mountinfo the device, and behind the dash the type and the options of the filesystem. */
const LINE = /^\d+ \d+ (\d+):(\d+) .* - (\S+) \S+ ?(\S*)/;

function hex(decimal: string): string {
  return Number(decimal).toString(16).padStart(2, '0');
}

/** Whether another machine or program answers for the files, and may keep whoever opens one waiting. */
export function isServed({ type }: Mount): boolean {
  return /^(?:fuse|nfs|cifs|smb|9p|ceph|afs|virtiofs|lustre|beegfs|gfs2|ocfs2)/.test(type);
}
