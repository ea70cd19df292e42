/** Literals and quoted names, and comments, in which quotes mean nothing. */
const PARTS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g;

/**
 * Standard SQL as ClickHouse reads it: to ClickHouse a backslash in quotes begins an escape, and the names of
 * systemd units have some (`foo\x2dbar.service`).
 */
export function clickHouseText(sql: string): string {
  return sql.replace(PARTS, (part) => (/^['"]/.test(part) ? part.replaceAll('\\', '\\\\') : part));
}
