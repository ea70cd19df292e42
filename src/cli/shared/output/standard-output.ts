import { fail } from '../../../core/base/failure.ts';
import { type Output, WriteError } from '../../../snapshot/output-file.ts';
import { EXIT, exitCodeOfSignal } from '../exit-code.ts';

/**
 * Standard output in the place of a file: its reader gets the bytes as they come. Until all are there, the
 * end of this process is that of one whose reader went away, whatever ends it.
 */
export class StandardOutput implements Output {
  readonly #process: NodeJS.Process;

  constructor(process: NodeJS.Process) {
    this.#process = process;
    process.exitCode = exitCodeOfSignal('SIGPIPE');
  }

  append(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#process.stdout.write(bytes, (error) => {
        if (error) reject(writeError(error));
        else resolve();
      });
    });
  }

  async commit(): Promise<void> {
    this.#process.exitCode = EXIT.done;
  }

  async discard(): Promise<void> {}
}

function writeError({ message }: Error): WriteError {
  return new WriteError(fail('unsupported', `standard output: cannot be written: ${message}`).failure);
}
