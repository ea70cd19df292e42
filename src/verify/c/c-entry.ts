import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { type CDefinitions, type CFunction, namesIn } from './c-definitions.ts';

/** The function of a C file that searches a range, and how it is called. */
export interface CEntry {
  readonly name: string;
  /** An argument for each parameter, in C. */
  readonly values: readonly string[];
}

/** Names that a search has in one version or another; the one of thpscope's own first. */
const KNOWN_NAMES = ['thpscope_walk', 'mthp_collapse', 'collapse_scan_bitmap', 'khugepaged_scan_bitmap'];

/** What the function to call may be called. */
export function searchNames(asked: string | undefined): readonly string[] {
  return asked === undefined ? KNOWN_NAMES : [asked];
}

/** Finds the function to call: the one that is asked for, else the one with a name that is known. */
export function entryOf(file: string, definitions: CDefinitions, asked?: string): Result<CEntry> {
  const { functions } = definitions;
  if (functions.some(({ name }) => name === 'collapse_huge_page')) {
    return fail(
      'usage',
      `${file}: leave collapse_huge_page out: thpscope's is how it sees what is attempted`,
    );
  }
  const found = searchNames(asked)
    .flatMap((name) => functions.filter((each) => each.name === name))
    .at(0);
  if (found) return callOf(file, found);
  const defined = functions.map(({ name }) => name);
  const has =
    defined.length > 0
      ? `it defines ${defined.join(', ')}`
      : 'it defines no function as a whole; of a patch to a part, paste the function as it is then';
  return asked === undefined
    ? fail(
        'usage',
        `${file}: no ${KNOWN_NAMES.slice(1, 3).join(' or ')} in it (${has}); name the search with --function`,
      )
    : fail('usage', `${file}: no function ${asked} in it (${has})`);
}

/** What each parameter is given. */
function callOf(file: string, { name, returns, parameters }: CFunction): Result<CEntry> {
  if (/\bvoid\s*$/.test(returns)) {
    return fail(
      'usage',
      `${file}: ${name} returns nothing, and a search returns a scan result; ${WRITE_ENTRY}`,
    );
  }
  const values: string[] = [];
  for (const parameter of parameters) {
    const value = valueOf(parameter);
    if (value === undefined) {
      return fail(
        'usage',
        `${file}: nothing is known to pass for '${parameter}' of ${name}; ${WRITE_ENTRY} that calls it`,
      );
    }
    values.push(value);
  }
  return succeed({ name, values });
}

const WRITE_ENTRY = "write a thpscope_walk (see 'thpscope verify --new walk.c')";

/** What a parameter of a search is given, by its type or else by its name; undefined if neither is known. */
function valueOf(parameter: string): string | undefined {
  const names = namesIn(parameter);
  const last = [...names].at(-1) ?? '';
  if (names.has('thpscope_range')) return 'thpscope_range';
  if (names.has('mm_struct')) return '&mm';
  if (names.has('vm_area_struct')) return '&vma';
  if (names.has('collapse_control')) return '&cc';
  if (/\bbool\s*\*/.test(parameter)) return '&mmap_locked';
  if (parameter.includes('*')) return undefined;
  if (/orders/.test(last)) return 'thpscope_range->enabled_orders';
  if (/addr|start/.test(last)) return 'THPSCOPE_ADDRESS';
  if (last === 'unmapped') return 'thpscope_range->unmapped';
  if (last === 'referenced') return 'HPAGE_PMD_NR';
  return undefined;
}
