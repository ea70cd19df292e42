// Kinds of flags, as stricli describes them. Flag modules and command.ts are loaded whenever thpscope starts:
// they import no room but modules of names.

/** Reads a whole number; stricli prints what it throws. */
export function wholeNumber(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new Error(`'${value}' is not a whole number`);
  return Number(value);
}

/** Reads a process id; of a name it says how to find the id. */
export function processId(value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new Error(
    `'${value}' is not a process id; 'pidof ${value}' prints the ids of a program of that name`,
  );
}

export function optionalText(placeholder: string, brief: string) {
  return { kind: 'parsed', parse: String, optional: true, placeholder, brief } as const;
}

/** Text that may be given several times. */
export function repeatedText(placeholder: string, brief: string) {
  return { kind: 'parsed', parse: String, variadic: true, optional: true, placeholder, brief } as const;
}

export function optionalNumber(placeholder: string, brief: string) {
  return { kind: 'parsed', parse: wholeNumber, optional: true, placeholder, brief } as const;
}

export function optionalSwitch(brief: string) {
  return { kind: 'boolean', optional: true, withNegated: false, brief } as const;
}

/** The words after the flags, any number of them. */
export function wordList(placeholder: string, brief: string) {
  return { kind: 'array', parameter: { parse: String, placeholder, brief } } as const;
}
