/** What redacted recordings have in place of names of hosts and commands. */
export const REDACTED = 'redacted';
