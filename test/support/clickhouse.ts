import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/**
 * Where this machine has ClickHouse; undefined where it has none: scripts/install-clickhouse.sh gets
 * Debian's.
 */
export const CLICKHOUSE = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  .map((folder) => join(folder, 'clickhouse-server'))
  .find(existsSync);

interface ClickHouseServer {
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  /** Runs a statement as the default user, with a body of rows where it is an INSERT. */
  run(statement: string, rows?: string): Promise<string>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

/** Two servers with a cluster `fleet` of two shards, in a folder of their own. */
export interface ClickHouseCluster {
  readonly servers: readonly [ClickHouseServer, ClickHouseServer];
  /** Ends what runs and removes its files. */
  stop(): Promise<void>;
}

/** Starts two servers on loopback and waits until they answer. */
export async function startClickHouseCluster(): Promise<ClickHouseCluster> {
  if (CLICKHOUSE === undefined) throw new Error('no clickhouse-server here');
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-clickhouse-'));
  const ports = await freePorts(6);
  const shards = [ports[1], ports[4]];
  const servers = [];
  for (const first of [0, 3]) {
    const [http, tcp, interserver] = ports.slice(first, first + 3);
    const own = join(folder, String(http));
    mkdirSync(own);
    writeFileSync(join(own, 'config.xml'), configOf(own, { http, tcp, interserver }, shards));
    writeFileSync(join(own, 'users.xml'), USERS);
    servers.push(startServer(own, http));
  }
  const [one, two] = await Promise.all(servers);
  return {
    servers: [one, two],
    async stop() {
      await Promise.all([one.kill(), two.kill()]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Servers of this process: they go with it. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

async function startServer(folder: string, http: number): Promise<ClickHouseServer> {
  const child = spawn(CLICKHOUSE ?? '', [`--config-file=${join(folder, 'config.xml')}`], {
    cwd: folder,
    stdio: 'ignore',
  });
  running.add(child);
  const exited = once(child, 'exit').finally(() => running.delete(child));
  const address = `http://127.0.0.1:${http}`;
  const server: ClickHouseServer = {
    address,
    async run(statement, rows = '') {
      const query = new URLSearchParams({ query: statement });
      const response = await fetch(`${address}/?${query}`, { method: 'POST', body: rows });
      const text = await response.text();
      if (!response.ok) throw new Error(text);
      return text;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
  while (!(await server.run('SELECT 1').catch(() => ''))) {
    if (child.exitCode !== null) throw new Error(readFileSync(join(folder, 'errors.log'), 'utf8'));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return server;
}

/** Ports that are free now. */
async function freePorts(count: number): Promise<number[]> {
  const probes = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(probes.map((probe) => once(probe, 'listening')));
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port);
  await Promise.all(probes.map((probe) => once(probe.close(), 'close')));
  return ports;
}

interface Ports {
  readonly http: number;
  readonly tcp: number;
  readonly interserver: number;
}

function configOf(folder: string, { http, tcp, interserver }: Ports, shards: readonly number[]): string {
  const replicas = shards.map(
    (port) => `<shard><replica><host>127.0.0.1</host><port>${port}</port></replica></shard>`,
  );
  return `<yandex>
    <logger><level>error</level><log>${folder}/server.log</log><errorlog>${folder}/errors.log</errorlog></logger>
    <listen_host>127.0.0.1</listen_host>
    <http_port>${http}</http_port>
    <tcp_port>${tcp}</tcp_port>
    <interserver_http_port>${interserver}</interserver_http_port>
    <path>${folder}/data/</path>
    <tmp_path>${folder}/tmp/</tmp_path>
    <user_files_path>${folder}/files/</user_files_path>
    <users_config>users.xml</users_config>
    <default_profile>default</default_profile>
    <default_database>default</default_database>
    <timezone>UTC</timezone>
    <mark_cache_size>104857600</mark_cache_size>
    <remote_servers><fleet>${replicas.join('')}</fleet></remote_servers>
  </yandex>`;
}

const ANYBODY_HERE = '<networks><ip>127.0.0.1</ip></networks><quota>default</quota>';
/** `hasty` has a profile that ends queries early and leaves out shards; `bound` may change no setting. */
const USERS = `<yandex>
  <profiles>
    <default/>
    <hasty>
      <skip_unavailable_shards>1</skip_unavailable_shards>
      <max_rows_to_read>10</max_rows_to_read>
      <read_overflow_mode>break</read_overflow_mode>
    </hasty>
    <bound><readonly>1</readonly></bound>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default><password/><profile>default</profile>${ANYBODY_HERE}</default>
    <reader><password>s:ecret</password><profile>default</profile>${ANYBODY_HERE}</reader>
    <hasty><password/><profile>hasty</profile>${ANYBODY_HERE}</hasty>
    <bound><password/><profile>bound</profile>${ANYBODY_HERE}</bound>
  </users>
</yandex>`;
