import {
  type BaseArgs,
  buildCommand,
  type Command,
  type CommandFunctionLoader,
  type TypedCommandParameters,
} from '@stricli/core';
import type { Context } from '../context.ts';

/** What is said of a command: by --help, by its man page, and by its page in docs/reference. */
export interface CommandDocs {
  /** One line, without a full stop. */
  readonly brief: string;
  /** What follows the name of the command, a line for each way to call it. */
  readonly usage: readonly string[];
  /** What it does, in sentences; they are joined and broken anew. */
  readonly about: readonly string[];
  /** Whole command lines. */
  readonly examples: readonly string[];
  /** Files that it reads or writes besides those that are named to it: path, and what is in it. */
  readonly files?: readonly (readonly [path: string, what: string])[];
  /** Pages below docs that say more. */
  readonly pages?: readonly string[];
}

export interface DocumentedCommand extends Command<Context> {
  readonly docs: CommandDocs;
}

/** A command whose documentation stays readable by programs. */
export function documentedCommand<
  const FLAGS extends Readonly<Partial<Record<keyof FLAGS, unknown>>>,
  const ARGS extends BaseArgs,
>(command: {
  readonly loader: CommandFunctionLoader<NoInfer<FLAGS>, ARGS, Context>;
  readonly parameters: TypedCommandParameters<NoInfer<FLAGS>, ARGS, Context>;
  readonly docs: CommandDocs;
}): DocumentedCommand {
  const { loader, parameters, docs } = command;
  return { ...buildCommand<FLAGS, ARGS, Context>({ loader, parameters, docs: { brief: docs.brief } }), docs };
}
