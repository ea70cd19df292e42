import { fail, type Result, succeed } from './failure.ts';

/**
 * Reads JSON that somebody wrote. A byte order mark before it is skipped; an object that has a key twice is
 * refused, for readers differ in which of the two they take. Fails with what is wrong.
 */
export function parseJson(text: string): Result<unknown> {
  const json = withoutMark(text);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return fail('unreadable', `not JSON (${(error as Error).message})`);
  }
  for (const { key, siblings } of keysOf(json)) {
    if (siblings.has(key)) return fail('unreadable', `has the key ${JSON.stringify(key)} twice in an object`);
    siblings.add(key);
  }
  return succeed(value);
}

/** A text without the byte order mark that some editors put before it. */
export function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/**
 * The number at a key of the outermost object as it is written, for what JavaScript reads may have lost
 * digits. Undefined where there is no number. The text must be JSON.
 */
export function numberText(json: string, wanted: string): string | undefined {
  for (const { key, depth, end } of keysOf(json))
    if (depth === 1 && key === wanted) return /^\s*:\s*(-?[0-9.eE+-]+)/.exec(json.slice(end))?.[1];
  return undefined;
}

interface Key {
  readonly key: string;
  /** Where its text ends. */
  readonly end: number;
  /** Objects around it, with its own. */
  readonly depth: number;
  /** Shared by all keys of an object, empty at first. */
  readonly siblings: Set<string>;
}

/** The keys of all objects in a text that is JSON, in its order. */
function* keysOf(json: string): Iterable<Key> {
  const objects: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '{') objects.push(new Set());
    if (character === '}') objects.pop();
    if (character !== '"') continue;
    const start = at;
    at = endOfString(json, start);
    const siblings = objects.at(-1);
    if (!siblings || !isBeforeColon(json, at + 1)) continue;
    const text = json.slice(start, at + 1);
    const key: string = text.includes('\\') ? JSON.parse(text) : text.slice(1, -1);
    yield { key, end: at + 1, depth: objects.length, siblings };
  }
}

/** Where the quote is that ends a string. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}

function isBeforeColon(json: string, from: number): boolean {
  let at = from;
  while (json[at] === ' ' || json[at] === '\n' || json[at] === '\r' || json[at] === '\t') at++;
  return json[at] === ':';
}
