import { expect, test } from 'vitest';
import { checkScenario } from '../../src/simulation/check-scenario.ts';
import type { Scenario } from '../../src/simulation/scenario.ts';
import { event, onPages, S, small, wantHuge } from './scenarios.ts';

const { processes } = small([]);
const fork = (child: string) => event(S, { do: 'fork', child, does: [] });

test.each<[string, Scenario, RegExp | undefined]>([
  ['a sound one', small([event(0, onPages('touch')), event(S, wantHuge)]), undefined],
  ['what a child does', small([fork('c'), event(2 * S, onPages('touch'), 'c')]), undefined],
  [
    'an unknown process',
    small([event(0, onPages('touch'), 'q')]),
    /'events.0.process': no process 'q'; there are p$/,
  ],
  [
    'an unknown mapping',
    small([event(0, onPages('touch', { mapping: 'stack' }))]),
    /'events.0.mapping': no mapping 'stack'; there are heap/,
  ],
  [
    'an unknown mapping of a child',
    small([
      event(0, { do: 'fork', child: 'c', does: [{ at: 0, action: onPages('touch', { mapping: 'x' }) }] }),
    ]),
    /'events.0.does.0.mapping'/,
  ],
  [
    'a place behind the mapping',
    small([event(0, onPages('touch', { from: 2 ** 30 }))]),
    /'events.0.from': begins behind the end/,
  ],
  [
    'two processes of one name',
    small([], { processes: [...processes, ...processes] }),
    /'processes.1.name': there are two/,
  ],
  [
    'a file that is not there',
    small([], { settings: [{ file: 'khugepaged/max', value: '1' }] }),
    /no file 'khugepaged\/max' below/,
  ],
  [
    'a file that cannot be written',
    small([], { settings: [{ file: 'khugepaged/full_scans', value: '1' }] }),
    /full_scans cannot be written/,
  ],
  [
    'a value that the kernel refuses later',
    small([event(S, { do: 'set', setting: { file: 'khugepaged/max_ptes_none', value: '512' } })]),
    /'events.0': the kernel does not accept '512'/,
  ],
])('%s', (_, scenario, message) => {
  const checked = checkScenario(scenario);
  if (message === undefined) return expect(checked).toEqual({ ok: true, value: undefined });
  expect(!checked.ok && checked.failure).toMatchObject({
    kind: 'unreadable',
    message: expect.stringMatching(message),
  });
});
