/** Boot ids that stand for none: of recordings without one, and as redaction writes it. */
const NO_BOOT_ID = /^[0-]*$/;

/** Whether a boot id names one start of one machine. */
export function namesBoot(bootId: string | undefined): bootId is string {
  return bootId !== undefined && !NO_BOOT_ID.test(bootId);
}
