// Parquet's own structs nest eight deep.
const MAX_DEPTH = 16;
const MAX_FIELD = 2 ** 15;

/** Types of the compact protocol: the low four bits of a field's first byte. */
const STOP = 0;
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I16 = 4;
const I32 = 5;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

/**
 * Steps over a struct of Thrift's compact protocol without keeping it, and checks that all its lengths and
 * counts are those of bytes that are there: hyparquet trusts them, and a few damaged bytes would have it
 * reserve gigabytes or compute for minutes.
 */
export class ThriftWalk {
  readonly #view: DataView;
  readonly #fail: (what: string) => never;
  #offset: number;
  /**
   * The 32-bit numbers and the booleans of the struct by the ids of their fields, such as "8.1"; those in
   * lists are not kept.
   */
  readonly numbers = new Map<string, number>();
  readonly booleans = new Map<string, boolean>();

  /** What is wrong is given to `fail`: the end of a sentence such as "ends in the middle of a field". */
  constructor(view: DataView, offset: number, fail: (what: string) => never) {
    this.#view = view;
    this.#offset = offset;
    this.#fail = fail;
  }

  /** The offset after what was stepped over. */
  get offset(): number {
    return this.#offset;
  }

  struct(): void {
    this.#struct(0, '');
  }

  /** `path` is that of the struct, with a dot at its end if there is any; undefined in lists. */
  #struct(depth: number, path: string | undefined): void {
    if (depth > MAX_DEPTH) this.#fail('nests too deep');
    for (let id = 0; ; ) {
      const byte = this.#byte();
      const type = byte & 0x0f;
      if (type === STOP) return;
      // Field ids of more than four bits follow as a number.
      const next = byte >> 4 === 0 ? zigzag(this.varInt()) : id + (byte >> 4);
      // hyparquet takes the last of several, and ids that are too long for others.
      if (next <= id || next > MAX_FIELD) this.#fail(`has field ${next} after field ${id}`);
      id = next;
      this.#element(type, depth, path === undefined ? undefined : `${path}${id}`);
    }
  }

  #element(type: number, depth: number, path: string | undefined): void {
    switch (type) {
      case TRUE:
      case FALSE:
        if (path !== undefined) this.booleans.set(path, type === TRUE);
        return;
      case BYTE:
        return this.skip(1);
      case I16:
      case I32: {
        const value = zigzag(this.varInt());
        if (path !== undefined) this.numbers.set(path, value);
        return;
      }
      case I64:
        this.varInt();
        return;
      case DOUBLE:
        return this.skip(8);
      case BINARY:
        return this.skip(this.varInt());
      case LIST:
        return this.#list(depth + 1);
      case STRUCT:
        return this.#struct(depth + 1, path === undefined ? undefined : `${path}.`);
      default:
        this.#fail(`has a field of unknown type ${type}`);
    }
  }

  #list(depth: number): void {
    if (depth > MAX_DEPTH) this.#fail('nests too deep');
    const byte = this.#byte();
    const length = byte >> 4 === 15 ? this.varInt() : byte >> 4;
    // Every element takes at least a byte.
    if (length > this.#view.byteLength - this.#offset)
      this.#fail(`has a list of ${length} elements, longer than the file`);
    const type = byte & 0x0f;
    // In a list a boolean is a byte; in a struct its value is in the type.
    const element = type === TRUE || type === FALSE ? BYTE : type;
    for (let i = 0; i < length; i++) this.#element(element, depth, undefined);
  }

  /** An unsigned LEB128 number of at most 64 bits. */
  varInt(): number {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    return this.#fail('has a number without an end');
  }

  #byte(): number {
    this.skip(1);
    return this.#view.getUint8(this.#offset - 1);
  }

  /** Steps over bytes whatever they are. */
  skip(bytes: number): void {
    this.#offset += bytes;
    if (this.#offset > this.#view.byteLength) this.#fail('ends in the middle of a field');
  }
}

/** Thrift keeps the sign of a number in its lowest bit. */
function zigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
