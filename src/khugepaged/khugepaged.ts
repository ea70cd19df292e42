import type { ScanResult } from '../core/rules/scan-result.ts';
import { drainAllLru } from '../machine/folios/lru.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import { CollapseControl } from './collapse-control.ts';
import { MmList } from './mm-list.ts';
import { isEnabled, registerAddressSpaces } from './registration.ts';
import { type DaemonCounts, scanMmSlot } from './scan-mm-slot.ts';
import type { System } from './system.ts';
import { NS_PER_MS } from './timeline.ts';

/** What the thread is doing: it exists in all states but the first. */
export type ThreadState = 'stopped' | 'ready' | 'scanning' | 'scan-sleep' | 'alloc-sleep' | 'idle';

/**
 * The daemon: its thread, its list of address spaces, and when it scans.
 * Source: docs/khugepaged.md#the-daemon.
 */
export class Khugepaged {
  readonly system: System;
  readonly list = new MmList();
  readonly counts: DaemonCounts = { fullScans: 0, pagesCollapsed: 0 };
  readonly control: CollapseControl;
  #state: ThreadState = 'stopped';
  /** When the scan sleep ends; 0 after a write that ends it. */
  #sleepExpire = 0;
  /** Somebody woke the wait queue. */
  #woken = false;
  #mustStop = false;
  #startAgain = false;

  constructor(system: System) {
    this.system = system;
    this.control = new CollapseControl(system, 'khugepaged');
    registerAddressSpaces(system, this.list, () => this.wake());
    this.startOrStop();
  }

  get state(): ThreadState {
    return this.#state;
  }

  /** The time at which a scan sleep will end, in ns; undefined if the thread is not in one. */
  get sleepsUntil(): number | undefined {
    return this.#state === 'scan-sleep' ? this.#sleepExpire : undefined;
  }

  /** Puts an address space on the list, whatever its areas are. */
  register(mm: Mm): void {
    if (this.list.add(mm)) this.wake();
  }

  /**
   * Starts or stops the thread as the settings want it.
   * Source: start_stop_khugepaged, docs/khugepaged.md#when-it-runs.
   */
  startOrStop(): void {
    if (isEnabled(this.system)) {
      if (this.#state === 'stopped') this.#state = 'ready';
      else if (this.#mustStop) this.#startAgain = true;
      if (this.list.length > 0) this.wake();
    } else if (this.#state !== 'stopped') {
      this.#mustStop = true;
      this.#startAgain = false;
      if (!this.#isBusy()) this.#stop();
    }
  }

  /**
   * Wakes those that wait in khugepaged's wait queue. A scan sleep goes on unless `expire` ends it, too
   * (docs/khugepaged.md#sleep).
   */
  wake({ expire = false } = {}): void {
    this.#woken = true;
    if (expire) this.#sleepExpire = 0;
  }

  /**
   * Lets time pass until then, in ns, with all that the daemon and others do. A wake-up that is under way at
   * that time is finished first, so that the clock may end up further on.
   */
  runUntil(time: number): void {
    const { timeline } = this.system;
    while (timeline.now < time) {
      switch (this.#state) {
        case 'stopped':
          timeline.waitUntil(time, () => this.#state !== 'stopped');
          break;
        case 'idle':
          timeline.waitUntil(time, () => this.#hasWork() || this.#state !== 'idle');
          if (this.#hasWork()) this.#state = 'ready';
          break;
        case 'scan-sleep':
          timeline.waitUntil(Math.min(time, this.#sleepExpire), () => this.#isSleepOver());
          if (this.#isSleepOver()) this.#state = 'ready';
          break;
        default:
          this.#wakeUp();
      }
    }
  }

  #isSleepOver(): boolean {
    return this.#state !== 'scan-sleep' || this.system.timeline.now >= this.#sleepExpire;
  }

  #isBusy(): boolean {
    return this.#state === 'scanning' || this.#state === 'alloc-sleep';
  }

  #hasWork(): boolean {
    return this.list.length > 0 && isEnabled(this.system);
  }

  /** One wake-up and what follows it. */
  #wakeUp(): void {
    this.#state = 'scanning';
    this.system.runOn(0, () => this.#doScan());
    if (this.#mustStop) this.#stop();
    else this.#waitForWork();
  }

  /** Scans until enough progress was made. Source: khugepaged_do_scan, docs/khugepaged.md#wake-up. */
  #doScan(): void {
    const { system, list, control } = this;
    const limit = system.settings.pagesToScan;
    drainAllLru(system.machine);
    control.spend('wake', system.costs.wakeUp);
    let progress = 0;
    let maySleep = true;
    let headPasses = 0;
    let result: ScanResult = 'SCAN_SUCCEED';
    while (!this.#mustStop) {
      if (list.cursor.mm === undefined) headPasses++;
      if (list.length > 0 && isEnabled(system) && headPasses < 2) {
        const visit = scanMmSlot(control, list, this.counts, limit - progress);
        progress += visit.progress;
        result = visit.result;
      } else {
        progress = limit;
      }
      if (progress >= limit) break;
      if (result !== 'SCAN_ALLOC_HUGE_PAGE_FAIL') continue;
      if (!maySleep) break;
      maySleep = false;
      this.#allocSleep();
    }
  }

  /**
   * Waits after a failed allocation; any wake ends it.
   * Source: khugepaged_alloc_sleep, docs/khugepaged.md#sleep.
   */
  #allocSleep(): void {
    const { timeline, settings } = this.system;
    this.#state = 'alloc-sleep';
    this.#woken = false;
    timeline.waitUntil(timeline.now + settings.allocSleepMs * NS_PER_MS, () => this.#woken || this.#mustStop);
    this.#state = 'scanning';
  }

  /** Goes to sleep after a wake-up. Source: khugepaged_wait_work, docs/khugepaged.md#sleep. */
  #waitForWork(): void {
    const { timeline, settings } = this.system;
    if (!this.#hasWork()) {
      this.#state = 'idle';
    } else if (settings.scanSleepMs === 0) {
      this.#state = 'ready';
    } else {
      this.#sleepExpire = timeline.now + settings.scanSleepMs * NS_PER_MS;
      this.#state = 'scan-sleep';
    }
  }

  /** Ends the thread: the next one begins at the head of the list. */
  #stop(): void {
    const { mm } = this.list.cursor;
    this.list.leave();
    if (mm && this.system.isExiting(mm)) this.list.remove(mm);
    this.#state = this.#startAgain ? 'ready' : 'stopped';
    this.#mustStop = false;
    this.#startAgain = false;
  }
}
