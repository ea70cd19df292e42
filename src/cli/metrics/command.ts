import { optionalSwitch, optionalText, repeatedText, wholeNumber } from '../shared/flags/flag-kinds.ts';
import {
  type SweptKernelFlag,
  sweptKernelFlag,
  type TlbFlag,
  tlbFlag,
} from '../shared/flags/policy-flags.ts';
import {
  budgetFlag,
  files,
  PROCESSES,
  type ProcessFlags,
  processFlags,
  type WorkersFlag,
  workersFlag,
} from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type MetricsFlags = ProcessFlags &
  TlbFlag &
  SweptKernelFlag &
  WorkersFlag & {
    readonly policy?: readonly string[];
    readonly services: number;
    readonly output?: string;
    readonly every?: string;
    readonly listen?: string;
    readonly refresh: number;
    readonly json?: boolean;
  };

export const metricsCommand = documentedCommand<MetricsFlags, string[]>({
  loader: async () => (await import('./run.ts')).metrics,
  parameters: {
    flags: {
      ...processFlags,
      ...budgetFlag,
      policy: repeatedText(
        'NAME|FILE',
        'Settings to predict: current, default, madvise, mthp, or a FILE of JSON; repeatable, by default current, default and mthp',
      ),
      ...sweptKernelFlag,
      ...tlbFlag,
      services: {
        kind: 'parsed',
        parse: wholeNumber,
        default: '3',
        placeholder: 'N',
        brief: "Services with series of their own, those with most memory; 'other' adds up the rest",
      },
      output: optionalText(
        'FILE|-',
        "File to write for node_exporter's textfile collector; replaced once the new one is whole; - is standard output",
      ),
      every: optionalText('TIME', 'With -o: read and write again after this time (5m)'),
      listen: optionalText('[127.0.0.1:]PORT', 'Serve /metrics to this machine, until Ctrl-C'),
      refresh: {
        kind: 'parsed',
        parse: wholeNumber,
        default: '60',
        placeholder: 'SECONDS',
        brief: 'With --listen: seconds for which a reading answers scrapes; a later one reads anew',
      },
      ...workersFlag,
      json: optionalSwitch('Print the metrics as JSON; with --listen, the address'),
    },
    aliases: { p: 'pid', o: 'output' },
    positional: files,
  },
  docs: {
    brief: 'Memory and predictions as metrics for Prometheus: a file, or served on this machine',
    usage: [`(${PROCESSES} | FILE...) [-o FILE [--every TIME] | --listen PORT]`],
    about: [
      'Writes what memory is in huge pages, and what a few settings would make of it now and after a restart, in the text',
      'format of Prometheus: fewer than 60 series a machine. examples/grafana has a dashboard.',
    ],
    examples: [
      'thpscope metrics --all',
      'thpscope metrics --all -o /var/lib/prometheus/node-exporter/thpscope.prom',
      'thpscope metrics --all --listen 127.0.0.1:9977 --refresh 300',
    ],
    pages: ['metrics.md'],
  },
});
