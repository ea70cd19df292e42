/** A scenario file in today's form, with a note to its author if it was written in an older one. */
export interface CurrentScenario {
  readonly json: unknown;
  readonly note: string | undefined;
}

interface FileOfVersion1 {
  readonly version?: unknown;
  readonly events?: unknown;
}

interface FileEvent {
  readonly do?: unknown;
  readonly does?: unknown;
}

/** Verbs that version 1 had other words for. */
const VERBS_OF_VERSION_1: ReadonlyMap<unknown, string> = new Map([
  ['free', 'dontneed'],
  ['lazyfree', 'free'],
]);

/**
 * Brings a scenario file to version 2. A file that says no version is of version 1, where `free` was
 * MADV_DONTNEED and `lazyfree` MADV_FREE. What else is wrong with a file is for its schema to say, also a
 * file without a version that has the verb `dontneed`: which `free` that means cannot be known.
 */
export function toCurrentScenario(json: unknown): CurrentScenario {
  if (!isObject(json)) return { json, note: undefined };
  const { version = 1, events }: FileOfVersion1 = json;
  const verbsUsed = verbsIn(events);
  if (version !== 1 || verbsUsed.includes('dontneed')) return { json, note: undefined };
  const renamed = verbsUsed.some((verb) => VERBS_OF_VERSION_1.has(verb));
  const verbs = renamed ? ', dontneed for MADV_DONTNEED (was free), free for MADV_FREE (was lazyfree)' : '';
  return {
    json: { ...json, version: 2, ...(events === undefined ? {} : { events: withNewVerbs(events) }) },
    note: `a scenario of version 1; write "version": 2${verbs}`,
  };
}

function verbsIn(events: unknown): unknown[] {
  if (!Array.isArray(events)) return [];
  return events.filter(isObject).flatMap((event: FileEvent) => [event.do, ...verbsIn(event.does)]);
}

function withNewVerbs(events: unknown): unknown {
  if (!Array.isArray(events)) return events;
  return events.map((event: unknown) => {
    if (!isObject(event)) return event;
    const { do: verb, does }: FileEvent = event;
    const changed = { ...event, ...(verb === undefined ? {} : { do: VERBS_OF_VERSION_1.get(verb) ?? verb }) };
    return does === undefined ? changed : { ...changed, does: withNewVerbs(does) };
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
