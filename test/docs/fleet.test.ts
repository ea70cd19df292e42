import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type S3Server, startS3Server } from '../support/s3-server.ts';

const PAGE = readFileSync('docs/fleet.md', 'utf8');
const BLOCKS = [...PAGE.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, script]) => script);
const SHOWN = [...PAGE.matchAll(/^```\n\$ npx (thpscope .*)\n([\s\S]*?)^```$/gm)];

/** The folders that the page names, and what stands for them. */
const FOLDERS = ['/etc/systemd/system', '/etc/thpscope', '/srv/thp', '/tmp/fleet'];
/** Programs of others: they only note that they were called. Those for S3 have what they bring elsewhere. */
const STAND_INS = ['npm', 'systemctl', 'docker', 'kubectl', 'clickhouse-client', 'aws'];

let root: string;
let s3: S3Server;

function here(text: string): string {
  return FOLDERS.reduce((sum, each) => sum.replaceAll(each, join(root, each)), text);
}

function run(script: string): Promise<{ said: string; code: number | null }> {
  // The bucket is one of a server that is here.
  const exports = Object.entries(s3.environment).map(([name, value]) => `export ${name}='${value}'`);
  const text = here(script)
    .replaceAll('s3://metrics', 's3://fleet')
    .replace(/^export AWS_.*$/m, exports.join('\n'));
  const child = spawn('bash', ['-euc', text], {
    env: { ...process.env, PATH: `${join(root, 'bin')}${delimiter}${process.env.PATH}` },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part) => {
      said += part;
    });
  return new Promise((done) => child.on('close', (code) => done({ said, code })));
}

function program(name: string, script: string): void {
  const path = join(root, 'bin', name);
  writeFileSync(path, `#!/usr/bin/env bash\n${script}\n`);
  chmodSync(path, 0o755);
}

beforeAll(async () => {
  s3 = await startS3Server();
  root = mkdtempSync(join(tmpdir(), 'thpscope-fleet-page-'));
  for (const folder of ['bin', 'etc/systemd/system', 'srv/thp', 'tmp', 'lib/thpscope'])
    mkdirSync(join(root, folder), { recursive: true });
  // Where npm has installed the package, there are its examples.
  for (const name of STAND_INS)
    program(name, `echo "${name} $*" >> "${root}/called"\n[[ "$*" != 'root -g' ]] || echo "${root}/lib"`);
  cpSync('examples', join(root, 'lib/thpscope/examples'), { recursive: true });
  const command = `"${process.execPath}" "${resolve('dist/cli/main.js')}"`;
  // One process is read, and the spool is none of this machine.
  program(
    'thpscope',
    `[[ $1 != collect ]] || set -- "$@" -p $$ --spool "${root}/spool" --host "web$RANDOM"\n${command} "$@"`,
  );
});

afterAll(async () => {
  await s3.stop();
  rmSync(root, { recursive: true });
});

test('every block of commands of docs/fleet.md does what the page says', async () => {
  expect(BLOCKS.length).toBeGreaterThan(8);
  for (const script of BLOCKS) {
    const { said, code } = await run(script);
    expect(code, `${script}\n${said}`).toBe(0);
  }
  expect(readFileSync(join(root, 'etc/thpscope/collect.env'), 'utf8')).toBe(
    `DATASET=${join(root, '/srv/thp')}\n`,
  );
  expect(readdirSync(join(root, 'etc/systemd/system')).sort()).toEqual([
    'thpscope-collect.service',
    'thpscope-collect.service.d',
    'thpscope-collect.timer',
  ]);
  expect(readFileSync(join(root, 'called'), 'utf8')).toContain('clickhouse-client --multiquery');
  // Some thirty starts of the command, on machines that have other things to do.
}, 240_000);

test.each(SHOWN.map(([, line, shown]) => ({ line, shown })))(
  'it prints what the page shows: $line',
  async ({ line, shown }) => {
    const { said, code } = await run(line);
    expect(code, said).toBe(0);
    let rest = said;
    for (const part of shown.split(/^…\n/m).filter((each) => each !== '')) {
      const at = rest.indexOf(part);
      expect(at, `${part}\nis not in what is left:\n${rest}`).toBeGreaterThanOrEqual(0);
      rest = rest.slice(at + part.length);
    }
  },
);

/** Every source that prints what the tables of troubles name. */
const SOURCES = ['src/fleet', 'src/cli/collect', 'src/cli/fleet', 'src/render', 'src/linux']
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(name, 'utf8'))
  .join('\n');
const TROUBLES = [...PAGE.matchAll(/^\| it says \| do \|\n\|---\|---\|\n((?:\|.*\n)+)/gm)].flatMap(
  ([, rows]) =>
    rows
      .trimEnd()
      .split('\n')
      .map((row) => row.split(' | ')[0].slice('| '.length)),
);

test('sentences of the tables of troubles are those that are printed', () => {
  expect(TROUBLES.length).toBeGreaterThan(20);
  for (const sentence of TROUBLES)
    for (const part of sentence.split(/ ?… ?|\(…\)/).filter((each) => each.trim() !== ''))
      expect(SOURCES, sentence).toContain(part.trim());
});
