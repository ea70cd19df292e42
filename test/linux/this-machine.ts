import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Guest } from '../../src/conform/guest/guest.ts';
import { succeed } from '../../src/core/base/failure.ts';
import { THP_FOLDER } from '../../src/core/base/sysfs.ts';
import type { SettingsGuard } from './thp-settings-guard.ts';

interface Program {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
}

/**
 * This machine, asked as a guest of the kernel lab is (kernel-lab/README.md). `places` says where here is
 * what lies elsewhere in a guest: the longest match of each word counts.
 */
export class ThisMachine implements Guest {
  readonly features = new Set<string>();
  readonly #guard: SettingsGuard;
  readonly #places: readonly (readonly [there: string, here: string])[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #programs = new Map<number, Program>();

  constructor(guard: SettingsGuard, places: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv) {
    this.#guard = guard;
    this.#places = Object.entries(places).sort(([a], [b]) => b.length - a.length);
    this.#env = { ...process.env, ...env };
  }

  async ask([line]: readonly string[]) {
    const [request, ...words] = line.split(' ');
    switch (request) {
      case 'put':
        this.#guard.set(words[0].slice(THP_FOLDER.length + 1), words[1]);
        return succeed(['done']);
      case 'run':
        return succeed(this.#run(words));
      case 'start':
        return succeed(await this.#start(words));
      case 'signal': {
        const [pid, signal] = words.map(Number);
        process.kill(pid, signal);
        return succeed([await nextLine(this.#programs.get(pid)), 'done']);
      }
      case 'end':
        await this.#end(Number(words[0]));
        return succeed(['done']);
      case 'scans':
        return succeed([await fullScans(Number(words[0]))]);
      default:
        throw new Error(`this machine does not answer '${line}'`);
    }
  }

  async stop(): Promise<void> {
    for (const pid of this.#programs.keys()) await this.#end(pid);
  }

  #here(words: readonly string[]): string[] {
    return words.map((word) => {
      const place = this.#places.find(([there]) => word.includes(there));
      return place ? word.replace(place[0], place[1]) : word;
    });
  }

  #run(words: readonly string[]): string[] {
    const [command, ...args] = this.#here(words);
    const { stdout, status } = spawnSync(command, args, {
      encoding: 'utf8',
      env: this.#env,
      maxBuffer: 1 << 26,
    });
    return [...stdout.split('\n').map((each) => `| ${each}`), `done exit=${status}`];
  }

  async #start(words: readonly string[]): Promise<string[]> {
    const [command, ...args] = this.#here(words);
    // However the test ends, its programs end with it.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: this.#env,
    });
    const { pid, stdout } = child;
    if (pid === undefined || !stdout) throw new Error(`'${command}' does not start`);
    const program = { child, lines: createInterface({ input: stdout })[Symbol.asyncIterator]() };
    this.#programs.set(pid, program);
    return [await nextLine(program), `done pid=${pid}`];
  }

  async #end(pid: number): Promise<void> {
    const program = this.#programs.get(pid);
    if (!program) return;
    this.#programs.delete(pid);
    const ended = once(program.child, 'exit');
    process.kill(-pid, 'SIGKILL');
    await ended;
  }
}

async function nextLine(program: Program | undefined): Promise<string> {
  const next = await program?.lines.next();
  return `| ${next?.value ?? ''}`;
}

/** Waits until khugepaged has gone round this often; not for ever. */
async function fullScans(count: number): Promise<'done' | 'timeout'> {
  const scans = () => Number(readFileSync(`${THP_FOLDER}/khugepaged/full_scans`, 'utf8'));
  const until = scans() + count;
  for (let i = 0; i < 1000 && scans() < until; i++) await sleep(20);
  return scans() < until ? 'timeout' : 'done';
}
