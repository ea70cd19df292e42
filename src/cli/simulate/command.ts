import { KERNEL_MODEL_NAMES, type KernelModelName } from '../../core/rules/kernel-names.ts';
import { REGISTERED_WORDS, type Registered } from '../../simulation/memory-start.ts';
import { type CFlags, cFlags } from '../shared/flags/c-flags.ts';
import { optionalNumber, optionalSwitch, optionalText, wordList } from '../shared/flags/flag-kinds.ts';
import { type OutputFlags, outputFlags } from '../shared/flags/output-flags.ts';
import { type SettingsFlags, setFlag, settingsFlags } from '../shared/flags/policy-flags.ts';
import { searchFlag } from '../shared/flags/search-flag.ts';
import { budgetFlag, PROCESSES, type ProcessFlags, processFlags } from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type SimulateFlags = ProcessFlags &
  SettingsFlags &
  CFlags &
  OutputFlags & {
    readonly kernel?: KernelModelName;
    /** The name of a built-in algorithm, or a file with another. */
    readonly algorithm?: string;
    readonly until?: string;
    readonly seed?: number;
    readonly registered?: Registered;
    readonly calibration?: string;
    readonly csv?: boolean;
    readonly trace?: boolean;
    readonly list?: boolean;
    readonly calibrate?: boolean;
  };

export const simulateCommand = documentedCommand<SimulateFlags, string[]>({
  loader: async () => (await import('./run.ts')).simulate,
  parameters: {
    flags: {
      ...processFlags,
      ...budgetFlag,
      until: optionalText(
        'settled|DURATION',
        'Run until nothing changes any more (settled), or for a time: 90s, 2h, 1d; as the scenario says by default, else settled',
      ),
      seed: optionalNumber('N', 'Decides what the scenario leaves to chance; 1 by default'),
      ...settingsFlags,
      kernel: {
        kind: 'enum',
        values: KERNEL_MODEL_NAMES,
        optional: true,
        brief:
          'Whose khugepaged works; by default as the scenario says, or the one that the memory was read on',
      },
      algorithm: searchFlag('How khugepaged searches a range; as the kernel does by default'),
      ...cFlags,
      ...setFlag(
        'Write to a file below /sys/kernel/mm/transparent_hugepage before it begins, such as khugepaged/pages_to_scan=65536; repeatable, over all other settings',
      ),
      registered: {
        kind: 'enum',
        values: REGISTERED_WORDS,
        optional: true,
        brief:
          "Who is on khugepaged's list at the start: auto, those that the settings in force can have put there (by default); all; none",
      },
      calibration: optionalText(
        'FILE|-',
        'Costs as simulate --calibrate printed them; built-in ones by default',
      ),
      ...outputFlags,
      csv: optionalSwitch('Print the time series as CSV'),
      trace: optionalSwitch('Print every trace event as the kernel does'),
      list: optionalSwitch('List the built-in scenarios'),
      calibrate: optionalSwitch('Measure what collapsing costs on this machine and print a calibration file'),
    },
    aliases: { p: 'pid' },
    positional: wordList(
      'SCENARIO|SNAPSHOT',
      'A built-in scenario by its name, a scenario file (.json), or snapshots; - is standard input',
    ),
  },
  docs: {
    brief: 'khugepaged over time: when it is done, what it costs on the way, what it goes on to cost',
    usage: [
      'SCENARIO [--until settled|DURATION] [--seed N] [--orders SET] [--max-ptes-none N] ...',
      `(SNAPSHOT... | ${PROCESSES}) [--until ...] [--policy ...] ...`,
      '--list',
      '--calibrate',
    ],
    about: [
      'Runs khugepaged in virtual time on a simulated machine: on a scenario, or on processes as they are or were.',
    ],
    examples: [
      'thpscope simulate go-heap --max-ptes-none 0',
      'thpscope simulate go-heap --orders all --algorithm my-walk.js',
      'thpscope simulate examples/redis.parquet --policy default --registered all',
      'thpscope simulate -p $(pidof -s redis-server) --orders all --max-ptes-none 0 --csv',
    ],
    pages: ['simulate.md', 'reference/scenarios.md'],
  },
});
