/** How the process ended in which a search ran: by a signal, or else with a status. */
export interface ProcessEnd {
  readonly signal: number | undefined;
  readonly status: number;
}

const SIGNALS: ReadonlyMap<number, string> = new Map([
  [4, 'SIGILL'],
  [6, 'SIGABRT'],
  [7, 'SIGBUS'],
  [8, 'SIGFPE'],
  [9, 'SIGKILL'],
  [11, 'SIGSEGV'],
  [31, 'it calls what no walk may, such as a thread'],
]);

/** What the sanitizers report, in words. The first pattern that is found decides. */
const REPORTS: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/runtime error: store .* insufficient space/, 'writes beyond the end of what it has'],
  [/runtime error: .* insufficient space/, 'reads beyond the end of what it has'],
  [/ stack-overflow /, 'overflows its stack: it calls itself too often'],
  [
    /out of memory|out-of-memory|allocation-size-too-big|failed to (?:allocate|mmap)/i,
    'asks for too much memory',
  ],
  [/-overflow [\s\S]*WRITE of size/, 'writes beyond the end of what it has'],
  [/-overflow /, 'reads beyond the end of what it has'],
  [/use-after|double-free|bad-free/, 'uses memory that is not its own any more'],
  [/caused by a WRITE/, 'writes where no memory is'],
  [/caused by a READ|AddressSanitizer: (?:SEGV|BUS)/, 'reads where no memory is'],
];

/**
 * What a search did that ended its process, as a sentence without its subject: from what the sanitizers
 * printed, with the line of the file where they say it, else from how the process ended.
 */
export function crashSentence(path: string, printed: string, end: ProcessEnd): string {
  const line = lineIn(path, printed);
  const where = line === undefined ? '' : ` at ${path}:${line}`;
  const [, words] = REPORTS.find(([pattern]) => pattern.test(printed)) ?? [];
  if (words) return `${words}${where}`;
  const [, what] = /(?:runtime error|AddressSanitizer): (.+)/.exec(printed) ?? [];
  if (what) return `does what C leaves undefined${where}: ${what}`;
  if (end.signal === undefined) return `ends the process with status ${end.status}`;
  return `crashes: ${SIGNALS.get(end.signal) ?? `signal ${end.signal}`}`;
}

/** The first line of a file that a report names. */
function lineIn(path: string, printed: string): number | undefined {
  for (const line of printed.split('\n')) {
    const at = line.indexOf(`${path}:`);
    const number = at < 0 ? undefined : /^\d+/.exec(line.slice(at + path.length + 1));
    if (number) return Number(number[0]);
  }
  return undefined;
}
