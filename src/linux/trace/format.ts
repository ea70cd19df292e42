/** A field of a record: bytes from the start of the record. */
interface TraceField {
  readonly offset: number;
  readonly size: number;
  readonly isSigned: boolean;
}

/** How the kernel that runs writes an event: its file `events/SYSTEM/EVENT/format`. */
export interface TraceFormat {
  readonly id: number;
  readonly fields: ReadonlyMap<string, TraceField>;
  /** The words that its text shows for the numbers of a field, by field. */
  readonly words: ReadonlyMap<string, ReadonlyMap<number, string>>;
}

const FIELD =
  /^\tfield:\s*(?:[^;]*[^\w;])?(\w+)(?:\[\d*\])?;\s*offset:(\d+);\s*size:(\d+);\s*signed:([01]);/gm;
const SYMBOLS = /__print_symbolic\(\s*REC->(\w+)\s*,((?:\s*\{[^{}]*\}\s*,?)+)\s*\)/g;
const SYMBOL = /\{\s*(-?\d+)\s*,\s*"([^"]*)"\s*\}/g;

/** Reads a format file; undefined where it is none. */
export function parseTraceFormat(text: string): TraceFormat | undefined {
  const id = /^ID: (\d+)$/m.exec(text)?.[1];
  if (id === undefined) return undefined;
  const fields = new Map<string, TraceField>();
  for (const [, name, offset, size, signed] of text.matchAll(FIELD))
    fields.set(name, { offset: Number(offset), size: Number(size), isSigned: signed === '1' });
  const words = new Map<string, ReadonlyMap<number, string>>();
  for (const [, name, list] of text.matchAll(SYMBOLS)) {
    const known = new Map<number, string>();
    for (const [, number, word] of list.matchAll(SYMBOL)) known.set(Number(number), word);
    words.set(name, known);
  }
  return { id: Number(id), fields, words };
}

/** Reads a field of a record that starts at a byte; undefined for what this kernel does not write. */
export type ReadField = (view: DataView, record: number) => number | undefined;

/** How a field is read: a number, of pointers and 64-bit numbers the low 52 bits. */
export function fieldReader({ fields }: TraceFormat, name: string): ReadField {
  const field = fields.get(name);
  if (!field) return () => undefined;
  const { offset, size, isSigned } = field;
  switch (size) {
    case 1:
      return (view, record) => (isSigned ? view.getInt8(record + offset) : view.getUint8(record + offset));
    case 2:
      return (view, record) =>
        isSigned ? view.getInt16(record + offset, true) : view.getUint16(record + offset, true);
    case 4:
      return (view, record) =>
        isSigned ? view.getInt32(record + offset, true) : view.getUint32(record + offset, true);
    case 8:
      return (view, record) =>
        (view.getUint32(record + offset + 4, true) & 0xfffff) * 2 ** 32 +
        view.getUint32(record + offset, true);
    default:
      return () => undefined;
  }
}
