import { buildCommand } from '@stricli/core';
import { describeCommand } from '../shared/command-docs.ts';
import type { Context } from '../shared/context.ts';
import { optionalSwitch } from '../shared/flag-kinds.ts';
import { outputFile, type WrittenFlags, writtenJson } from '../shared/output-flags.ts';
import { budgetFlag, PROCESSES, type ProcessFlags, processFlags } from '../shared/source-flags.ts';

export type CaptureFlags = ProcessFlags & WrittenFlags & { readonly redact?: boolean };

export const captureCommand = buildCommand<CaptureFlags, [], Context>({
  loader: async () => (await import('./run.ts')).capture,
  parameters: {
    flags: {
      ...processFlags,
      ...budgetFlag,
      ...outputFile('Snapshot'),
      redact: optionalSwitch('Leave out names and shift addresses'),
      ...writtenJson,
    },
    aliases: { p: 'pid', o: 'output' },
  },
  docs: {
    brief: 'Write a snapshot of live processes',
    customUsage: [`(${PROCESSES}) -o FILE [--redact]`],
    fullDescription: describeCommand(
      [
        'Writes what predict would read of processes to a Parquet file, to be predicted, compared or queried later.',
      ],
      [
        'thpscope capture -p $(pidof -s redis-server) -o redis.parquet',
        'thpscope capture --all --redact -o host.parquet',
        'ssh host thpscope capture --all -o - > host.parquet',
      ],
    ),
  },
});
