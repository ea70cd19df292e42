import { documentedRoutes } from '../shared/help/documented-routes.ts';
import { fleetAdviseCommand } from './advise/command.ts';
import { fleetGenerateCommand } from './generate/command.ts';
import { fleetHistoryCommand } from './history/command.ts';
import { fleetRollCommand } from './roll/command.ts';
import { fleetSqlCommand } from './sql/command.ts';
import { fleetSweepCommand } from './sweep/command.ts';
import { fleetTopCommand } from './top/command.ts';

/** The commands about many hosts; `columns` are those of the terminal. */
export const fleetCommands = (columns: number | undefined) =>
  documentedRoutes({
    name: 'thpscope fleet',
    columns,
    routes: {
      advise: fleetAdviseCommand,
      sweep: fleetSweepCommand,
      top: fleetTopCommand,
      history: fleetHistoryCommand,
      roll: fleetRollCommand,
      sql: fleetSqlCommand,
      generate: fleetGenerateCommand,
    },
    brief: 'Many hosts: what settings do to all of them',
    about:
      'Asks about the memory of many hosts, which thpscope collect gathers in a dataset: a folder of Parquet files, ' +
      'or tables of a ClickHouse server. A SQL engine adds the digests up; thpscope judges the sum.',
    examples: ['thpscope fleet advise /srv/thp --max-growth 2%', 'thpscope fleet top /srv/thp --by service'],
  });
