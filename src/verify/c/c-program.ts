import { type CDefinitions, namesIn } from './c-definitions.ts';
import type { CEntry } from './c-entry.ts';

/** A C file of somebody. */
export interface CFile {
  /** As messages name it. */
  readonly path: string;
  readonly text: string;
  readonly definitions: CDefinitions;
}

/** Tracepoints and assertions about locks have any name. */
const DECIDES_NOTHING = /^(?:trace_|lockdep_)/;

/**
 * The text that is compiled: thpscope's header, the file as it stands under its own lines, and the call of
 * its search. `headerNames` are the names of the header: those that the file defines itself are the file's.
 */
export function programOf(file: CFile, entry: CEntry, headerNames: ReadonlySet<string>): string {
  const { functions, tags, macros } = file.definitions;
  const own = [...functions.map(({ name }) => name), ...tags].filter((name) => headerNames.has(name));
  const idle = [...namesIn(file.text)].filter(
    (name) => DECIDES_NOTHING.test(name) && !functions.some((each) => each.name === name),
  );
  return [
    '#include "khugepaged.h"',
    ...own.flatMap((name) => [`#undef ${name}`, `#define ${name} own_${name}`]),
    ...macros.filter((name) => headerNames.has(name)).map((name) => `#undef ${name}`),
    ...idle.map((name) => `#define ${name}(...) ((void)0)`),
    `#line 1 ${JSON.stringify(file.path)}`,
    file.text,
    '#line 1 "thpscope\'s call of the search"',
    ...callLines(file, entry),
    '',
  ].join('\n');
}

/** Bitmaps of collapse_control in one version or another, which hold the pages of a case. */
const BITMAPS = ['mthp_present_ptes', 'mthp_bitmap'];

/** Others that the header's collapse_control has. */
const SPARE_BITMAPS = ['mthp_bitmap_mask', 'mthp_bitmap_temp'];

function callLines({ text, definitions }: CFile, { name, values }: CEntry): string[] {
  // Of a collapse_control that the file brings along only what is in it can be set.
  const isOwn = definitions.tags.includes('collapse_control');
  const has = (field: string) => !isOwn || namesIn(text).has(field);
  return [
    'const int thpscope_pmd_order = HPAGE_PMD_ORDER;',
    'const int thpscope_page_shift = PAGE_SHIFT;',
    'unsigned long thpscope_present[BITS_TO_LONGS(HPAGE_PMD_NR)];',
    'int thpscope_call(void)',
    '{',
    'static struct mm_struct mm;',
    'static struct vm_area_struct vma;',
    'static struct collapse_control cc;',
    'bool mmap_locked = true;',
    'memset(&mm, 0, sizeof mm);',
    'memset(&vma, 0, sizeof vma);',
    'memset(&cc, 0, sizeof cc);',
    'vma.vm_mm = &mm;',
    'vma.vm_start = THPSCOPE_ADDRESS;',
    'vma.vm_end = THPSCOPE_ADDRESS + HPAGE_PMD_SIZE;',
    ...(has('is_khugepaged') ? ['cc.is_khugepaged = true;'] : []),
    ...BITMAPS.filter(has).map(
      (field) => `memcpy(cc.${field}, thpscope_range->present_ptes, sizeof cc.${field});`,
    ),
    ...knownBitmaps(isOwn ? BITMAPS.filter(has) : [...BITMAPS, ...SPARE_BITMAPS], isOwn),
    '(void)mmap_locked;',
    `return (int)${name}(${values.join(', ')});`,
    '}',
  ];
}

/** Says how many bits the bitmaps have: of a collapse_control that the file brings along, whole words. */
function knownBitmaps(fields: readonly string[], isOwn: boolean): string[] {
  const maps = [
    { name: 'present_ptes', map: 'thpscope_present', bits: 'HPAGE_PMD_NR' },
    ...fields.map((name) => ({
      name,
      map: `cc.${name}`,
      bits: isOwn ? `8 * sizeof cc.${name}` : 'HPAGE_PMD_NR',
    })),
  ];
  return maps.map(
    ({ name, map, bits }, i) =>
      `thpscope_bitmaps[${i}] = (struct thpscope_bitmap){ "${name}", ${map}, ${bits} };`,
  );
}
