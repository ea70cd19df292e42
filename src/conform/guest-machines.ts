/** A kind of machine that QEMU emulates, and what is particular about it. */
export interface GuestMachine {
  /** As Debian calls it. */
  readonly name: 'amd64' | 'arm64';
  readonly qemu: string;
  /** The machine and its processor. */
  readonly options: readonly string[];
  readonly console: string;
  /** Compiles C for it. */
  readonly compiler: string;
}

export const GUEST_MACHINES: Readonly<Record<GuestMachine['name'], GuestMachine>> = {
  amd64: {
    name: 'amd64',
    qemu: 'qemu-system-x86_64',
    options: ['-cpu', 'qemu64'],
    console: 'ttyS0',
    compiler: 'cc',
  },
  // Pages of 4K: the geometry of x86-64.
  arm64: {
    name: 'arm64',
    qemu: 'qemu-system-aarch64',
    options: ['-M', 'virt', '-cpu', 'cortex-a76'],
    console: 'ttyAMA0',
    compiler: 'aarch64-linux-gnu-gcc',
  },
};
