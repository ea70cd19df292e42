import { optionalSwitch, optionalText, repeatedText } from '../shared/flags/flag-kinds.ts';
import { budgetFlag, type ProcessFlags, processFlags } from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type CollectFlags = Omit<ProcessFlags, 'budget'> & {
  readonly budget: string;
  readonly output: string;
  readonly every?: string;
  readonly spool?: string;
  readonly spoolSize: string;
  readonly host?: string;
  readonly hostLabel?: readonly string[];
  readonly hashNames?: boolean;
  readonly json?: boolean;
};

const text = (placeholder: string, brief: string, byDefault: string) =>
  ({ kind: 'parsed', parse: String, default: byDefault, placeholder, brief }) as const;

export const collectCommand = documentedCommand<CollectFlags, []>({
  loader: async () => (await import('./run.ts')).collect,
  parameters: {
    flags: {
      output: {
        kind: 'parsed',
        parse: String,
        placeholder: 'DATASET',
        brief: 'Where the readings of all hosts go: a folder that exists, or s3://BUCKET/PREFIX',
      },
      ...processFlags,
      every: optionalText('TIME', 'Go on, with a reading so often (1h); by default one, for timers and cron'),
      budget: text('TIME|SHARE', `${budgetFlag.budget.brief}; 2% is of the time of --every`, '5s'),
      spool: optionalText(
        'DIR',
        'Where readings wait that could not be delivered; by default /var/lib/thpscope/spool for root',
      ),
      spoolSize: text('SIZE', 'What may wait there; then the oldest readings go', '256M'),
      host: optionalText('NAME', 'What this machine is called, instead of its host name'),
      hostLabel: repeatedText('NAME=VALUE', 'What to ask for it by later, such as rack=a; repeatable'),
      hashNames: optionalSwitch(
        'Send hashes in place of names of hosts, commands, services and control groups',
      ),
      json: optionalSwitch('Print what was read and delivered as JSON, a line a reading'),
    },
    aliases: { p: 'pid', o: 'output' },
  },
  docs: {
    brief: 'Add a reading of this host to a dataset of many hosts',
    usage: ['-o DATASET [--every TIME] [--budget TIME|SHARE] [--host-label NAME=VALUE]'],
    about: [
      'Reads all processes, or those that are named, and adds what decides every policy about them to a dataset that',
      'thpscope fleet asks: some ten kilobytes a host, without addresses or contents. ',
    ],
    examples: [
      'thpscope collect -o /srv/thp',
      'thpscope collect -o s3://metrics/thp --every 1h --host-label rack=a',
    ],
    files: [
      ['/var/lib/thpscope/spool', 'readings of root that could not be delivered yet'],
      ['~/.local/state/thpscope/spool', 'those of other users; below XDG_STATE_HOME where that is set'],
    ],
    pages: ['fleet.md'],
  },
});
