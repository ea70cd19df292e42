import { below, pick } from '../build/core/base/random.js';

const NUMBERS = [
  0,
  -1,
  1,
  2,
  9,
  10,
  13,
  63,
  511,
  512,
  4096,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e308,
  -1e308,
  0.5,
  1e-9,
];
const WORDS = [
  '',
  'constructor',
  '__proto__',
  'toString',
  '0-511',
  '0x1',
  '511-0',
  '0,0',
  '\u0000',
  '\ud800',
  '\u202e',
  'a'.repeat(5000),
];
const SIZES = [
  '0K',
  '1K',
  '4K',
  '2M',
  '1G',
  '999999999T',
  '1'.repeat(400),
  '-1M',
  '1.5G',
  '10s',
  '1ns',
  '99999999d',
];
const TOKENS = [
  '[',
  ']',
  '{',
  '}',
  ',',
  ':',
  '-',
  ' ',
  '\n',
  '"',
  '0',
  '9',
  ' kB',
  'NaN',
  '[never]',
  '0x',
  '%',
  '\ufeff',
];

/** Changes a value somewhere: another value, one more, one less, or a part of another. */
export function mutateJson(value, random, other) {
  const copy = structuredClone(value);
  const places = placesOf(copy);
  for (let i = 0; i <= below(3, random) && places.length > 0; i++) {
    const { holder, key } = pick(places, random);
    const isList = Array.isArray(holder);
    switch (below(8, random)) {
      case 0:
        if (isList) holder.splice(Number(key), 1);
        else delete holder[key];
        break;
      case 1:
        if (isList) holder.splice(Number(key), 0, holder[key]);
        else define(holder, pick(WORDS, random), holder[key]);
        break;
      case 2:
        define(holder, key, pick(placesOf(other), random)?.value ?? null);
        break;
      case 3:
        define(holder, key, pick([null, true, [], {}, [[]]], random));
        break;
      default:
        define(holder, key, like(holder[key], random));
    }
  }
  return copy;
}

function like(value, random) {
  if (typeof value === 'number')
    return below(2, random) === 0 ? pick(NUMBERS, random) : value + below(9, random) - 4;
  if (typeof value === 'string')
    return below(3, random) === 0 ? mutateText(value, random) : pick([...WORDS, ...SIZES], random);
  if (typeof value === 'boolean') return !value;
  return pick([...NUMBERS, ...WORDS], random);
}

function define(holder, key, value) {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

/** All places of a value that hold something, to the bottom. */
function placesOf(value) {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, each]) => [
    { holder: value, key, value: each },
    ...placesOf(each),
  ]);
}

/** Changes a text: characters, words, lines. */
export function mutateText(text, random) {
  const at = below(text.length + 1, random);
  const end = Math.min(text.length, at + 1 + below(8, random));
  switch (below(7, random)) {
    case 0:
      return text.slice(0, at) + text.slice(end);
    case 1:
      return text.slice(0, at) + pick(TOKENS, random) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(at, end) + text.slice(at);
    case 3:
      return text.replace(/\d+/, () => String(pick(NUMBERS, random)));
    case 4:
      return text.slice(0, at) + String.fromCharCode(below(256, random)) + text.slice(at + 1);
    case 5: {
      const numbers = [...text.matchAll(/\d+/g)];
      if (numbers.length === 0) return text;
      const { index, 0: number } = pick(numbers, random);
      return text.slice(0, index) + pick(NUMBERS, random) + text.slice(index + number.length);
    }
    default: {
      const lines = text.split('\n');
      lines.splice(below(lines.length, random), below(2, random), pick(lines, random));
      return lines.join('\n');
    }
  }
}

/** Changes some bytes, with a liking for the edges of what a byte can say. */
export function mutateBytes(bytes, random, first, end) {
  const copy = bytes.slice();
  for (let i = 0; i <= below(4, random); i++) {
    const at = first + below(end - first, random);
    copy[at] = pick(
      [0, 1, 127, 128, 254, 255, copy[at] ^ (1 << below(8, random)), below(256, random)],
      random,
    );
  }
  return copy;
}
