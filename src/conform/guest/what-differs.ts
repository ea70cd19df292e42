/**
 * In what a kernel and a model differ, by what is compared: the names of counters and of other words,
 * `folios` for pages at the end, `scans` for attempts and results. Texts are those of `Difference`.
 */
export function whatDiffers(real: string, model: string): string[] {
  const [ofReal, ofModel] = [wordsOf(real), wordsOf(model)];
  if (ofReal && ofModel) {
    const names = new Set([...ofReal.keys(), ...ofModel.keys()]);
    return [...names].filter((name) => ofReal.get(name) !== ofModel.get(name));
  }
  // Of the daemon what is compared is a visit, or the pages of a range.
  if (real.startsWith('visit ')) return ['visits'];
  const [[realPages, ...realScans], [modelPages, ...modelScans]] = [real, model].map((text) =>
    text.split('\n'),
  );
  return [
    ...(realPages === modelPages ? [] : ['folios']),
    ...(realScans.join('\n') === modelScans.join('\n') ? [] : ['scans']),
  ];
}

/** `pages_collapsed=1 collapse_alloc=0,2` by name; a word without one are errnos. */
function wordsOf(text: string): Map<string, string> | undefined {
  if (!/(^| )pages_collapsed=/.test(text)) return undefined;
  return new Map(
    text.split(' ').map((word): [string, string] => {
      const at = word.indexOf('=');
      return at < 0 ? ['errno', word] : [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}
