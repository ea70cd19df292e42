import { LIMIT_FILES, LIMITS, sizeFolder } from '../core/base/sysfs.ts';
import { orderBytes, pagesPerRange, rangeBytes } from '../core/memory/geometry.ts';
import { asOrder, MIN_ANON_ORDER, type Order } from '../core/memory/order.ts';
import type { CollapseLimits } from '../core/rules/policy.ts';
import { SIZE_WORDS, TOP_LEVEL_WORDS } from '../core/rules/settings-words.ts';
import { SHMEM_SIZE_WORDS, SHMEM_WORDS, type ShmemSettings } from '../core/rules/shmem-settings.ts';
import { DEFRAG_WORDS, type MachineSettings } from '../machine/settings.ts';
import type { Khugepaged } from './khugepaged.ts';
import { statsFiles } from './stats-files.ts';
import {
  formatWords,
  parseBoolean,
  parseFlag,
  parseUnsigned,
  parseWord,
  type SysfsErrno,
} from './sysfs-value.ts';

interface SysfsFile {
  readonly read: () => string;
  /** Undefined for files of mode 0444. */
  readonly write?: (text: string) => SysfsErrno | undefined;
}

/**
 * /sys/kernel/mm/transparent_hugepage of a simulated machine: the files of docs/khugepaged.md#sysfs and
 * docs/khugepaged.md#statistics, by their relative paths.
 */
export class ThpSysfs {
  readonly #daemon: Khugepaged;
  readonly #files = new Map<string, SysfsFile>();

  constructor(daemon: Khugepaged) {
    this.#daemon = daemon;
    this.#addTopLevel();
    this.#addDaemon();
    const { pmdOrder } = daemon.system.machine.geometry;
    for (let order = 1; order <= pmdOrder; order++) this.#addSize(asOrder(order));
  }

  get paths(): readonly string[] {
    return [...this.#files.keys()];
  }

  get writablePaths(): readonly string[] {
    return this.paths.filter((path) => this.#files.get(path)?.write !== undefined);
  }

  /** The contents of a file; undefined if there is none. */
  read(path: string): string | undefined {
    return this.#files.get(path)?.read();
  }

  /** Writes to a file as root: why it failed, undefined if it did not. */
  write(path: string, text: string): SysfsErrno | undefined {
    const file = this.#files.get(path);
    if (!file) return 'ENOENT';
    return file.write ? file.write(text) : 'EACCES';
  }

  #addTopLevel(): void {
    const { machine } = this.#daemon.system;
    this.#files.set('enabled', {
      read: () => formatWords(TOP_LEVEL_WORDS, machine.settings.enabled),
      write: (text) => {
        const word = parseWord(text, TOP_LEVEL_WORDS);
        if (!word) return 'EINVAL';
        const changed = word !== machine.settings.enabled;
        this.#change({ enabled: word });
        return this.#enabledWritten(changed);
      },
    });
    this.#files.set('defrag', {
      read: () => formatWords(DEFRAG_WORDS, machine.settings.defrag),
      write: (text) => {
        const word = parseWord(text, DEFRAG_WORDS);
        return word ? this.#change({ defrag: word }) : 'EINVAL';
      },
    });
    this.#files.set('use_zero_page', {
      read: () => (machine.settings.useZeroPage ? '1\n' : '0\n'),
      write: (text) => {
        const on = parseFlag(text);
        return typeof on === 'string' ? on : this.#change({ useZeroPage: on });
      },
    });
    this.#files.set('hpage_pmd_size', { read: () => `${rangeBytes(machine.geometry)}\n` });
    this.#files.set('shmem_enabled', {
      read: () => formatWords(SHMEM_WORDS, machine.settings.shmem.enabled),
      write: (text) => {
        const word = parseWord(text, SHMEM_WORDS);
        if (!word || (word === 'force' && this.#refusesForce)) return 'EINVAL';
        this.#changeShmem({ enabled: word });
        return this.#enabledWritten(true);
      },
    });
    this.#files.set('shrink_underused', {
      read: () => (machine.settings.shrinkUnderused ? '1\n' : '0\n'),
      write: (text) => {
        const on = parseBoolean(text);
        return typeof on === 'string' ? on : this.#change({ shrinkUnderused: on });
      },
    });
  }

  #addDaemon(): void {
    const { counts, system } = this.#daemon;
    const { settings } = system;
    this.#files.set('khugepaged/defrag', {
      read: () => (settings.defrag ? '1\n' : '0\n'),
      write: (text) => {
        const on = parseFlag(text);
        if (typeof on === 'string') return on;
        settings.defrag = on;
        return undefined;
      },
    });
    for (const key of LIMITS) this.#files.set(`khugepaged/${LIMIT_FILES[key]}`, this.#limit(key));
    this.#files.set('khugepaged/pages_to_scan', this.#number('pagesToScan', 1, false));
    this.#files.set('khugepaged/pages_collapsed', { read: () => `${counts.pagesCollapsed}\n` });
    this.#files.set('khugepaged/full_scans', { read: () => `${counts.fullScans}\n` });
    this.#files.set('khugepaged/scan_sleep_millisecs', this.#number('scanSleepMs', 0, true));
    this.#files.set('khugepaged/alloc_sleep_millisecs', this.#number('allocSleepMs', 0, true));
  }

  #addSize(order: Order): void {
    const { machine, daemonModel } = this.#daemon.system;
    const folder = sizeFolder(orderBytes(order, machine.geometry));
    if (order >= MIN_ANON_ORDER) {
      this.#files.set(`${folder}/enabled`, {
        read: () => formatWords(SIZE_WORDS, machine.settings.sizes.get(order) ?? 'never'),
        write: (text) => {
          const word = parseWord(text, SIZE_WORDS);
          if (!word) return 'EINVAL';
          const changed = word !== (machine.settings.sizes.get(order) ?? 'never');
          this.#change({ sizes: new Map(machine.settings.sizes).set(order, word) });
          return this.#enabledWritten(changed);
        },
      });
    }
    this.#files.set(`${folder}/shmem_enabled`, {
      read: () => formatWords(SHMEM_SIZE_WORDS, machine.settings.shmem.sizes.get(order) ?? 'never'),
      write: (text) => {
        const word = parseWord(text, SHMEM_SIZE_WORDS);
        const isForced = machine.settings.shmem.enabled === 'force' && order !== machine.geometry.pmdOrder;
        if (!word || (word === 'inherit' && isForced)) return 'EINVAL';
        this.#changeShmem({ sizes: new Map(machine.settings.shmem.sizes).set(order, word) });
        return this.#enabledWritten(true);
      },
    });
    for (const [name, read] of statsFiles(machine, daemonModel, order)) {
      this.#files.set(`${folder}/stats/${name}`, { read: () => `${read()}\n` });
    }
  }

  /** `force` wants the PMD size to inherit it, and no other (shmem_enabled_store). */
  get #refusesForce(): boolean {
    const { machine } = this.#daemon.system;
    const pmdOrder = asOrder(machine.geometry.pmdOrder);
    const inherits = [...machine.settings.shmem.sizes].filter(([, word]) => word === 'inherit');
    return inherits.length !== 1 || inherits[0][0] !== pmdOrder;
  }

  #change(change: Partial<MachineSettings>): undefined {
    const { machine } = this.#daemon.system;
    machine.settings = { ...machine.settings, ...change };
  }

  #changeShmem(change: Partial<ShmemSettings>): undefined {
    this.#change({ shmem: { ...this.#daemon.system.machine.settings.shmem, ...change } });
  }

  /**
   * The thread starts or stops; new versions look only if the write changed something
   * (start_stop_khugepaged, docs/khugepaged.md#when-it-runs).
   */
  #enabledWritten(changed: boolean): undefined {
    if (changed || !this.#daemon.system.daemonModel.ignoresUnchanged) this.#daemon.startOrStop();
  }

  #limit(key: keyof CollapseLimits): SysfsFile {
    const { machine } = this.#daemon.system;
    const largest = pagesPerRange(machine.geometry) - 1;
    return {
      read: () => `${machine.settings[key]}\n`,
      write: (text) => {
        const value = parseUnsigned(text, 64);
        return typeof value === 'string' || value > largest ? 'EINVAL' : this.#change({ [key]: value });
      },
    };
  }

  #number(key: 'pagesToScan' | 'scanSleepMs' | 'allocSleepMs', smallest: number, wakes: boolean): SysfsFile {
    const { settings } = this.#daemon.system;
    return {
      read: () => `${settings[key]}\n`,
      write: (text) => {
        const value = parseUnsigned(text, 32);
        if (typeof value === 'string' || value < smallest) return 'EINVAL';
        settings[key] = value;
        if (wakes) this.#daemon.wake({ expire: true });
        return undefined;
      },
    };
  }
}
