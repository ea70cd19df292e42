import type { Style } from '../layout/style.ts';
import { wrap } from '../layout/wrap.ts';

const WIDTH = 78;

/** Scenarios with their titles and what they show, wrapped for a terminal. */
export function scenarioListText(
  scenarios: readonly { readonly name: string; readonly title: string; readonly about: string }[],
  style: Style,
): string {
  const sections = scenarios.map(({ name, title, about }) =>
    [`${style.bold(name)}: ${title}`, ...wrap(about, WIDTH - 2).map((line) => `  ${line}`), ''].join('\n'),
  );
  return `${sections.join('\n')}\nthpscope simulate NAME runs one.\n`;
}
