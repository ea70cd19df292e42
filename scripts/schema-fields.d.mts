/** A field of a schema: where it is, its type, its unit ('' where it has none) and what it is. */
export interface FieldRow {
  readonly path: string;
  readonly type: string;
  readonly unit: string;
  readonly what: string;
}

export function fieldRows(schema: unknown): FieldRow[];
