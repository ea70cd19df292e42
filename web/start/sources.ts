import { signal } from '@preact/signals';
import { failure, openMapMemory } from '../memory/open-memory.ts';
import { go, link, type View } from '../state/link.ts';
import { EXAMPLES } from './examples.ts';

/** A source of the server that this page came from: see src/server. */
export interface ServerSource {
  readonly id: string;
  readonly name: string;
  /** The machine, empty where nothing says; when it was first read, ISO 8601; PMD ranges with any page. */
  readonly host: string;
  readonly time: string;
  readonly ranges: number;
  /** Whether it is read anew every now and then. */
  readonly live: boolean;
  /** Why it could not be read last time: its process ended, say. What was read before is still there. */
  readonly gone?: string;
}

export const serverSources = signal<readonly ServerSource[]>([]);

/**
 * Opens what a link names as its source: `example:NAME` or `server:ID`. Files of this machine are in no link.
 */
async function openLinked(source: string): Promise<void> {
  const [kind, id] = source.split(':', 2);
  const example = EXAMPLES.find((each) => each.id === id);
  const served = serverSources.value.find((each) => each.id === id);
  if (kind === 'example' && example) await openMapMemory(example.url, example.title);
  else if (kind === 'server' && served) await openMapMemory(sourceAddress(served.id), served.name);
  else failure.value = { kind: 'usage', message: `${source}: there is no such source here; choose another` };
}

/** Where a source of the server is. */
export function sourceAddress(id: string): string {
  return new URL(`sources/${id}`, location.href).href;
}

/** Opens a source and shows it, on the map if nothing else is asked for, and under a policy if one is. */
export function visit(source: string, view: View = 'map', policy: Record<string, string> = {}): void {
  onlyOne.value = undefined;
  // Whoever asks again for what could not be opened wants it tried again.
  if (failure.value) current = undefined;
  go(view, { source, ...policy, ...ELSEWHERE });
  followLink();
}

/** The name of the file that was opened of several, because only one can be open. */
export const onlyOne = signal<string | undefined>(undefined);

/** Opens the first of some files of this machine; nothing of it leaves the page. */
export async function visitFiles(files: ArrayLike<File>): Promise<void> {
  const file = files[0];
  if (!file) return;
  if (isSearchFile(file.name)) return visitSearch(file);
  onlyOne.value = files.length > 1 ? file.name : undefined;
  current = undefined;
  go('map', { source: undefined, ...ELSEWHERE });
  await openMapMemory(file, file.name);
}

/** Whether a file that was dropped is a search, or was meant as one. */
function isSearchFile(name: string): boolean {
  return /\.([cm]?[jt]s|c)$/.test(name);
}

/** Opens a module with a search beside that of the kernel. */
async function visitSearch(file: File): Promise<void> {
  go('steps');
  await (await import('../steps/steps-signals.ts')).showOwnSearch(file);
}

/** Places in memory that was open before, and how it was listed. */
const ELSEWHERE = {
  at: undefined,
  to: undefined,
  see: undefined,
  zoom: undefined,
  why: undefined,
  show: undefined,
  filter: undefined,
  by: undefined,
};

/** The source of the link that was opened last. */
let current: string | undefined;

/** Opens the source of the link whenever that changes. */
export function followSource(): void {
  link.subscribe(followLink);
}

function followLink(): void {
  const { source } = link.peek().params;
  if (source === undefined || source === current) return;
  current = source;
  void openLinked(source);
}

/** Asks the server that this page came from for its sources; a plain file server has none. */
export async function findServer(): Promise<void> {
  if (document.querySelector('meta[name="thpscope-server"]')) await readServerSources();
}

/** Asks the server again: a live source may have ended. */
export async function readServerSources(): Promise<void> {
  try {
    const response = await fetch(new URL('sources.json', location.href));
    if (!response.ok) throw new Error(response.statusText);
    serverSources.value = await response.json();
  } catch (error) {
    const message = `the server does not say what it has: ${(error as Error).message}; is it still running?`;
    failure.value = { kind: 'unreadable', message };
  }
}
