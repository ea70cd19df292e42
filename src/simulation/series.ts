import { NS_PER_MS } from '../khugepaged/timeline.ts';
import { type Sample, takeSample } from './sample.ts';
import type { SimulatedHost } from './simulated-host.ts';

/** Most samples that are kept. */
export const MAX_SAMPLES = 512;
const FIRST_INTERVAL = 100 * NS_PER_MS;

/**
 * Samples at even intervals of virtual time. Nobody knows at first how long a run will be: whenever there are
 * too many, every second one goes and the interval doubles.
 */
export class Series {
  readonly #host: SimulatedHost;
  readonly #onSample: (at: number) => void;
  #samples: Sample[] = [];
  #interval = FIRST_INTERVAL;

  /**
   * Takes the first sample after what is scheduled for this moment. `onSample` hears of each, at its time in
   * ns.
   */
  constructor(host: SimulatedHost, onSample: (at: number) => void = () => {}) {
    this.#host = host;
    this.#onSample = onSample;
    this.#takeAt(host.system.timeline.now);
  }

  /** The samples, and one of this moment at the end. */
  samples(): Sample[] {
    const last = takeSample(this.#host);
    return [...this.#samples.filter(({ at }) => at < last.at), last];
  }

  #takeAt(time: number): void {
    this.#host.system.timeline.at(time, () => {
      this.#samples.push(takeSample(this.#host));
      this.#onSample(this.#host.system.timeline.now);
      if (this.#samples.length > MAX_SAMPLES) {
        this.#samples = this.#samples.filter((_, i) => i % 2 === 0);
        this.#interval *= 2;
      }
      this.#takeAt(this.#samples[this.#samples.length - 1].at + this.#interval);
    });
  }
}
