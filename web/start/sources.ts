import { signal } from '@preact/signals';
import { failure, memory, openMapMemory } from '../memory/open-memory.ts';
import { go, link, type View } from '../state/link.ts';
import { EXAMPLES, PAIR } from './examples.ts';

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

/** Where what a link names is, and what it is called: `example:NAME` or `server:ID`. */
export function linkedSource(text: string): { readonly source: string; readonly name: string } | undefined {
  const [kind, id] = text.split(':', 2);
  const example = [...EXAMPLES, ...PAIR].find((each) => each.id === id);
  if (kind === 'example' && example) return { source: example.url, name: example.title };
  const served = serverSources.value.find((each) => each.id === id);
  if (kind === 'server' && served) return { source: sourceAddress(served.id), name: served.name };
  return undefined;
}

/** Says that a link names nothing that is here. */
export function noSuchSource(text: string): void {
  failure.value = { kind: 'usage', message: `${text}: there is no such source here; choose another` };
}

async function openLinked(text: string): Promise<void> {
  const linked = linkedSource(text);
  if (linked) await openMapMemory(linked.source, linked.name);
  else noSuchSource(text);
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

/**
 * Opens files of this machine; nothing of them leaves the page. Two snapshots are compared, and so is one
 * with what is open where changes are looked at; of more the first is opened.
 */
export async function visitFiles(files: ArrayLike<File>): Promise<void> {
  const [file, ...more] = Array.from(files);
  if (!file) return;
  if (isSearchFile(file.name)) return visitSearch(file);
  if (file.name.endsWith('.json'))
    return (await import('../timeline/recorded/recorded-series.ts')).openSeriesFile(file);
  const comparesOne = link.peek().view === 'changes' && memory.peek() !== undefined;
  if (more.length === (comparesOne ? 0 : 1) && !more.some(({ name }) => isSearchFile(name))) {
    onlyOne.value = undefined;
    await (await import('../changes/compare-readings.ts')).compareFiles([file, ...more]);
    return;
  }
  onlyOne.value = more.length > 0 ? file.name : undefined;
  await showFile(file, file.name, 'map');
}

/** Opens memory that no link names, and shows it in a view. */
export async function showFile(file: Blob | string, name: string, view: View): Promise<void> {
  current = undefined;
  go(view, { source: undefined, ...ELSEWHERE });
  await openMapMemory(file, name);
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
