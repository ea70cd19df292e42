import { type Geometry, x86_64 } from '../../core/memory/geometry.ts';

/** A kind of machine that QEMU emulates, and what is particular about it. */
export interface GuestMachine {
  /** As Debian calls it, with the pages of its kernel where there are several. */
  readonly name: 'amd64' | 'arm64' | 'arm64-16k' | 'ppc64el';
  /** Of the kernels that are booted on it. */
  readonly geometry: Geometry;
  readonly qemu: string;
  /** The machine and its processor. */
  readonly options: readonly string[];
  /** As QEMU wants it. */
  readonly memory: string;
  readonly console: string;
  /** Compiles C for it. */
  readonly compiler: string;
}

export const GUEST_MACHINES: Readonly<Record<GuestMachine['name'], GuestMachine>> = {
  amd64: {
    name: 'amd64',
    geometry: x86_64,
    qemu: 'qemu-system-x86_64',
    options: ['-cpu', 'qemu64'],
    memory: '3G',
    console: 'ttyS0',
    compiler: 'cc',
  },
  arm64: {
    name: 'arm64',
    geometry: x86_64,
    qemu: 'qemu-system-aarch64',
    options: ['-M', 'virt', '-cpu', 'cortex-a76'],
    memory: '3G',
    console: 'ttyAMA0',
    compiler: 'aarch64-linux-gnu-gcc',
  },
  // PMD ranges of 32M. A Cortex-A76 has pages of 16K, too.
  'arm64-16k': {
    name: 'arm64-16k',
    geometry: { pageShift: 14, pmdOrder: 11 },
    qemu: 'qemu-system-aarch64',
    options: ['-M', 'virt', '-cpu', 'cortex-a76'],
    memory: '5G',
    console: 'ttyAMA0',
    compiler: 'aarch64-linux-gnu-gcc',
  },
  ppc64el: {
    name: 'ppc64el',
    // Pages of 64K, and a PMD of the radix tree maps 2M as well.
    geometry: { pageShift: 16, pmdOrder: 5 },
    qemu: 'qemu-system-ppc64',
    options: ['-M', 'pseries,cap-htm=off', '-cpu', 'power9'],
    memory: '3G',
    console: 'hvc0',
    compiler: 'powerpc64le-linux-gnu-gcc',
  },
};
