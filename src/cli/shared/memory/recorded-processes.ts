import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import { plural } from '../../../core/base/plural.ts';
import { namesBoot } from '../../../core/rules/boot-id.ts';
import type { Process, Recording } from '../../../core/rules/memory-source.ts';
import { printable } from '../../../render/words/printable.ts';

/**
 * The processes of several recordings that one answer adds up. A process is one at two times where boot, pid
 * and start time are the same: its memory cannot be added to itself.
 */
export class RecordedProcesses {
  readonly #command: string;
  readonly #known = new Map<string, Recording>();
  readonly #alike = new Map<string, Process>();

  constructor(command: string) {
    this.#command = command;
  }

  /**
   * The process with where it was recorded, one object for each file. `bootId` is that of its machine,
   * undefined where it is not known. Fails where the process is in an earlier recording, too.
   */
  add(process: Process, recording: Recording, bootId: string | undefined): Result<Process> {
    const { pid, startTime } = process;
    const boot = namesBoot(bootId) ? bootId : undefined;
    const key = `${boot} ${pid} ${startTime}`;
    const earlier = this.#known.get(key);
    const recorded = succeed({ ...process, recording });
    if (!earlier) this.#known.set(key, recording);
    if (!earlier || earlier === recording) return recorded;
    if (boot === undefined) {
      this.#alike.set(key, process);
      return recorded;
    }
    const host = recording.host === undefined ? '' : ` of ${printable(recording.host)}`;
    return fail(
      'usage',
      `${printable(process.command)} (pid ${pid})${host} is in ${earlier.file} (${earlier.time}) and in ${recording.file} (${recording.time}): one process at two times cannot be added up; give one of these files, run thpscope ${this.#command} on each of them alone, or compare them: thpscope diff`,
    );
  }

  /** What could not be told: processes that may be the same, of recordings that do not name their boot. */
  get note(): string | undefined {
    const [first] = this.#alike.values();
    if (!first) return undefined;
    const count = plural(this.#alike.size, 'process is', 'processes are');
    return `${count} in several files with the same pid and start, first ${printable(first.command)} (pid ${first.pid}): counted in each, which is wrong if the files are of one machine, whose boot they do not name`;
  }
}
