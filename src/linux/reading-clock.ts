/** The time, in nanoseconds from any start. */
export interface ReadingClock {
  wallNs(): number;
  /** CPU time of this process, of all its threads, user and system. */
  cpuNs(): number;
}

export const SYSTEM_CLOCK: ReadingClock = {
  wallNs: () => Number(process.hrtime.bigint()),
  cpuNs() {
    const { user, system } = process.cpuUsage();
    return (user + system) * 1000;
  },
};
