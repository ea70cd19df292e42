import { Damage } from './damage.ts';

// Parquet's own structs nest eight deep.
const MAX_DEPTH = 16;

/**
 * Checks that a footer, a struct of Thrift's compact protocol, is no longer than the bytes that are there, in
 * all its lengths and counts. The footer has no checksum of its own, and hyparquet trusts it: a few damaged
 * bytes would have it reserve gigabytes or compute for minutes. Throws Damage.
 */
export function checkFooterBounds(footer: DataView): void {
  new Walk(footer).struct(0);
}

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

/** Steps over values without keeping them. */
class Walk {
  readonly #view: DataView;
  #offset = 0;

  constructor(view: DataView) {
    this.#view = view;
  }

  struct(depth: number): void {
    if (depth > MAX_DEPTH) damaged('nests too deep');
    for (;;) {
      const byte = this.#byte();
      const type = byte & 0x0f;
      if (type === STOP) return;
      // Field ids of more than four bits follow as a number.
      if (byte >> 4 === 0) this.#varInt();
      this.#element(type, depth);
    }
  }

  #element(type: number, depth: number): void {
    switch (type) {
      case TRUE:
      case FALSE:
        return;
      case BYTE:
        return this.#skip(1);
      case I16:
      case I32:
      case I64:
        this.#varInt();
        return;
      case DOUBLE:
        return this.#skip(8);
      case BINARY:
        return this.#skip(this.#varInt());
      case LIST:
        return this.#list(depth + 1);
      case STRUCT:
        return this.struct(depth + 1);
      default:
        damaged(`has a field of unknown type ${type}`);
    }
  }

  #list(depth: number): void {
    if (depth > MAX_DEPTH) damaged('nests too deep');
    const byte = this.#byte();
    const length = byte >> 4 === 15 ? this.#varInt() : byte >> 4;
    // Every element takes at least a byte.
    if (length > this.#view.byteLength - this.#offset)
      damaged(`has a list of ${length} elements, longer than the file`);
    const type = byte & 0x0f;
    // In a list a boolean is a byte; in a struct its value is in the type.
    const element = type === TRUE || type === FALSE ? BYTE : type;
    for (let i = 0; i < length; i++) this.#element(element, depth);
  }

  /** An unsigned LEB128 number of at most 64 bits. */
  #varInt(): number {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    return damaged('has a number without an end');
  }

  #byte(): number {
    this.#skip(1);
    return this.#view.getUint8(this.#offset - 1);
  }

  #skip(bytes: number): void {
    this.#offset += bytes;
    if (this.#offset > this.#view.byteLength) damaged('ends in the middle of a field');
  }
}

function damaged(what: string): never {
  throw new Damage(`its Parquet footer ${what}; copy the file again or capture a new one`);
}
