import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  HAS_PROMETHEUS,
  NO_PROMETHEUS,
  type Prometheus,
  promtool,
  startPrometheus,
} from '../support/prometheus.ts';
import { type Serving, startServing } from '../support/serving.ts';
import { thpscope } from '../support/thpscope.ts';

const DASHBOARD = JSON.parse(readFileSync('examples/grafana/thpscope.json', 'utf8')) as {
  panels: { title: string; type: string; targets?: { expr: string; legendFormat: string }[] }[];
  templating: { list: { name: string; query: string | { query: string } }[] };
};

const QUERIES = DASHBOARD.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat }) => ({ title, expr, legendFormat })),
);

/** The blocks of docs/metrics.md in YAML that have this key at the top. */
function yamlOf(key: string): string {
  const blocks = [...readFileSync('docs/metrics.md', 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)];
  const found = blocks.map(([, block]) => block).filter((block) => block.startsWith(`${key}:`));
  expect(found).toHaveLength(1);
  return found[0];
}

const RULES = yamlOf('groups');
const ALERTS = [...RULES.matchAll(/alert: (\w+)/g)].map(([, name]) => name);

const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

// The names of tests that are skipped are not printed.
if (!HAS_PROMETHEUS) console.warn(`The queries of the dashboard are not run${NO_PROMETHEUS}`);

describe.skipIf(!HAS_PROMETHEUS)(`promtool${NO_PROMETHEUS}`, () => {
  test.each([
    [['examples/services.digest.json']],
    [['examples/redis.parquet', '--kernel', 'linux-7.3', '--policy', 'mthp', '--policy', 'madvise']],
    [['-p', String(process.pid)]],
  ])('finds nothing wrong with the metrics of %j', async (args) => {
    const { stdout } = await thpscope(['metrics', ...args]);
    expect(stdout).not.toBe('');
    expect(await promtool(['check', 'metrics'], stdout)).toEqual({ text: '', code: 0 });
  });

  test('finds what is wrong, if something is', async () => {
    const { stdout } = await thpscope(['metrics', 'examples/services.digest.json']);
    const wrong = stdout.replaceAll('thpscope_tlb_entries', 'thpscope_tlb_entries_total');
    expect((await promtool(['check', 'metrics'], wrong)).code).not.toBe(0);
  });

  test('takes the rules and the scrapes of the page', async () => {
    const rules = join(folder, 'page-rules.yml');
    writeFileSync(rules, RULES);
    expect(await promtool(['check', 'rules', rules])).toMatchObject({
      code: 0,
      text: expect.stringContaining(`SUCCESS: ${ALERTS.length} rules found`),
    });
    const config = join(folder, 'page-config.yml');
    writeFileSync(config, yamlOf('scrape_configs'));
    expect((await promtool(['check', 'config', config])).code).toBe(0);
  });
});

describe.skipIf(!HAS_PROMETHEUS)(`a Prometheus that scrapes thpscope${NO_PROMETHEUS}`, () => {
  const servers: Serving[] = [];
  let prometheus: Prometheus | undefined;

  beforeAll(async () => {
    const home = join(folder, 'prometheus');
    mkdirSync(home);
    // A host of many services, and one that runs: this machine.
    const sources = [['examples/services.digest.json'], ['-p', String(process.pid)]];
    for (const source of sources)
      servers.push(await startServing([...source, '--listen', '0', '--refresh', '86400'], {}, 'metrics'));
    const targets = servers.map(({ page }) => `'${new URL(page).host}'`);
    writeFileSync(join(home, 'rules.yml'), RULES);
    prometheus = await startPrometheus(
      home,
      [
        // A scrape that comes too late takes its rows away, so that a busy machine gets time.
        'global: { scrape_interval: 5s, scrape_timeout: 5s, evaluation_interval: 1s }',
        'rule_files: [rules.yml]',
        'scrape_configs:',
        '  - job_name: thpscope',
        `    static_configs: [{ targets: [${targets.join(', ')}] }]`,
        '',
      ].join('\n'),
    );
    const bothScraped = async () =>
      (await prometheus?.query('count(thpscope_build_info)'))?.[0]?.value[1] === '2';
    await vi.waitUntil(bothScraped, { timeout: 100_000, interval: 100 });
  }, 150_000);
  afterAll(async () => {
    await prometheus?.stop();
    for (const server of servers) await server.stop();
  });

  const rowsOf = async (expression: string) =>
    (await prometheus?.query(expression.replaceAll('$instance', '.*'))) ?? [];

  test('has rows for every query of the dashboard', async () => {
    expect(QUERIES.length).toBeGreaterThan(15);
    const table = [];
    for (const { title, expr, legendFormat } of QUERIES) {
      const rows = await rowsOf(expr);
      expect(rows.length, `${title}: ${expr}`).toBeGreaterThan(0);
      const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      for (const { metric, value } of rows) {
        expect(Number.isFinite(Number(value[1])), `${title}: ${value[1]}`).toBe(true);
        for (const label of labels) expect(metric[label], `${title}: ${label}`).toBeTruthy();
      }
      table.push(
        `${title}: ${rows.length} rows, such as ${JSON.stringify(rows[0].metric)} ${rows[0].value[1]}`,
      );
    }
    console.log(table.join('\n'));
  });

  test('has both hosts for its variable', async () => {
    const variable = DASHBOARD.templating.list.find(({ name }) => name === 'instance')?.query;
    const { query = '' } = variable as { query: string };
    const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
    const values = await prometheus?.ask<string[]>(`label/${label}/values?match[]=${metric}`);
    expect(values).toEqual(servers.map(({ page }) => new URL(page).host).sort());
  });

  test('has no row for a query about what is not there', async () => {
    expect(await rowsOf('thpscope_no_such_bytes{instance=~"$instance"}')).toEqual([]);
  });

  test('sees what thpscope says of a service, and its own word on the sums', async () => {
    const [java] = await rowsOf('thpscope_service_anonymous_bytes{service="java in pods"}');
    const { stdout } = await thpscope(['metrics', 'examples/services.digest.json']);
    expect(stdout).toContain(`thpscope_service_anonymous_bytes{service="java in pods"} ${java.value[1]}\n`);
    const sums = await rowsOf(
      'sum by (instance) (thpscope_service_anonymous_bytes) == sum by (instance) (thpscope_resident_bytes{kind="anonymous"})',
    );
    expect(sums).toHaveLength(2);
  });

  test('evaluates the rules of the page, each of series that are there', async () => {
    const rules = async () => {
      const { groups } = (await prometheus?.ask<{
        groups: { rules: { name: string; health: string; lastError?: string; query: string }[] }[];
      }>('rules')) ?? { groups: [] };
      return groups.flatMap((group) => group.rules);
    };
    await expect
      .poll(async () => (await rules()).map(({ name, health }) => [name, health]), { timeout: 30_000 })
      .toEqual(ALERTS.map((name) => [name, 'ok']));
    for (const { name, query } of await rules())
      for (const [metric] of query.matchAll(/\bthpscope_\w+/g))
        expect((await rowsOf(metric)).length, `${name}: ${metric}`).toBeGreaterThan(0);
    // The recording is a day old and more; alerts wait before they fire.
    const old = await rowsOf('time() - thpscope_read_timestamp_seconds > 3600');
    expect(old.map(({ metric }) => metric.instance)).toEqual([new URL(servers[0].page).host]);
  });
});
