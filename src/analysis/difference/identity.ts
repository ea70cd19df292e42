import { REDACTED } from '../../core/base/redacted.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import { bootsOf } from './counted-since.ts';

/** A machine as a reading names it; what is undefined is not known. */
export interface IdentifiedHost {
  readonly name?: string | undefined;
  readonly bootId?: string | undefined;
}

/** How two readings stand to each other. */
export interface Identity {
  /** `unknown`: one of the readings does not name the boot. */
  readonly boot: 'same' | 'other' | 'unknown';
  /** Whether both are of one machine; undefined where one of them does not name it. */
  readonly isOneMachine: boolean | undefined;
}

/** Whether two readings are of one boot, and of one machine, by what they name. */
export function identityOf(before: IdentifiedHost, after: IdentifiedHost): Identity {
  const boot = bootsOf(before, after);
  const isNamed = [before, after].every(({ name = '' }) => name !== '' && name !== REDACTED);
  return { boot, isOneMachine: boot === 'same' ? true : isNamed ? before.name === after.name : undefined };
}

/** Whether a process has its own name: those of redacted recordings have one for all. */
export function isNamed({ command, cgroup }: Pick<Process, 'command' | 'cgroup'>): boolean {
  return command !== REDACTED || cgroup !== '';
}
