import { withoutZeros } from './blocked-json.ts';
import { RESTART_CLASSES, type RestartDigest } from './memory-digest.ts';

/** What a restart needs as a digest stores it, by class of VMAs. */
export type RestartDigestJson = Readonly<Partial<Record<keyof RestartDigest, RestartJson>>>;

/** See RestartTable. */
interface RestartJson {
  /**
   * Order of the blocks, touched pages in them, then their windows of orders 2, 3, ... with a touched page.
   */
  readonly blocks: readonly (readonly number[])[];
  /** Touched pages by the order of their large folio; zeros at the end are left out. */
  readonly folioPages: readonly number[];
  readonly sharedPages: number;
}

export function restartDigestJson(restart: RestartDigest): RestartDigestJson {
  return Object.fromEntries(
    RESTART_CLASSES.map((name) => {
      const { touched, any, folioPages, sharedPages } = restart[name];
      const blocks = [...touched].flatMap((pages, block) =>
        pages !== 0 || any[block].some((windows) => windows !== 0)
          ? [[block, pages, ...any[block].slice(2, block + 1)]]
          : [],
      );
      return [name, { blocks, folioPages: withoutZeros([...folioPages]), sharedPages }];
    }),
  );
}

/** Sets an empty digest of a restart to what is stored. */
export function fillRestart(into: RestartDigest, stored: RestartDigestJson): void {
  for (const name of RESTART_CLASSES) {
    const from = stored[name];
    if (!from) continue;
    for (const [block, pages, ...any] of from.blocks) {
      into[name].touched[block] = pages;
      into[name].any[block].set(any, 2);
    }
    into[name].folioPages.set(from.folioPages);
    into[name].sharedPages = from.sharedPages;
  }
}
