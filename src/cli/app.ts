import { buildApplication } from '@stricli/core';
import { adviseCommand } from './advise/command.ts';
import { applyCommand } from './apply/command.ts';
import { captureCommand } from './capture/command.ts';
import { collectCommand } from './collect/command.ts';
import { compareCommand } from './compare/command.ts';
import { completionCommand } from './completion/command.ts';
import { conformCommand } from './conform/command.ts';
import { diffCommand } from './diff/command.ts';
import { digestCommand } from './digest/command.ts';
import { errorText } from './error-text.ts';
import { explainCommand } from './explain/command.ts';
import { faultsCommand } from './faults/command.ts';
import { fleetCommands } from './fleet/command.ts';
import { metricsCommand } from './metrics/command.ts';
import { predictCommand } from './predict/command.ts';
import { reportCommand } from './report/command.ts';
import { serveCommand } from './serve/command.ts';
import { EXIT } from './shared/exit-code.ts';
import { documentedRoutes } from './shared/help/documented-routes.ts';
import { readVersion } from './shared/version.ts';
import { simulateCommand } from './simulate/command.ts';
import { sweepCommand } from './sweep/command.ts';
import { verifyCommand } from './verify/command.ts';
import { watchCommand } from './watch/command.ts';

/** The commands, with help that fits a terminal of so many columns; undefined where there is none. */
export function thpscopeCommands(columns: number | undefined) {
  return documentedRoutes({
    name: 'thpscope',
    columns,
    routes: {
      predict: predictCommand,
      explain: explainCommand,
      faults: faultsCommand,
      simulate: simulateCommand,
      capture: captureCommand,
      diff: diffCommand,
      watch: watchCommand,
      digest: digestCommand,
      sweep: sweepCommand,
      advise: adviseCommand,
      apply: applyCommand,
      report: reportCommand,
      verify: verifyCommand,
      compare: compareCommand,
      conform: conformCommand,
      serve: serveCommand,
      metrics: metricsCommand,
      collect: collectCommand,
      fleet: fleetCommands(columns),
      completion: completionCommand,
    },
    brief: 'Says what transparent huge page collapse will do to memory before it does it, and why',
    about:
      'thpscope says what khugepaged will do to memory before it does it, and why: the kernel thread that makes huge ' +
      'pages of small ones. It reads running processes, or recordings of them.',
    examples: [
      'thpscope predict --all',
      'thpscope advise --all --max-growth 2%',
      'thpscope explain --pattern 4-7,12-27 --orders 2-8 --max-ptes-none 0',
    ],
  });
}

/**
 * The command line, for a terminal of so many columns; what a command does is loaded when it runs, so that
 * --version and --help stay fast.
 */
export function buildThpscope(columns: number | undefined) {
  return buildApplication(thpscopeCommands(columns), {
    name: 'thpscope',
    versionInfo: { getCurrentVersion: async () => readVersion() },
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    determineExitCode: () => EXIT.bug,
    localization: { loadText: () => errorText },
    documentation: { caseStyle: 'convert-camel-to-kebab', onlyRequiredInUsageLine: true },
  });
}
