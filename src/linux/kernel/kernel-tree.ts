import { THP_FOLDER } from '../../core/base/sysfs.ts';

/**
 * The files that a kernel shows under /proc and /sys: those of the kernel that runs, or those of another one,
 * recorded or made up, below a root folder. The only place where their paths are built.
 */
export class KernelTree {
  /** '' for the kernel that runs. */
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** System calls only answer for the kernel that runs. */
  get isRunning(): boolean {
    return this.root === '';
  }

  /** A file of the whole machine, such as "sys/kernel/osrelease" or "kpageflags"; '' is /proc itself. */
  proc(path: string): string {
    return `${this.root}/proc/${path}`;
  }

  /** The folder of a process, or that of the reader: 'self'. */
  process(pid: number | 'self'): string {
    return this.proc(String(pid));
  }

  sys(path: string): string {
    return `${this.root}/sys/${path}`;
  }

  /** A file of the settings of transparent huge pages, such as "khugepaged/max_ptes_none". */
  thp(path: string): string {
    return `${this.root}${THP_FOLDER}/${path}`;
  }

  /** A path as somebody typed it, if it is absolute. */
  absolute(path: string): string {
    return path.startsWith('/') ? `${this.root}${path}` : path;
  }
}

/** The kernel that runs. */
export const RUNNING_KERNEL = new KernelTree('');
