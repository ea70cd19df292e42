import { buildRouteMap } from '@stricli/core';
import { fleetAdviseCommand } from './advise/command.ts';
import { fleetGenerateCommand } from './generate/command.ts';
import { fleetHistoryCommand } from './history/command.ts';
import { fleetRollCommand } from './roll/command.ts';
import { fleetSqlCommand } from './sql/command.ts';
import { fleetSweepCommand } from './sweep/command.ts';
import { fleetTopCommand } from './top/command.ts';

export const fleetCommands = buildRouteMap({
  routes: {
    advise: fleetAdviseCommand,
    sweep: fleetSweepCommand,
    top: fleetTopCommand,
    history: fleetHistoryCommand,
    roll: fleetRollCommand,
    sql: fleetSqlCommand,
    generate: fleetGenerateCommand,
  },
  docs: {
    brief: 'Many hosts: what settings do to all of them',
    fullDescription:
      'Asks about the memory of many hosts, which thpscope collect gathers in a dataset: a folder of Parquet files, or\n' +
      'tables of a ClickHouse server. A SQL engine adds the digests up; thpscope judges the sum.',
  },
});
