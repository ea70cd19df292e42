// Assembles src/core/bitmaps/bitmaps.wat into src/core/bitmaps/bitmaps-bytes.ts. It knows the instructions that the kernel uses, in folded
// form, and nothing else of WebAssembly's text format. `--check` fails when the committed bytes are not those of the text.
import { readFileSync, writeFileSync } from 'node:fs';

const SOURCE = 'src/core/bitmaps/bitmaps.wat';
const OUTPUT = 'src/core/bitmaps/bitmaps-bytes.ts';

const TYPES = { i32: 0x7f, i64: 0x7e, v128: 0x7b };
const PLAIN = {
  return: 0x0f,
  'i32.eqz': 0x45,
  'i32.eq': 0x46,
  'i32.lt_u': 0x49,
  'i32.ge_u': 0x4f,
  'i64.eqz': 0x50,
  'i32.ctz': 0x68,
  'i32.clz': 0x67,
  'i32.popcnt': 0x69,
  'i32.add': 0x6a,
  'i32.sub': 0x6b,
  'i32.and': 0x71,
  'i32.or': 0x72,
  'i32.xor': 0x73,
  'i32.shl': 0x74,
  'i32.shr_u': 0x76,
  'i64.ctz': 0x7a,
  'i64.popcnt': 0x7b,
  'i64.add': 0x7c,
  'i64.sub': 0x7d,
  'i64.and': 0x83,
  'i64.or': 0x84,
  'i64.xor': 0x85,
  'i64.shl': 0x86,
  'i64.shr_u': 0x88,
  'i32.wrap_i64': 0xa7,
  'i64.extend_i32_u': 0xad,
}; // prettier-ignore
const MEMORY = { 'i32.load': [0x28, 2], 'i64.load': [0x29, 3], 'i32.store': [0x36, 2] };
const VECTOR = {
  'i8x16.splat': 15,
  'i8x16.eq': 35,
  'v128.and': 78,
  'v128.or': 80,
  'v128.any_true': 83,
  'i8x16.bitmask': 100,
  'i8x16.shl': 107,
}; // prettier-ignore
const BLOCKS = { block: 0x02, loop: 0x03 };

/** Nested arrays of the words of S-expressions; `;;` begins a comment. */
function parse(text) {
  const stack = [[]];
  for (const [token] of text.replace(/;;.*/g, '').matchAll(/[()]|[^\s()]+/g)) {
    if (token === '(') stack.push([]);
    else if (token === ')') stack.at(-2).push(stack.pop());
    else stack.at(-1).push(token);
  }
  return stack[0];
}

const unsigned = (value) => {
  const bytes = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return [...bytes, value];
};
const signed = (value) => {
  const bytes = [];
  for (let left = BigInt(value); ; left >>= 7n) {
    const byte = Number(left & 0x7fn);
    if (left >> 7n === (byte & 0x40 ? -1n : 0n)) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
};
const vector = (items) => [...unsigned(items.length), ...items.flat()];
const section = (id, items) => {
  const body = vector(items);
  return [id, ...unsigned(body.length), ...body];
};

/** The code of one function; `labels` are the blocks around the expression, the innermost last. */
function assemble([name, ...rest], scope, labels) {
  const all = (list, inside = labels) => list.flatMap((each) => assemble(each, scope, inside));
  const local = (label) => {
    if (!scope.locals.has(label)) throw new Error(`no local ${label}`);
    return unsigned(scope.locals.get(label));
  };
  if (name in PLAIN) return [...all(rest), PLAIN[name]];
  if (name in VECTOR) return [...all(rest), 0xfd, ...unsigned(VECTOR[name])];
  if (name in MEMORY || name === 'v128.load') {
    const offset = typeof rest[0] === 'string' ? Number(rest.shift().replace('offset=', '')) : 0;
    const [code, align] = MEMORY[name] ?? [[0xfd, 0], 4];
    return [...all(rest), ...[code].flat(), align, ...unsigned(offset)];
  }
  switch (name) {
    case 'i32.const':
      return [0x41, ...signed(BigInt.asIntN(32, BigInt(rest[0])))];
    case 'i64.const':
      return [0x42, ...signed(BigInt.asIntN(64, BigInt(rest[0])))];
    case 'local.get':
      return [0x20, ...local(rest[0])];
    case 'local.set':
      return [...all(rest.slice(1)), 0x21, ...local(rest[0])];
    case 'local.tee':
      return [...all(rest.slice(1)), 0x22, ...local(rest[0])];
    case 'i8x16.shuffle':
      return [...all(rest.slice(16)), 0xfd, 13, ...rest.slice(0, 16).map(Number)];
    case 'call':
      return [...all(rest.slice(1)), 0x10, ...unsigned(scope.functions.indexOf(rest[0]))];
    case 'br':
    case 'br_if':
      return [
        ...all(rest.slice(1)),
        name === 'br' ? 0x0c : 0x0d,
        labels.length - 1 - labels.lastIndexOf(rest[0]),
      ];
    case 'block':
    case 'loop':
      return [BLOCKS[name], 0x40, ...all(rest.slice(1), [...labels, rest[0]]), 0x0b];
    case 'if': {
      const inside = [...labels, ''];
      const [, ...then] = rest.find((each) => each[0] === 'then');
      const otherwise = rest.find((each) => each[0] === 'else');
      const condition = assemble(rest[0], scope, labels);
      const other = otherwise ? [0x05, ...all(otherwise.slice(1), inside)] : [];
      return [...condition, 0x04, 0x40, ...all(then, inside), ...other, 0x0b];
    }
    default:
      throw new Error(`unknown instruction ${name}`);
  }
}

function assembleFunction([, , ...parts], functions) {
  const declared = (kind) => parts.filter((each) => each[0] === kind);
  const params = declared('param');
  const locals = declared('local');
  const names = [...params, ...locals].map(([, label], index) => [label, index]);
  const body = parts.filter((each) => !['param', 'local', 'result', 'export'].includes(each[0]));
  const code = body.flatMap((each) => assemble(each, { locals: new Map(names), functions }, []));
  const types = vector(locals.map(([, , type]) => [1, TYPES[type]]));
  const results = declared('result').map(([, type]) => [TYPES[type]]);
  return {
    type: [0x60, ...vector(params.map(([, , type]) => [TYPES[type]])), ...vector(results)],
    code: [...unsigned(types.length + code.length + 1), ...types, ...code, 0x0b],
    exported: declared('export')[0]?.[1],
  };
}

const text = (word) => vector([...new TextEncoder().encode(word)].map((byte) => [byte]));
const [[, ...definitions]] = parse(readFileSync(SOURCE, 'utf8'));
const functions = definitions.filter(([kind]) => kind === 'func');
const names = functions.map(([, name]) => name);
const built = functions.map((each) => assembleFunction(each, names));
const exported = built.flatMap((each, index) =>
  each.exported ? [[...text(each.exported.replaceAll('"', '')), 0, index]] : [],
);
const bytes = [
  0x00,
  0x61,
  0x73,
  0x6d,
  1,
  0,
  0,
  0,
  ...section(
    1,
    built.map(({ type }) => type),
  ),
  ...section(2, [[...text('host'), ...text('memory'), 2, 0, 1]]),
  ...section(
    3,
    built.map((_, index) => [index]),
  ),
  ...section(7, exported),
  ...section(
    10,
    built.map(({ code }) => code),
  ),
]; // prettier-ignore

const lines = Buffer.from(bytes)
  .toString('hex')
  .match(/.{1,96}/g);
const output = [
  '/** The bytes of kernel.wat in hexadecimal: `node scripts/assemble-kernel.mjs` writes this file. */',
  'export const KERNEL_BYTES =',
  lines.map((line) => `  '${line}'`).join(' +\n') + ';',
  '',
].join('\n');
if (!process.argv.includes('--check')) writeFileSync(OUTPUT, output);
else if (readFileSync(OUTPUT, 'utf8') !== output) {
  console.error(`${OUTPUT} is not what ${SOURCE} says: run node scripts/assemble-kernel.mjs`);
  process.exit(1);
}
