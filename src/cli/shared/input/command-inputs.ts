import { type Result, succeed } from '../../../core/base/failure.ts';
import type { Context } from '../context.ts';
import type { InputFile } from './input-file.ts';
import { checkNamedOnce, keepStandardInput, STANDARD_INPUT } from './standard-input.ts';

/** The flags that name inputs. */
interface InputFlags {
  readonly policy?: string;
  readonly ranges?: string;
  readonly histories?: string;
  readonly calibration?: string;
}

/** Flags with the file of settings that --policy names, if it is standard input. */
export type WithPolicyFile<F> = F & { readonly policyFile?: InputFile };

/** What a command reads, once its words were checked. */
export interface CommandInputs<F> {
  readonly files: readonly InputFile[];
  readonly flags: WithPolicyFile<F>;
}

/**
 * The files that the words of a command and its --policy name. `-` is standard input, which is read to its
 * end here: by one of them only.
 */
export async function commandInputs<F extends InputFlags>(
  context: Context,
  flags: F,
  words: readonly string[],
): Promise<Result<CommandInputs<F>>> {
  const { policy, ranges, histories, calibration } = flags;
  const once = checkNamedOnce([...words, policy, ranges, histories, calibration]);
  if (!once.ok) return once;
  const files: InputFile[] = [];
  for (const word of words) {
    const file = await inputFile(context, word);
    if (!file.ok) return file;
    files.push(file.value);
  }
  if (policy !== '-') return succeed({ files, flags });
  const policyFile = await inputFile(context, policy);
  return policyFile.ok ? succeed({ files, flags: { ...flags, policyFile: policyFile.value } }) : policyFile;
}

/** The file that a word names: `-` is standard input, which is read to its end here. */
export async function inputFile(context: Context, word: string): Promise<Result<InputFile>> {
  if (word !== '-') return succeed({ path: word, name: word });
  const path = await keepStandardInput(context);
  return path.ok ? succeed({ path: path.value, name: STANDARD_INPUT }) : path;
}
