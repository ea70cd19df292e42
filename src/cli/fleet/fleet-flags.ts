import { optionalText } from '../shared/flags/flag-kinds.ts';

/** Engines that add digests up. */
const FLEET_ENGINES = ['duckdb', 'clickhouse'] as const;

/** What all commands about a fleet are asked about. */
export type FleetFlags = {
  readonly engine: (typeof FLEET_ENGINES)[number];
  readonly url?: string;
  readonly where?: string;
  readonly since: string;
};

export const fleetFlags = {
  engine: {
    kind: 'enum',
    values: FLEET_ENGINES,
    default: 'duckdb',
    brief: 'What adds the digests up: DuckDB within this process, over a folder, or a ClickHouse server',
  },
  url: optionalText('URL', 'Where the ClickHouse server is: http://127.0.0.1:8123/?database=thp'),
  where: optionalText(
    'SQL',
    "Which processes: a condition on columns of the tables, such as service = 'redis.service'",
  ),
  since: {
    kind: 'parsed',
    parse: String,
    default: '1d',
    placeholder: 'TIME',
    brief: 'How long before the newest reading a host may have been read last (90m, 12h, 7d)',
  },
} as const;

/** The folder of a dataset; a server has its own. */
export const dataset = {
  kind: 'tuple',
  parameters: [
    {
      parse: String,
      placeholder: 'DATASET',
      brief: 'Folder that thpscope collect writes to',
      optional: true,
    },
  ],
} as const;
