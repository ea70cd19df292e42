/** What is predicted of a file that programs map, or what became of it. Ranges are PMD ranges. */
export interface FileOutcome {
  /** Pages in memory before. */
  readonly cachedPages: number;
  readonly collapses: number;
  readonly growthPages: number;
  /** By how many pages RSS of all that map it falls, but for what they touch again. */
  readonly unmappedPages: number;
}

/** What `thpscope predict --json` says of one file. */
export interface PredictedFile extends FileOutcome {
  readonly kind: string;
  readonly name: string;
  /** Ranges with a page that stay as they are, by the reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Facts that were taken for granted. */
  readonly assumed: readonly string[];
}

/** What it says of all that was read. */
export interface SharedPrediction {
  /** By MAJOR:MINOR:INODE. */
  readonly files: ReadonlyMap<string, PredictedFile>;
  /** Files that could not be read, and why. */
  readonly unread: readonly { readonly name: string; readonly why: string }[];
}

/** What the suite reads of `schemas/predict.schema.json`. */
interface PredictJson {
  readonly pageCache: {
    readonly files: readonly (Omit<PredictedFile, 'unmappedPages' | 'refused'> & {
      readonly id: string;
      readonly unmappedPages: number | null;
      readonly refused: Readonly<Record<string, { readonly ranges: number }>>;
    })[];
    readonly unread: readonly { readonly name: string; readonly why: string }[];
  } | null;
}

/** Reads what the package of the guest printed. */
export function readSharedPrediction(json: unknown): SharedPrediction {
  const { pageCache } = json as PredictJson;
  const files = (pageCache?.files ?? []).map((file) => {
    const { id, kind, name, cachedPages, collapses, growthPages, unmappedPages, refused, assumed } = file;
    const ranges = Object.entries(refused).map(([reason, each]) => [reason, each.ranges] as const);
    const said = { kind, name, cachedPages, collapses, growthPages, assumed };
    return [id, { ...said, unmappedPages: unmappedPages ?? 0, refused: Object.fromEntries(ranges) }] as const;
  });
  return {
    files: new Map(files),
    unread: (pageCache?.unread ?? []).map(({ name, why }) => ({ name, why })),
  };
}
