/** Windows and the base pages that they cover. */
interface WindowSum {
  readonly windows: number;
  readonly pages: number;
}

/** What `thpscope diff --policy current` says of two recordings. */
export interface DiffOutcome {
  /** Rounds of khugepaged from the first recording to the second. */
  readonly fullScans: number;
  readonly predicted: WindowSum;
  readonly happened: WindowSum;
  /** Of this, what a part of was freed since, or is new. */
  readonly cut: WindowSum;
  /** What did not come true, by the reason that diff gives. */
  readonly missed: Readonly<Record<string, WindowSum>>;
  /** Of what khugepaged refuses now, why. */
  readonly refused: Readonly<Record<string, WindowSum>>;
  /** Pages that collapsed beside what was predicted, by the reason that diff gives. */
  readonly unforeseenPages: Readonly<Record<string, number>>;
  /** Of all of these, pages of which diff does not know why. */
  readonly unexplainedPages: Readonly<Record<string, number>>;
}

/** What the suite reads of `schemas/diff.schema.json`. */
interface DiffJson {
  readonly counters: readonly { readonly name: string; readonly before: number; readonly after: number }[];
  readonly totals: { readonly foretold: Omit<DiffOutcome, 'fullScans' | 'unexplainedPages'> };
}

/**
 * Words of diff that are no reason, once khugepaged has been round twice: nothing was seen to keep a window;
 * memory collapsed that khugepaged was to refuse, or to leave alone.
 */
const NO_REASON = { missed: ['hidden', 'waiting'], besides: ['refused', 'left-alone'] };

/** Reads what the built command printed. */
export function readOutcome(json: unknown): DiffOutcome {
  const { counters, totals } = json as DiffJson;
  const scans = counters.find(({ name }) => name === 'khugepaged/full_scans');
  const { predicted, happened, cut, missed, refused, unforeseenPages } = totals.foretold;
  return {
    fullScans: scans ? scans.after - scans.before : 0,
    predicted,
    happened,
    cut,
    missed,
    refused,
    unforeseenPages,
    unexplainedPages: Object.fromEntries(
      [
        ...NO_REASON.missed.map((miss) => [miss, missed[miss].pages] as const),
        ...NO_REASON.besides.map((surprise) => [`besides ${surprise}`, unforeseenPages[surprise]] as const),
      ].filter(([, pages]) => pages > 0),
    ),
  };
}
