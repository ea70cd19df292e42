/** The processor of a machine, as it names itself. What is undefined is not known. */
export interface Cpu {
  /** Of the kernel, as `uname -m` prints it: x86_64, aarch64, ppc64le. */
  readonly architecture: string;
  /** `vendor_id` of /proc/cpuinfo, such as AuthenticAMD; on arm64 `CPU implementer`, such as 0x41. */
  readonly vendor?: string;
  /** `cpu family` of x86 in decimal: 23 is 17h. */
  readonly family?: number;
  readonly modelName?: string;
}

/** The processor that machines taken together have; undefined where they differ or one is not known. */
export function commonCpu(cpus: readonly (Cpu | undefined)[]): Cpu | undefined {
  const [first, ...others] = cpus;
  return first && others.every((cpu) => cpu && isSameCpu(first, cpu)) ? first : undefined;
}

function isSameCpu(a: Cpu, b: Cpu): boolean {
  return (
    a.architecture === b.architecture &&
    a.vendor === b.vendor &&
    a.family === b.family &&
    a.modelName === b.modelName
  );
}
