import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promises as timers } from 'node:timers';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { GUEST_MACHINES, type GuestMachine } from './guest-machines.ts';

/** On a busy machine a guest takes minutes that boots within seconds else. */
const BOOT_TIMEOUT_MS = 180_000;

/** A booted kernel that answers one request after the other. */
export interface Guest {
  /** What not every kernel has, of `swap` and `uffd`. */
  readonly features: ReadonlySet<string>;
  /**
   * Sends lines and returns the answer, whose last line begins with `ready`, `done` or `timeout`. Fails with
   * what the console says when the guest panics, hangs beyond the time limit or ends; it is of no use
   * afterwards.
   */
  ask(lines: readonly string[], timeoutMs: number): Promise<Result<string[]>>;
  stop(): Promise<void>;
}

// On a busy machine the kernel may take the timer of an emulated machine for broken.
const KERNEL_PARAMETERS = 'panic=-1 quiet no_timer_check';

/**
 * Boots a kernel in QEMU by software emulation: KVM may be there and hang, and with two processors about one
 * guest in ten dies (docs/khugepaged.md#guests). `folder` takes the socket and the console; `disk` is the
 * image of one, if the guest has any.
 */
export async function bootGuest(
  kernel: string,
  initramfs: string,
  folder: string,
  machine: GuestMachine = GUEST_MACHINES.amd64,
  disk?: string,
): Promise<Result<Guest>> {
  const parameters = `console=${machine.console} ${KERNEL_PARAMETERS}`;
  const socketPath = join(folder, 'port.sock');
  const consolePath = join(folder, 'console.txt');
  // However this process ends, its guest ends with it.
  const qemu = spawn(
    'setpriv',
    [
      ['--pdeathsig', 'KILL', machine.qemu, ...machine.options],
      `-accel tcg -smp 1 -m ${machine.memory} -nodefaults -display none -no-reboot`.split(' '),
      ['-kernel', kernel, '-initrd', initramfs, '-append', parameters],
      ['-serial', `file:${consolePath}`, '-device', 'virtio-serial-pci'],
      ['-chardev', `socket,id=port,path=${socketPath},server=on,wait=on`],
      ['-device', 'virtserialport,chardev=port'],
      disk === undefined
        ? []
        : ['-drive', `file=${disk},if=none,format=raw,id=disk`, '-device', 'virtio-blk-pci,drive=disk'],
    ].flat(),
    { stdio: 'ignore' },
  );
  let spawnError: Error | undefined;
  qemu.on('error', (error) => (spawnError = error));
  const socket = await connectSocket(socketPath, qemu);
  if (!socket) {
    qemu.kill('SIGKILL');
    return fail('unsupported', `QEMU does not start${spawnError ? `: ${spawnError.message}` : ''}`);
  }
  const guest = new QemuGuest(qemu, socket, consolePath);
  const ready = await guest.ask([], BOOT_TIMEOUT_MS);
  const [word, ...features] = ready.ok ? ready.value[0].split(' ') : [];
  if (word === 'ready') {
    for (const feature of features) guest.features.add(feature);
    return succeed(guest);
  }
  await guest.stop();
  return ready.ok ? fail('unsupported', `the guest says '${ready.value[0]}'`) : ready;
}

async function connectSocket(path: string, qemu: ChildProcess): Promise<Socket | undefined> {
  for (let i = 0; i < 200 && qemu.exitCode === null; i++) {
    const socket = connect(path);
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    if (connected) return socket;
    await timers.setTimeout(25);
  }
  return undefined;
}

class QemuGuest implements Guest {
  readonly features = new Set<string>();
  readonly #qemu: ChildProcess;
  readonly #socket: Socket;
  readonly #consolePath: string;
  readonly #lines: AsyncIterator<string>;

  constructor(qemu: ChildProcess, socket: Socket, consolePath: string) {
    this.#qemu = qemu;
    this.#socket = socket;
    this.#consolePath = consolePath;
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    socket.on('error', () => {});
  }

  async ask(lines: readonly string[], timeoutMs: number): Promise<Result<string[]>> {
    if (lines.length > 0) this.#socket.write(`${lines.join('\n')}\n`);
    const limit = timers.setTimeout(timeoutMs, 'late' as const, { ref: false });
    const received: string[] = [];
    while (!/^(ready|done|timeout)\b/.test(received.at(-1) ?? '')) {
      const next = await Promise.race([this.#lines.next(), limit]);
      if (next === 'late')
        return fail('unreadable', `the guest did not answer within ${timeoutMs / 1000} s${this.#console()}`);
      if (next.done) return fail('unreadable', `the guest ended${this.#console()}`);
      if (next.value.startsWith('error '))
        return fail('unreadable', `the probe failed: ${next.value.slice(6)}`);
      received.push(next.value);
    }
    return succeed(received);
  }

  async stop(): Promise<void> {
    this.#socket.destroy();
    if (this.#qemu.exitCode !== null || this.#qemu.signalCode !== null) return;
    const ended = once(this.#qemu, 'exit');
    this.#qemu.kill('SIGKILL');
    await ended;
  }

  /** Why the guest died, as its console says: the first complaint, or else the last line. */
  #console(): string {
    try {
      const lines = readFileSync(this.#consolePath, 'latin1')
        .split(/\r?\n/)
        .filter((line) => line.trim() !== '');
      const reason = lines.find((line) => /Kernel panic|Oops|BUG:|Out of memory/.test(line)) ?? lines.at(-1);
      return reason ? `; its console says: ${reason.slice(0, 200)}` : '';
    } catch {
      return '';
    }
  }
}
