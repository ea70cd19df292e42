import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PROGRAM, SCRIPT } from './built-command.ts';

export interface Serving {
  readonly pid: number;
  /** What it printed first, without the end of the line. */
  readonly line: string;
  /** The address in that line, as far as the page: without what follows the #. */
  readonly page: string;
  /** Ends it and gives its exit code. May be called again. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Runs the built `thpscope serve`, or another command that serves, and waits until it says where it is. */
export async function startServing(
  args: readonly string[],
  env: Record<string, string> = {},
  command: 'serve' | 'metrics' = 'serve',
  user: { uid?: number; gid?: number } = {},
): Promise<Serving> {
  const child = spawn(PROGRAM, [...SCRIPT, command, ...args], {
    ...user,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const line = await new Promise<string>((resolve, reject) => {
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      if (stdout.includes('\n')) resolve(stdout.trimEnd());
    });
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}: ${stderr}`)));
  });
  const page = /http:[^\s"#]+/.exec(line)?.[0] ?? '';
  return {
    pid: child.pid!,
    line,
    page,
    async stop(signal = 'SIGINT') {
      if (child.exitCode === null) child.kill(signal);
      const [code] = await exited;
      return code as number | null;
    },
  };
}
