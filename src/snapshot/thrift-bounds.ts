import { Damage } from './damage.ts';

/** A struct of Thrift's compact protocol: its numbers and structs by field id. Strings and lists are left out. */
export type ThriftStruct = ReadonlyMap<number, number | ThriftStruct>;

// Parquet's own structs nest eight deep.
const MAX_DEPTH = 16;

/**
 * Reads one struct and where it ends, without allocating by its claims: every length and count must fit the bytes that
 * are there. hyparquet trusts them, so that a few hostile bytes would have it reserve gigabytes or compute for minutes.
 * Throws Damage.
 */
export function readThriftStruct(view: DataView, start: number): { fields: ThriftStruct; end: number } {
  const walk = new Walk(view, start);
  const fields = walk.struct(0);
  return { fields, end: walk.offset };
}

/** An unsigned LEB128 number of at most 64 bits and where it ends; Damage when it is longer or the view ends. */
export function readVarInt(view: DataView, start: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < 10 && start + i < view.byteLength; i++) {
    const byte = view.getUint8(start + i);
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: start + i + 1 };
  }
  throw new Damage('a number in its Parquet structure has no end; copy the file again or capture a new one');
}

class Walk {
  readonly view: DataView;
  offset: number;

  constructor(view: DataView, offset: number) {
    this.view = view;
    this.offset = offset;
  }

  struct(depth: number): ThriftStruct {
    if (depth > MAX_DEPTH) damaged('nests too deep');
    const fields = new Map<number, number | ThriftStruct>();
    let id = 0;
    for (;;) {
      const byte = this.byte();
      const type = byte & 0x0f;
      if (type === 0) return fields;
      id = byte >> 4 ? id + (byte >> 4) : this.zigzag();
      const value = this.element(type, depth);
      if (value === undefined) fields.delete(id);
      else fields.set(id, value);
    }
  }

  element(type: number, depth: number): number | ThriftStruct | undefined {
    switch (type) {
      case 1:
        return 1;
      case 2:
        return 0;
      case 3:
        return this.byte();
      case 4:
      case 5:
      case 6:
        return this.zigzag();
      case 7:
        this.skip(8);
        return undefined;
      case 8:
        this.skip(this.varInt());
        return undefined;
      case 9:
        this.list(depth + 1);
        return undefined;
      case 12:
        return this.struct(depth + 1);
      default:
        return damaged(`has a field of unknown type ${type}`);
    }
  }

  list(depth: number): void {
    if (depth > MAX_DEPTH) damaged('nests too deep');
    const byte = this.byte();
    const length = byte >> 4 === 15 ? this.varInt() : byte >> 4;
    // Every element takes at least a byte.
    if (length > this.view.byteLength - this.offset)
      damaged(`has a list of ${length} elements, longer than the file`);
    const type = byte & 0x0f;
    for (let i = 0; i < length; i++) this.element(type === 1 || type === 2 ? 3 : type, depth);
  }

  zigzag(): number {
    const value = this.varInt();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  varInt(): number {
    const { value, end } = readVarInt(this.view, this.offset);
    this.offset = end;
    return value;
  }

  byte(): number {
    this.skip(1);
    return this.view.getUint8(this.offset - 1);
  }

  skip(bytes: number): void {
    this.offset += bytes;
    if (this.offset > this.view.byteLength) damaged('ends in the middle of a field');
  }
}

function damaged(what: string): never {
  throw new Damage(`its Parquet structure ${what}; copy the file again or capture a new one`);
}
