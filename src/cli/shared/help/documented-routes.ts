import { buildRouteMap, type RouteMap } from '@stricli/core';
import type { Context } from '../context.ts';
import type { DocumentedCommand } from './command-docs.ts';
import { commandPage } from './command-page.ts';
import { commandsHelpText, helpText, helpWidth } from './help-text.ts';

/**
 * Commands under a common name, with the help that helpText lays out; `columns` are those of the terminal.
 */
export function documentedRoutes<R extends string>(group: {
  readonly name: string;
  readonly columns: number | undefined;
  readonly routes: Readonly<Record<R, DocumentedCommand | RouteMap<Context>>>;
  readonly brief: string;
  readonly about: string;
  readonly examples: readonly string[];
}): RouteMap<Context> {
  const { name, columns, routes, brief, about, examples } = group;
  const width = helpWidth(columns);
  const withHelp = Object.entries<DocumentedCommand | RouteMap<Context>>(routes).map(([route, target]) => [
    route,
    'docs' in target
      ? { ...target, formatHelp: () => helpText(commandPage(`${name} ${route}`, target), width) }
      : target,
  ]);
  const map = buildRouteMap<R, Context>({ routes: Object.fromEntries(withHelp), docs: { brief } });
  const commands = map.getAllEntries().map(({ name: { original }, target }) => ({
    name: original,
    brief: target.brief,
  }));
  const said = { name, about, examples, isProgram: !name.includes(' ') };
  return { ...map, formatHelp: () => commandsHelpText(said, commands, width) };
}
