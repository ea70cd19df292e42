import type { Command, RouteMap } from '@stricli/core';
import type { Context } from '../context.ts';
import type { CommandDocs, DocumentedCommand } from './command-docs.ts';

/** A flag as documentation shows it. */
export interface FlagPage {
  /** As it is typed: `-p, --pid PID`. */
  readonly words: string;
  readonly brief: string;
}

/** All that is documented of one command. */
export interface CommandPage extends CommandDocs {
  /** With the name of the program: `thpscope fleet top`. */
  readonly name: string;
  readonly flags: readonly FlagPage[];
  readonly args: readonly FlagPage[];
}

/** What stricli keeps of flags and words, as far as it is shown. */
interface ShownFlag {
  readonly kind: string;
  readonly brief: string;
  readonly placeholder?: string;
  readonly values?: readonly string[];
  readonly default?: unknown;
  readonly variadic?: boolean | string;
  readonly withNegated?: boolean;
  readonly hidden?: boolean;
}
interface ShownWord {
  readonly brief: string;
  readonly placeholder?: string;
  readonly optional?: boolean;
}
interface ShownParameters {
  readonly flags?: Readonly<Record<string, ShownFlag>>;
  readonly aliases?: Readonly<Record<string, string>>;
  readonly positional?:
    | { readonly kind: 'array'; readonly parameter: ShownWord }
    | { readonly kind: 'tuple'; readonly parameters: readonly ShownWord[] };
}

/** What is documented of a command that is called by this name. */
export function commandPage(name: string, command: DocumentedCommand): CommandPage {
  const { flags = {}, aliases = {}, positional } = command.parameters as unknown as ShownParameters;
  const letters = new Map(Object.entries(aliases).map(([letter, flag]) => [flag, letter]));
  return {
    ...command.docs,
    name,
    flags: Object.entries(flags)
      .filter(([, flag]) => !flag.hidden)
      .map(([flagName, flag]) => ({
        words: wordsOf(flagName, letters.get(flagName), flag),
        brief: briefOf(flag),
      })),
    args: wordsAfterFlags(positional),
  };
}

/** The commands of a route map, those of its route maps too, by the words that call them. */
export function commandPages(name: string, routes: RouteMap<Context>): CommandPage[] {
  return routes.getAllEntries().flatMap(({ name: { original }, target }) => {
    const called = `${name} ${original}`;
    return 'getAllEntries' in target
      ? commandPages(called, target)
      : [commandPage(called, documented(target))];
  });
}

function documented(command: Command<Context>): DocumentedCommand {
  if (!('docs' in command)) throw new Error(`a command has no docs: ${command.brief}`);
  return command as DocumentedCommand;
}

function wordsOf(name: string, letter: string | undefined, flag: ShownFlag): string {
  const kebab = name.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
  const value = flag.values ? flag.values.join('|') : (flag.placeholder ?? '');
  const shown = flag.kind === 'boolean' ? '' : ` ${flag.values && value.length > 24 ? 'NAME' : value}`;
  return `${letter ? `-${letter}, ` : ''}--${kebab}${shown}${flag.variadic ? '...' : ''}`;
}

function briefOf({ brief, values, default: byDefault }: ShownFlag): string {
  const many = values && values.join('|').length > 24 ? `; one of ${values.join(', ')}` : '';
  const shown = byDefault === undefined || typeof byDefault === 'boolean' ? '' : `; ${byDefault} by default`;
  return `${brief}${many}${shown}`;
}

function wordsAfterFlags(positional: ShownParameters['positional']): FlagPage[] {
  if (positional?.kind === 'array')
    return [{ words: `${positional.parameter.placeholder ?? 'WORD'}...`, brief: positional.parameter.brief }];
  return (positional?.parameters ?? []).map(({ placeholder = 'WORD', optional, brief }) => ({
    words: optional ? `[${placeholder}]` : placeholder,
    brief,
  }));
}
