import { optionalText } from '../shared/flags/flag-kinds.ts';
import { type OutputFlags, outputFlags } from '../shared/flags/output-flags.ts';
import { type PolicyFlags, policyFlags } from '../shared/flags/policy-flags.ts';
import { budgetFlag, PROCESSES, type ProcessFlags, processFlags } from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type WatchFlags = ProcessFlags &
  PolicyFlags &
  OutputFlags & {
    readonly every: string;
    readonly for?: string;
    readonly calibrate?: string;
  };

export const watchCommand = documentedCommand<WatchFlags, []>({
  loader: async () => (await import('./run.ts')).watch,
  parameters: {
    flags: {
      ...processFlags,
      ...budgetFlag,
      ...policyFlags,
      every: {
        kind: 'parsed',
        parse: String,
        default: '1s',
        placeholder: 'TIME',
        brief: 'Tell what happened so often',
      },
      for: optionalText('TIME', 'End after this time; by default at Ctrl-C, or when all of -p have ended'),
      calibrate: optionalText(
        'FILE',
        "Time khugepaged's work by trace events, and write the calibration that simulate --calibration takes",
      ),
      ...outputFlags,
      json: { ...outputFlags.json, brief: 'Print JSON: one object a line' },
    },
    aliases: { p: 'pid' },
  },
  docs: {
    brief: 'While it runs: what khugepaged and page faults do, and whether the prediction comes true',
    usage: [`(${PROCESSES}) [--policy current|FILE] [--every 1s] [--for TIME] [--calibrate FILE]`],
    about: [
      'Predicts what khugepaged will do to these processes, then shows until Ctrl-C what happens: counters of the whole',
      'machine for anybody; as root also trace events, which name sizes, results and processes; and, read again now and',
      'then for at most 0.5% of a CPU, what has come true.',
    ],
    examples: [
      'sudo thpscope watch --all',
      'sudo thpscope watch -p 1234 --every 10s --for 10m --json',
      'sudo thpscope watch --all --for 1h --calibrate calibration.json',
    ],
    pages: ['watch.md'],
  },
});
