import { optionalText } from '../../shared/flags/flag-kinds.ts';
import { documentedCommand } from '../../shared/help/command-docs.ts';

const ENGINES = ['any', 'clickhouse'] as const;
const KEYS = ['service', 'command', 'host', 'kernel', 'date'] as const;

export type FleetSqlFlags = {
  readonly by?: readonly (typeof KEYS)[number][];
  readonly where?: string;
  readonly engine: (typeof ENGINES)[number];
};

export const fleetSqlCommand = documentedCommand<FleetSqlFlags, []>({
  loader: async () => (await import('./run.ts')).fleetSql,
  parameters: {
    flags: {
      by: {
        kind: 'enum',
        values: KEYS,
        variadic: ',',
        optional: true,
        brief: 'What processes are added up by; by default all are',
      },
      where: optionalText('SQL', 'Which processes: a condition on columns of the tables'),
      engine: {
        kind: 'enum',
        values: ENGINES,
        default: 'any',
        brief: 'What makes the tables: standard SQL, or that of ClickHouse',
      },
    },
  },
  docs: {
    brief: 'The SQL that makes the tables and adds them up, for engines of your own',
    usage: ['[--by service] [--where SQL] [--engine clickhouse]'],
    about: [
      'Prints what makes the tables, and the statements that add up the last reading of each host: what Trino, Spark,',
      'BigQuery or Snowflake run as they are.',
    ],
    examples: [
      'thpscope fleet sql --by service > fold.sql',
      'thpscope fleet sql --engine clickhouse | grep ^CREATE | clickhouse-client -mn',
    ],
    pages: ['fleet.md#sql'],
  },
});
