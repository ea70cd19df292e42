import { expect, test } from 'vitest';
import { thpscope } from '../support/thpscope.ts';

const HOSTILE = 'test/fixtures/hostile';
const LONG = '1'.repeat(400);

test.each([
  ['scenario-mapping-huge', /field 'processes\.0\.mappings': more than the 128T of an address space\n$/],
  ['scenario-swap-huge', /field 'machine\.swap': at most 128G can be simulated\n$/],
  [
    'scenario-mapping-empty',
    /field 'processes\.0\.mappings\.0\.size': write a size above 0 such as 64K, 512M or 2G; see schemas/,
  ],
  ['scenario-fork-cycle', /field 'events\.0\.process': no process 'b'; there are a\n$/],
])('sizes that nobody can mean are refused with their bound: %s', async (name, message) => {
  const { code, stdout, stderr } = await thpscope(['simulate', `${HOSTILE}/${name}.json`]);
  expect(stderr).toMatch(message);
  expect([code, stdout]).toEqual([5, '']);
});

/** A scenario in which these fields are otherwise; the rest is small. */
function scenario(changes: object, event: object = {}): string {
  return JSON.stringify({
    version: 2,
    title: 't',
    machine: { memory: '512M' },
    processes: [{ name: 'a', mappings: [{ name: 'm', size: '2M' }] }],
    events: [{ at: '0s', process: 'a', do: 'touch', mapping: 'm', ...event }],
    until: '1s',
    ...changes,
  });
}

async function simulated(json: string, ...more: string[]) {
  const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const folder = mkdtempSync(`${tmpdir()}/thpscope-test-`);
  writeFileSync(`${folder}/a.json`, json);
  try {
    return await thpscope(['simulate', `${folder}/a.json`, '--json', ...more]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each([
  ['machine.memory', { machine: { memory: '129G' } }, {}],
  ['machine.memory', { machine: { memory: `${LONG}T` } }, {}],
  ['machine.swap', { machine: { memory: '512M', swap: `${LONG}T` } }, {}],
  ['until', { until: '101d' }, {}],
  ['until', { until: `${LONG}s` }, {}],
  ['events.0', {}, { at: '101d' }],
  ['events.0', {}, { every: `${LONG}d`, times: 2 }],
  ['events.0', {}, { over: `${LONG}ns` }],
])('beyond the bound of %s', async (field, changes, event) => {
  const { code, stderr } = await simulated(scenario(changes, event));
  expect(stderr).toContain(`field '${field}': `);
  expect(stderr).toMatch(/at most 128G can be simulated|the longest time that is simulated, 100d/);
  expect(code).toBe(5);
});

test('a file of nothing is refused as a mapping of nothing is', async () => {
  const files = [{ name: 'f', kind: 'memfd', size: '000T' }];
  const { code, stdout, stderr } = await simulated(scenario({ files }));
  expect(stderr).toContain(
    "field 'files.0.size': write a size above 0 such as 64K, 512M or 2G; see schemas/",
  );
  expect([code, stdout]).toEqual([5, '']);
});

test('--until has the same bound', async () => {
  for (const until of ['101d', `${LONG}s`]) {
    const { code, stderr } = await thpscope(['simulate', 'go-heap', '--until', until]);
    expect(stderr).toBe('thpscope: --until: is beyond the longest time that is simulated, 100d\n');
    expect(code).toBe(2);
  }
});

test('processes that fork without end stop at a bound, and that is told', async () => {
  const fork = { at: '0s', every: '1s', times: 20, process: 'a', do: 'fork', child: 'a', mapping: undefined };
  const { code, stdout } = await simulated(scenario({ until: '30s' }, fork));
  const { processes, incidents } = JSON.parse(stdout);
  expect(processes).toHaveLength(4096);
  expect(incidents).toContainEqual(expect.objectContaining({ what: 'fork a', stop: 'too many processes' }));
  expect(code).toBe(0);
});

test('what takes long says so before it begins', async () => {
  const mappings = [{ name: 'm', size: '16T' }];
  const json = scenario({ processes: [{ name: 'a', mappings }] }, { at: '1h' });
  const { code, stderr } = await simulated(json);
  expect(stderr).toMatch(/a\.json: takes about 1m 7s, for it touches that many pages\n/);
  expect(code).toBe(0);
});
