export const TOP_LEVEL_WORDS = ['always', 'madvise', 'never'] as const;
export const SIZE_WORDS = ['always', 'inherit', 'madvise', 'never'] as const;

/** What the top-level file `enabled` says. */
export type TopLevelWord = (typeof TOP_LEVEL_WORDS)[number];
/** What `hugepages-<size>kB/enabled` says. */
export type SizeWord = (typeof SIZE_WORDS)[number];
