import { readSync } from 'node:fs';
import { clip } from '../../core/base/clip.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { Vma } from '../../core/rules/vma.ts';
import { type UnderLocks, uncounted } from '../cost-meter.ts';
import { closeKernelFile, openKernelFile } from '../kernel/kernel-file.ts';
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

/** The VMAs in a folder such as /proc/PID, in address order. A kernel thread, like a zombie, has none. */
export function readSmaps(folder: string, underLocks: UnderLocks = uncounted): Result<SmapsVma[]> {
  const path = `${folder}/smaps`;
  const file = openKernelFile(path);
  if (!file.ok) return file;
  const parser = new SmapsParser();
  try {
    while (underLocks(() => parser.readFrom(file.value))) parser.takeLines();
  } catch (error) {
    return fail('unreadable', `${path}: ${(error as Error).message}`);
  } finally {
    closeKernelFile(file.value);
  }
  const vmas = parser.finish();
  if (parser.odd === undefined) return succeed(vmas);
  return fail('unreadable', `${path}: '${clip(parser.odd)}' is no line that a kernel writes there`);
}

const HEADER = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+) *(.*)$/;

/** Sums that are needed, and their places among the numbers of a VMA. */
const SUM = {
  Rss: 0,
  Swap: 1,
  Anonymous: 2,
  Referenced: 3,
  LazyFree: 4,
  AnonHugePages: 5,
  Private_Clean: 6,
  Private_Dirty: 7,
  Shared_Clean: 8,
  Shared_Dirty: 9,
  KSM: 10,
} as const;
const SUMS = Object.keys(SUM).length;
const [THP_ELIGIBLE, VM_FLAGS] = [SUMS, SUMS + 1];
/** What stands before the values, in the order of the numbers above. */
const KEYS = [...Object.keys(SUM), 'THPeligible', 'VmFlags'].map((key) => Buffer.from(`${key}:`));
const KEYS_BY_LETTER = Array.from({ length: 0x100 }, (_, letter) =>
  [...KEYS.keys()].filter((key) => KEYS[key][0] === letter),
);
const NO_KEY = KEYS.length;

/** No sum of a VMA has more digits, in kB. */
const LONGEST_NUMBER = 12;
const UNSAID = -1;

const [NEWLINE, SPACE, ZERO, NINE, A, Z, K, B] = Buffer.from('\n 09AZkB');

/**
 * Reads the text of smaps piece by piece. It works on bytes: of 25 lines of a VMA half matter, and strings of
 * all would take longer than the kernel takes to write them.
 */
class SmapsParser {
  readonly #vmas: SmapsVma[] = [];
  #buffer = Buffer.allocUnsafe(1 << 14);
  /** Bytes that were read and are no whole line yet. */
  #filled = 0;
  #header: RegExpExecArray | undefined;
  /** Where the last VMA begins and ends. */
  #start = 0;
  #end = 0;
  /** In kB, as SUM. */
  readonly #sums = new Float64Array(SUMS);
  #thpEligible: boolean | undefined;
  #flags: readonly string[] = [];
  /** VMAs have few combinations of flags. */
  readonly #flagLists = new Map<string, readonly string[]>();
  #odd: string | undefined;

  /** The first line that cannot be. */
  get odd(): string | undefined {
    return this.#odd;
  }

  /** Whether there was any more. */
  readFrom(fd: number): boolean {
    if (this.#filled === this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer, this.#buffer]);
    const bytes = readSync(fd, this.#buffer, this.#filled, this.#buffer.length - this.#filled, null);
    this.#filled += bytes;
    return bytes > 0;
  }

  takeLines(): void {
    const end = this.#buffer.subarray(0, this.#filled).lastIndexOf(NEWLINE) + 1;
    for (let at = 0; at < end; ) at = this.#addLine(at);
    this.#buffer.copyWithin(0, end, this.#filled);
    this.#filled -= end;
  }

  finish(): SmapsVma[] {
    if (this.#filled > 0) this.#odd ??= this.#buffer.toString('utf8', 0, this.#filled);
    this.#close();
    return this.#vmas;
  }

  /** Takes the line that starts there; returns where the next one does. */
  #addLine(start: number): number {
    const buffer = this.#buffer;
    const key = keyAt(buffer, start);
    if (key < SUMS) {
      let at = start + KEYS[key].length;
      while (buffer[at] === SPACE) at++;
      const first = at;
      let kB = 0;
      for (; buffer[at] >= ZERO && buffer[at] <= NINE; at++) kB = kB * 10 + buffer[at] - ZERO;
      if (at > first && at - first <= LONGEST_NUMBER && endsInKilobytes(buffer, at)) {
        this.#sums[key] = kB;
        return at + 4;
      }
    }
    const end = buffer.indexOf(NEWLINE, start);
    if (key === VM_FLAGS) this.#flags = this.#flagsOf(buffer.toString('latin1', start + 8, end));
    else if (key === THP_ELIGIBLE) this.#thpEligible = buffer[end - 1] !== ZERO;
    else if (key < SUMS) this.#odd ??= buffer.toString('utf8', start, end);
    // Keys begin with a capital letter, addresses never do.
    else if (buffer[start] < A || buffer[start] > Z) this.#addHeader(buffer.toString('utf8', start, end));
    return end + 1;
  }

  #addHeader(line: string): void {
    const header = HEADER.exec(line);
    if (!header) return;
    this.#close();
    this.#header = header;
    // One that grew over what was told before, while it was read: the kernel goes on behind the last end.
    this.#start = Math.max(address(header[1]), this.#end);
    this.#end = address(header[2]);
    if (!(this.#start < this.#end)) this.#odd ??= line;
    this.#sums.fill(UNSAID);
  }

  #flagsOf(text: string): readonly string[] {
    const known = this.#flagLists.get(text);
    if (known) return known;
    const flags = text.split(' ').filter((flag) => flag !== '');
    this.#flagLists.set(text, flags);
    return flags;
  }

  #close(): void {
    if (!this.#header) return;
    const [, , , permissions, offset, device, inode, name] = this.#header;
    const anonymous = isAnonymous(permissions, inode, name);
    const bytes = (sum: number) => Math.max(this.#sums[sum], 0) * 1024;
    this.#vmas.push({
      start: this.#start,
      end: this.#end,
      name,
      anonymous,
      mapping:
        anonymous || inode === '0' ? undefined : { file: `${device}:${inode}`, offset: address(offset) },
      flags: this.#flags,
      thpEligible: this.#thpEligible,
      rssBytes: bytes(SUM.Rss),
      swapBytes: bytes(SUM.Swap),
      anonymousBytes: bytes(SUM.Anonymous),
      referencedBytes: bytes(SUM.Referenced),
      lazyFreeBytes: bytes(SUM.LazyFree),
      pmdMappedBytes: bytes(SUM.AnonHugePages),
      privateBytes: this.#bytesOf(SUM.Private_Clean, SUM.Private_Dirty),
      sharedBytes: this.#bytesOf(SUM.Shared_Clean, SUM.Shared_Dirty),
      ksmBytes: bytes(SUM.KSM),
    });
    this.#header = undefined;
    this.#thpEligible = undefined;
    this.#flags = [];
  }

  /** What two sums make together; undefined where one is not said. */
  #bytesOf(clean: number, dirty: number): number | undefined {
    const [first, second] = [this.#sums[clean], this.#sums[dirty]];
    return first === UNSAID || second === UNSAID ? undefined : (first + second) * 1024;
  }
}

/** Which of KEYS a line begins with; NO_KEY for others. */
function keyAt(buffer: Buffer, start: number): number {
  next: for (const key of KEYS_BY_LETTER[buffer[start]]) {
    const bytes = KEYS[key];
    for (let i = 1; i < bytes.length; i++) if (buffer[start + i] !== bytes[i]) continue next;
    return key;
  }
  return NO_KEY;
}

/** Whether the line ends in " kB" from there on. */
function endsInKilobytes(buffer: Buffer, at: number): boolean {
  return buffer[at] === SPACE && buffer[at + 1] === K && buffer[at + 2] === B && buffer[at + 3] === NEWLINE;
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
