import type { Failure } from '../../core/base/failure.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';
import { TaskStatus } from './process-status.ts';

/** Capabilities by their bits (linux/capability.h). */
const CAPABILITIES = { CAP_DAC_READ_SEARCH: 2n, CAP_SYS_PTRACE: 19n, CAP_SYS_ADMIN: 21n } as const;
type Capability = keyof typeof CAPABILITIES;

/** What is not seen without the files of page flags, and which right is missing for them. */
export function whyNoPageFlags(tree: KernelTree): string {
  const unseen = 'folio orders, MADV_FREE pages and page locks are not visible to this user';
  const needed = ['CAP_SYS_ADMIN', 'CAP_DAC_READ_SEARCH'] as const;
  const held = capabilitiesHeld(tree, needed);
  // Frame numbers need the first; /proc/kpageflags belongs to root and needs the second of others.
  if (held.length === 1) {
    const missing = needed.filter((each) => !held.includes(each));
    return `${unseen}: it has ${held[0]} but not ${missing[0]}, which /proc/${missing[0] === 'CAP_SYS_ADMIN' ? 'PID/pagemap' : 'kpageflags'} needs`;
  }
  if (held.length === 2)
    return `${unseen}, though it has ${needed.join(' and ')}: run outside of the container`;
  return `${unseen}; run as root (CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH) to see them`;
}

/** Why the memory of a process may not be read, and what helps; or what else was wrong. */
export function whyUnreadable(tree: KernelTree, failure: Failure, pid: number, folder: string): Failure {
  if (failure.kind !== 'permission')
    return { kind: 'unreadable', message: `process ${pid}: ${failure.message}` };
  return {
    kind: 'permission',
    message: `process ${pid}: its memory may not be read (ptrace access); ${help(tree, folder)}`,
  };
}

function help(tree: KernelTree, folder: string): string {
  const status = TaskStatus.read(folder);
  const self = TaskStatus.read(tree.process('self'));
  const asRoot = 'run as root with all capabilities, or with CAP_SYS_PTRACE';
  if (!status || !self) return asRoot;
  const isOwn = isRunBy(status, 'Uid', process.geteuid?.()) && isRunBy(status, 'Gid', process.getegid?.());
  // The files below /proc/PID belong to its user, and are opened before ptrace access is asked about.
  const held = capabilitiesHeld(tree, ['CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH']);
  if (!isOwn && held.join() === 'CAP_SYS_PTRACE')
    return 'this user has CAP_SYS_PTRACE but not CAP_DAC_READ_SEARCH, which files of other users need';
  if (!isOwn) return `run as its owner, or ${asRoot.slice('run '.length)} and CAP_DAC_READ_SEARCH`;
  const more = capabilitiesOf(status, 'CapPrm') & ~capabilitiesOf(self, 'CapEff');
  if (more !== 0n) return `it is yours, but has capabilities that you lack; ${asRoot}`;
  return `it is yours, but not dumpable (PR_SET_DUMPABLE, or a program that was not readable); ${asRoot}`;
}

/** Whether all ids of a task are this one. */
function isRunBy(status: TaskStatus, kind: 'Uid' | 'Gid', id: number | undefined): boolean {
  return (
    status
      .field(kind)
      ?.split(/\s+/)
      .every((each) => Number(each) === id) === true
  );
}

function capabilitiesHeld(tree: KernelTree, needed: readonly Capability[]): Capability[] {
  const self = TaskStatus.read(tree.process('self'));
  const held = self ? capabilitiesOf(self, 'CapEff') : 0n;
  return needed.filter((each) => ((held >> CAPABILITIES[each]) & 1n) === 1n);
}

function capabilitiesOf(status: TaskStatus, set: 'CapEff' | 'CapPrm'): bigint {
  const text = status.field(set) ?? '';
  return /^[0-9a-f]{1,16}$/.test(text) ? BigInt(`0x${text}`) : 0n;
}
