import { readSync } from 'node:fs';
import { clip } from '../core/base/clip.ts';
import { fail, type Result, succeed } from '../core/base/failure.ts';
import type { Vma } from '../core/rules/vma.ts';
import { type UnderLocks, uncounted } from './cost-meter.ts';
import { closeKernelFile, openKernelFile } from './kernel-file.ts';
import type { PmdMapping } from './pmd-mapped.ts';

/** A VMA with the sums of /proc/PID/smaps that tell what all or none of its pages are. */
export interface SmapsVma extends Vma {
  readonly anonymousBytes: number;
  /**
   * Pages that hardware or folio flags call recently used; khugepaged also asks KVM and other secondary MMUs.
   */
  readonly referencedBytes: number;
  /** Clean MADV_FREE pages. */
  readonly lazyFreeBytes: number;
  /** Anonymous memory mapped by PMD entries. */
  readonly pmdMappedBytes: number;
  /** Where that is; undefined where PAGEMAP_SCAN tells, or nothing was asked. */
  readonly pmdMapping?: PmdMapping;
  /** Resident pages that only this process maps, and those that others map too; undefined where unsaid. */
  readonly privateBytes: number | undefined;
  readonly sharedBytes: number | undefined;
  /** Pages that KSM merged. */
  readonly ksmBytes: number;
}

const HEADER = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ (\d+) *(.*)$/;

const KILOBYTES = /^\d{1,12}$/;
/** Sums that are not known where they are not said. */
const NEEDED_EVEN_IF_0 = new Set(['Private_Clean', 'Private_Dirty', 'Shared_Clean', 'Shared_Dirty']);

/** The VMAs in a folder such as /proc/PID, in address order. A kernel thread, like a zombie, has none. */
export function readSmaps(folder: string, underLocks: UnderLocks = uncounted): Result<SmapsVma[]> {
  const path = `${folder}/smaps`;
  const file = openKernelFile(path);
  if (!file.ok) return file;
  const parser = new SmapsParser();
  try {
    const decoder = new TextDecoder('utf-8');
    const buffer = Buffer.allocUnsafe(1 << 16);
    const fill = () => underLocks(() => readSync(file.value, buffer));
    for (let bytes = fill(); bytes > 0; bytes = fill()) {
      parser.add(decoder.decode(buffer.subarray(0, bytes), { stream: true }));
    }
  } catch (error) {
    return fail('unreadable', `${path}: ${(error as Error).message}`);
  } finally {
    closeKernelFile(file.value);
  }
  const vmas = parser.finish();
  if (parser.odd === undefined) return succeed(vmas);
  return fail('unreadable', `${path}: '${clip(parser.odd)}' is no line that a kernel writes there`);
}

/** Reads the text of smaps piece by piece. */
class SmapsParser {
  readonly #vmas: SmapsVma[] = [];
  #rest = '';
  #header: RegExpExecArray | undefined;
  /** Where the last VMA ends. */
  #end = 0;
  readonly #bytes = new Map<string, number>();
  #thpEligible: boolean | undefined;
  #flags: string[] = [];
  #odd: string | undefined;

  /** The first line that cannot be. */
  get odd(): string | undefined {
    return this.#odd;
  }

  add(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#addLine(line);
  }

  finish(): SmapsVma[] {
    if (this.#rest) this.#addLine(this.#rest);
    this.#rest = '';
    this.#close();
    return this.#vmas;
  }

  #addLine(line: string): void {
    // Keys begin with a capital letter, addresses never do.
    const header = line[0] > 'Z' || line[0] < 'A' ? HEADER.exec(line) : null;
    if (header) {
      this.#close();
      this.#header = header;
      if (!(this.#end <= address(header[1]) && address(header[1]) < address(header[2]))) this.#odd ??= line;
      this.#end = address(header[2]);
      return;
    }
    const colon = line.indexOf(':');
    const key = line.slice(0, colon);
    if (key === 'VmFlags')
      this.#flags = line
        .slice(colon + 1)
        .split(' ')
        .filter((flag) => flag !== '');
    else if (key === 'THPeligible') this.#thpEligible = line.slice(colon + 1).trim() !== '0';
    else if (line.endsWith(' kB')) this.#addBytes(key, line.slice(colon + 1, -3).trimStart(), line);
  }

  #addBytes(key: string, number: string, line: string): void {
    const kB = number === '0' ? 0 : KILOBYTES.test(number) ? Number(number) : undefined;
    if (kB === undefined) this.#odd ??= line;
    else if (kB > 0 || NEEDED_EVEN_IF_0.has(key)) this.#bytes.set(key, kB * 1024);
  }

  #close(): void {
    if (!this.#header) return;
    const [, start, end, permissions, inode, name] = this.#header;
    const bytes = (key: string) => this.#bytes.get(key) ?? 0;
    this.#vmas.push({
      start: address(start),
      end: address(end),
      name,
      anonymous: isAnonymous(permissions, inode, name),
      flags: this.#flags,
      thpEligible: this.#thpEligible,
      rssBytes: bytes('Rss'),
      swapBytes: bytes('Swap'),
      anonymousBytes: bytes('Anonymous'),
      referencedBytes: bytes('Referenced'),
      lazyFreeBytes: bytes('LazyFree'),
      pmdMappedBytes: bytes('AnonHugePages'),
      privateBytes: this.#sum('Private_Clean', 'Private_Dirty'),
      sharedBytes: this.#sum('Shared_Clean', 'Shared_Dirty'),
      ksmBytes: bytes('KSM'),
    });
    this.#header = undefined;
    this.#bytes.clear();
    this.#thpEligible = undefined;
    this.#flags = [];
  }

  #sum(clean: string, dirty: string): number | undefined {
    const [first, second] = [this.#bytes.get(clean), this.#bytes.get(dirty)];
    return first === undefined || second === undefined ? undefined : first + second;
  }
}

function address(text: string): number {
  return Number.parseInt(text, 16);
}

/**
 * Private memory without a file, heap and stack. A private mapping of /dev/zero counts; the kernel's own
 * mappings such as [vdso] do not, and neither does shared anonymous memory, which is shmem.
 */
function isAnonymous(permissions: string, inode: string, name: string): boolean {
  if (permissions[3] === 's') return false;
  if (name === '/dev/zero') return true;
  return inode === '0' && (name === '' || name === '[heap]' || /^\[(stack|anon:)/.test(name));
}
