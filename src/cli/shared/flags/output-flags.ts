import { optionalSwitch } from './flag-kinds.ts';

export type ColorChoice = 'auto' | 'always' | 'never';

/** How answers are printed. */
export type OutputFlags = {
  readonly json?: boolean;
  readonly color: ColorChoice;
};

/** For commands that write a file and print only what was written. */
export type WrittenFlags = {
  readonly output: string;
  readonly json?: boolean;
};

export const outputFlags = {
  json: optionalSwitch('Print JSON'),
  color: {
    kind: 'enum',
    values: ['auto', 'always', 'never'],
    default: 'auto',
    brief: 'When to use colour; NO_COLOR is respected',
  },
} as const;

/** The file to write; `what` names it in the help text. */
export function outputFile(what: string) {
  const brief = `${what} to write; an earlier file is replaced once the new one is whole; - is standard output`;
  return { output: { kind: 'parsed', parse: String, placeholder: 'FILE|-', brief } } as const;
}

export const writtenJson = { json: optionalSwitch('Print what was written as JSON') } as const;
