/**
 * The text of a worker in which a module runs with thpscope's own script after it. The page may start workers
 * from text, but no script may load another, and pages from the disk start no workers that are modules: so
 * what the module exports is put aside by its text. Lines keep their numbers.
 */
export function moduleScript(source: string, ownScript: string): string {
  const plain = source
    .replaceAll(/^([ \t]*)export\s+default\b/gm, '$1globalThis.thpscopeExported =')
    .replaceAll(/^([ \t]*)export\s+(?:const|let|var)\s+algorithm\b/gm, '$1globalThis.thpscopeExported')
    .replaceAll(/^([ \t]*)export\s+(?=const\b|let\b|var\b|function\b|class\b|async\b)/gm, '$1');
  return `(() => { "use strict"; ${plain}\n})();\n${ownScript}`;
}
