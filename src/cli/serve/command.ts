import { optionalSwitch, wholeNumber, wordList } from '../shared/flags/flag-kinds.ts';
import { budgetFlag, type ProcessFlags, processFlags } from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type ServeFlags = ProcessFlags & {
  readonly port: number;
  readonly noOpen?: boolean;
  readonly refresh: number;
  readonly json?: boolean;
};

export const serveCommand = documentedCommand<ServeFlags, string[]>({
  loader: async () => (await import('./run.ts')).serve,
  parameters: {
    flags: {
      ...processFlags,
      ...budgetFlag,
      port: {
        kind: 'parsed',
        parse: wholeNumber,
        default: '0',
        placeholder: 'N',
        brief: 'Port of 127.0.0.1 to listen on; 0 takes one that is free',
      },
      noOpen: optionalSwitch('Only print the address, open no browser'),
      refresh: {
        kind: 'parsed',
        parse: wholeNumber,
        default: '10',
        placeholder: 'SECONDS',
        brief: 'Seconds between readings, while a page shows the processes',
      },
      json: optionalSwitch('Print the address as JSON'),
    },
    aliases: { p: 'pid' },
    positional: wordList('SOURCE', 'Snapshots, and directories of snapshots; - is standard input'),
  },
  docs: {
    brief: 'Snapshots and running processes in a browser, on this machine only',
    usage: ['[FILE|DIRECTORY]... [-p PID]... [--cgroup PATH] [--all] [--port N] [--no-open]'],
    about: [
      'Shows memory in a browser: on this machine only, below an address that cannot be guessed, until Ctrl-C. Processes are',
      'read again every 10 seconds while a page shows them. Without a source it has the examples, and takes snapshots that are',
      'dropped on it. ',
    ],
    examples: [
      'thpscope serve examples/redis.parquet',
      'thpscope serve -p $(pidof -s redis-server) --refresh 2',
      'thpscope serve --all --port 8080 --no-open',
    ],
    pages: ['serve.md', 'web.md'],
  },
});
