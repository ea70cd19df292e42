import { optionalSwitch, optionalText } from '../shared/flags/flag-kinds.ts';
import { outputFile, type WrittenFlags, writtenJson } from '../shared/flags/output-flags.ts';
import {
  budgetFlag,
  type CostFlag,
  costFlag,
  PROCESSES,
  type ProcessFlags,
  processFlags,
} from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type CaptureFlags = ProcessFlags &
  CostFlag &
  WrittenFlags & {
    readonly every?: string;
    readonly keep?: string;
    readonly redact?: boolean;
  };

export const captureCommand = documentedCommand<CaptureFlags, []>({
  loader: async () => (await import('./run.ts')).capture,
  parameters: {
    flags: {
      ...processFlags,
      ...budgetFlag,
      ...costFlag,
      ...outputFile('Snapshot'),
      every: optionalText('TIME', 'Go on, with a snapshot so often (10m) in the folder that -o names'),
      keep: optionalText(
        'N|SIZE',
        'What such a series may take, 10G by default: so many snapshots or bytes; then the oldest go',
      ),
      redact: optionalSwitch('Leave out names and shift addresses'),
      ...writtenJson,
    },
    aliases: { p: 'pid', v: 'verbose', o: 'output' },
  },
  docs: {
    brief: 'Write a snapshot of live processes',
    usage: [`(${PROCESSES}) -o FILE [--redact]`, `(${PROCESSES}) -o FOLDER --every TIME [--keep N|SIZE]`],
    about: [
      'Writes what predict would read of processes to a Parquet file, to be predicted, compared or queried later.',
    ],
    examples: [
      'thpscope capture -p $(pidof -s redis-server) -o redis.parquet',
      'thpscope capture --all --redact -o host.parquet',
      'thpscope capture --all --every 10m --budget 2% --keep 1000 -o /var/lib/thpscope/series',
      'ssh host thpscope capture --all -o - > host.parquet',
    ],
    pages: ['how-to/hand-over.md', 'how-to/query.md'],
  },
});
