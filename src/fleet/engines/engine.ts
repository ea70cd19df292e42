import type { Result } from '../../core/base/failure.ts';

/**
 * A row of an answer by the names of its columns. Integers are exact: one beyond 2^53 fails the query. A
 * timestamp or date is text, as the SQL made it.
 */
export type FleetRow = Readonly<Record<string, string | number | null>>;

/** A SQL engine that adds digests up. It answers with all rows or fails: never with a part of them. */
export interface FleetEngine {
  /** What messages call it, such as `ClickHouse at db.lan:8123`. */
  readonly name: string;
  /** The rows of one SELECT. An engine that is gone, refuses or breaks off in the middle is a failure. */
  query(sql: string): Promise<Result<readonly FleetRow[]>>;
  close(): Promise<void>;
}
