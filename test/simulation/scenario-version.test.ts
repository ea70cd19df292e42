import { expect, test } from 'vitest';
import { scenarioOf, scenarioSchema } from '../../src/simulation/scenario-schema.ts';
import { toCurrentScenario } from '../../src/simulation/scenario-version.ts';

const file = (verbs: readonly string[], more: object = {}) => ({
  title: 'a test',
  machine: { memory: '512M' },
  processes: [{ name: 'p', mappings: [{ name: 'heap', size: '16M' }] }],
  events: [
    ...verbs.map((verb) => ({ at: '0s', process: 'p', do: verb, mapping: 'heap' })),
    {
      at: '1s',
      process: 'p',
      do: 'fork',
      child: 'c',
      does: verbs.map((verb) => ({ after: '1s', do: verb, mapping: 'heap' })),
    },
  ],
  ...more,
});

/** The verbs of the events, then those of the child. */
function verbsOf(json: unknown): string[] {
  return scenarioOf(scenarioSchema.parse(json)).events.flatMap(({ action }) =>
    action.do === 'fork' ? action.does.map((each) => each.action.do) : [action.do],
  );
}

test.each([{}, { version: 1 }])('version 1 (%j): free is MADV_DONTNEED, lazyfree MADV_FREE', (version) => {
  const { json, note } = toCurrentScenario(file(['touch', 'free', 'lazyfree'], version));
  const verbs = ['touch', 'dontneed', 'free'];
  expect(verbsOf(json)).toEqual([...verbs, ...verbs]);
  expect(note).toContain('write "version": 2, dontneed for MADV_DONTNEED (was free)');
});

test('version 1 without these verbs is told the version alone', () => {
  expect(toCurrentScenario(file(['touch'])).note).toBe('a scenario of version 1; write "version": 2');
});

test('version 2 is left alone: free is MADV_FREE', () => {
  const { json, note } = toCurrentScenario(file(['dontneed', 'free'], { version: 2 }));
  expect(verbsOf(json)).toEqual(['dontneed', 'free', 'dontneed', 'free']);
  expect(note).toBeUndefined();
});

test.each([
  ['lazyfree in version 2', file(['lazyfree'], { version: 2 }), 'events'],
  ['dontneed without a version', file(['dontneed', 'free']), 'version'],
  ['a version that is not known', file(['touch'], { version: 3 }), 'version'],
  ['no object', null, undefined],
  ['no events', { title: 'a test' }, 'machine'],
  ['events that are no objects', { ...file([]), events: [1] }, 'events'],
])('%s is refused by the schema, at its place', (_, json, place) => {
  const parsed = scenarioSchema.safeParse(toCurrentScenario(json).json);
  expect(parsed.error?.issues[0].path[0]).toBe(place);
});
