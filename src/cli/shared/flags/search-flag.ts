import { ALGORITHM_NAMES } from '../../../core/search/algorithm-names.ts';
import { optionalText } from './flag-kinds.ts';

/** `--algorithm`, where it is the name of a built-in one or a file with another. */
export function searchFlag(brief: string) {
  return {
    ...optionalText(
      'NAME|FILE',
      `${brief}; one of ${ALGORITHM_NAMES.join(', ')}, or a FILE: a module or C (see verify)`,
    ),
    proposeCompletions: (partial: string) => ALGORITHM_NAMES.filter((name) => name.startsWith(partial)),
  };
}
