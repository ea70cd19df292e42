import type { WatchReport, WatchStart } from '../../analysis/watch/report.ts';
import { watchReportJson, watchStartJson } from '../../render/json/watch.ts';
import { watchFrame, watchLines, watchTitle } from '../../render/text/diff/watch.ts';
import { type Context, print, printText, styleFor } from '../shared/context.ts';
import { originField } from '../shared/memory/origin.ts';
import type { WatchFlags } from './command.ts';
import { Screen } from './screen.ts';

/** Tells reports to whoever reads standard output. */
export interface Teller {
  start(): Promise<void>;
  tell(report: WatchReport): Promise<void>;
  /** The last report, since the start. */
  end(report: WatchReport): Promise<void>;
}

/** JSON line by line, a screen on a terminal, else lines for what happened and the whole at the end. */
export function tellerFor(context: Context, flags: WatchFlags, start: WatchStart): Teller {
  if (flags.json) {
    const line = (json: object) => print(context, `${JSON.stringify(json)}\n`);
    return {
      start: () => line({ ...watchStartJson(start), ...originField(start.origins) }),
      tell: (report) => line(watchReportJson('interval', report)),
      end: (report) => line(watchReportJson('end', report)),
    };
  }
  const style = styleFor(context, flags.color);
  const screen = context.process.stdout.isTTY ? new Screen(context) : undefined;
  if (screen)
    return {
      start: async () => {},
      tell: (report) => screen.draw(watchFrame(start, report, style)),
      end: (report) => screen.finish(watchFrame(start, report, style)),
    };
  return {
    start: () => printText(context, `${watchTitle(start, style)}\n`),
    tell: (report) => printText(context, watchLines(report)),
    end: async (report) => {
      await printText(context, watchLines(report));
      await printText(context, `\n${watchFrame(start, report, style).join('\n')}\n`);
    },
  };
}
