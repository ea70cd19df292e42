import { FIRST_EXCEPT_ADVISED_SERIES, isBefore } from '../../core/base/release.ts';
import { releasesOf } from '../../core/rules/kernel-release.ts';
import type { ServiceMemory } from './service-memory.ts';

/** The first version of systemd that has `MemoryTHP=`. */
export const FIRST_MEMORY_THP_SYSTEMD = 260;

/** What `MemoryTHP=` can keep a service from: all huge pages, or those that it did not ask for. */
export type MemoryThpWord = 'disable' | 'madvise';

/** What a machine lets services do, besides its kernel. */
export interface ServiceManager {
  readonly kernelRelease: string;
  /** Of systemd; undefined where it is not known: recordings do not have it. */
  readonly systemd: number | undefined;
}

/**
 * The words of `MemoryTHP=` that a service can be given: none where no drop-in reaches it. Drop-ins reach
 * services of systemd, and what Podman runs within them; scopes and containers are started by others.
 * `madvise` needs Linux 6.18. Source: systemd.exec(5), PR_SET_THP_DISABLE(2const).
 */
export function memoryThpWords(
  { service: { kind, name } }: Pick<ServiceMemory, 'service'>,
  { kernelRelease, systemd = FIRST_MEMORY_THP_SYSTEMD }: ServiceManager,
): readonly MemoryThpWord[] {
  const isUnit = kind === 'unit' || kind === 'user-unit';
  if (!isUnit || !name?.endsWith('.service') || systemd < FIRST_MEMORY_THP_SYSTEMD) return [];
  const isOld = releasesOf(kernelRelease).some((each) => isBefore(each, FIRST_EXCEPT_ADVISED_SERIES));
  return isOld ? ['disable'] : ['madvise', 'disable'];
}
