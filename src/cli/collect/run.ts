import { homedir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatBytes, parseBytes } from '../../core/base/bytes.ts';
import { type Failure, fail, failWith, type Result, succeed } from '../../core/base/failure.ts';
import { plural } from '../../core/base/plural.ts';
import { sum } from '../../core/base/sum.ts';
import { pageBytes } from '../../core/memory/geometry.ts';
import type { MemoryOrigin } from '../../core/rules/memory-source.ts';
import { hashedName } from '../../fleet/hashed-names.ts';
import type { Reading } from '../../fleet/reading.ts';
import { readingFiles } from '../../fleet/reading-files.ts';
import { openStore } from '../../fleet/stores/open-store.ts';
import { addToSpool, deliverSpool, type Spool } from '../../fleet/stores/spool.ts';
import type { FleetStore } from '../../fleet/stores/store.ts';
import { KernelTree } from '../../linux/kernel/kernel-tree.ts';
import { readMachineMemory, readUptime } from '../../linux/machine/machine-memory.ts';
import { withoutLeftOut } from '../../render/words/left-out.ts';
import { type Context, print, warn } from '../shared/context.ts';
import { digestProcesses } from '../shared/digest/digest-source.ts';
import { parsePeriod, readEvery } from '../shared/flags/period.ts';
import { interruptible } from '../shared/interrupt.ts';
import { parseCpuBudget } from '../shared/memory/cpu-budget.ts';
import { originField } from '../shared/memory/origin.ts';
import type { CollectFlags } from './command.ts';

/** One attempt to reach a bucket may take so long. */
const NETWORK_TIMEOUT_MS = 60_000;

/** `thpscope collect`: readings of this host for a dataset of many. */
export async function collect(this: Context, flags: CollectFlags): Promise<void> {
  const said = 'interrupted; readings that were not delivered wait in the spool';
  await interruptible(this, (signal) => collectReadings(this, flags, signal), said);
}

/** What the flags ask for, checked. */
interface Collection {
  readonly store: FleetStore;
  readonly spool: Spool;
  /** Undefined for one reading. */
  readonly periodMs: number | undefined;
  readonly labels: readonly string[];
}

async function collectReadings(
  context: Context,
  flags: CollectFlags,
  signal: AbortSignal,
): Promise<Result<void>> {
  const checked = collectionFromFlags(context, flags);
  if (!checked.ok) return checked;
  const collection = checked.value;
  return readEvery(context, collection.periodMs, signal, () =>
    collectOne(context, flags, collection, signal),
  );
}

function collectionFromFlags(context: Context, flags: CollectFlags): Result<Collection> {
  const { env } = context.process;
  const every = parsePeriod(flags.every);
  if (!every.ok) return every;
  const periodMs = every.value;
  const budget = parseCpuBudget(flags.budget, periodMs);
  if (!budget.ok) return budget;
  const limit = parseBytes(flags.spoolSize);
  if (limit === undefined) return fail('usage', `--spool-size ${flags.spoolSize}: write a size such as 256M`);
  const labels = flags.hostLabel ?? [];
  const wrong = labels.find((label) => !/^[A-Za-z_][A-Za-z0-9_.-]*=[^;\p{Cc}]*$/u.test(label));
  if (wrong !== undefined) return fail('usage', `--host-label ${wrong}: write NAME=VALUE, without ; in it`);
  const store = openStore(flags.output, env, {
    fetch,
    now: Date.now,
    random: Math.random,
    sleep: async (milliseconds) => await sleep(milliseconds),
    timeout: NETWORK_TIMEOUT_MS,
  });
  if (!store.ok) return store;
  return succeed({
    store: store.value,
    spool: { folder: flags.spool ?? defaultSpool(context), limit },
    periodMs,
    labels,
  });
}

function defaultSpool({ process: { env } }: Context): string {
  if (getuid?.() === 0) return '/var/lib/thpscope/spool';
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'thpscope', 'spool');
}

/** Reads the host, puts the reading into the spool and delivers what waits there. */
async function collectOne(
  context: Context,
  flags: CollectFlags,
  collection: Collection,
  signal: AbortSignal,
): Promise<Result<void>> {
  const read = await readHostNow(context, flags, collection, signal);
  if (!read.ok) return read;
  const { reading, origins } = read.value;
  const { digest } = reading;
  for (const note of flags.json ? [] : digest.notes) warn(context, note);
  // As the kernel names groups outside of a control group namespace: no path below /sys/fs/cgroup.
  if (digest.processes.some(({ process }) => process.cgroup.startsWith('/..')))
    warn(
      context,
      'control groups are seen from within a container, so that limits are not known; start it by nsenter --target 1 --cgroup, with /sys of the host',
    );
  const added = await addToSpool(collection.spool, readingFiles(reading));
  if (!added.ok)
    return failWith({ ...added.failure, message: `${added.failure.message}; this reading is lost` });
  const dropped = added.value.files;
  const { delivered, waiting, failure } = await deliverSpool(collection.spool, collection.store);
  if (flags.json) {
    const line = {
      schema: 'thpscope/collect@1',
      host: reading.host,
      time: digest.host.time,
      processes: digest.processes.length,
      skipped: digest.skipped,
      store: collection.store.name,
      delivered,
      waiting,
      dropped,
      failure: failure?.message ?? null,
      ...originField(flags.hashNames ? [] : origins),
    };
    await print(context, `${JSON.stringify(line)}\n`);
  } else {
    const resident = sum(digest.processes.map(({ memory }) => memory.residentPages));
    const size = formatBytes(resident * pageBytes(digest.host.geometry));
    const unread = digest.skipped.filter(({ leftOutBytes }) => leftOutBytes === undefined);
    warn(
      context,
      `read ${plural(digest.processes.length, 'process', 'processes')} with ${size} of anonymous memory${withoutLeftOut(digest.skipped)}${unread.length > 0 ? `, ${unread.length} could not be read (${unread[0].reason}${unread.length > 1 ? '; …' : ''})` : ''}; delivered ${plural(delivered.files, 'file')}, ${formatBytes(delivered.bytes)}, to ${collection.store.name}`,
    );
  }
  if (dropped > 0)
    warn(context, `the spool is full: ${plural(dropped, 'file')} of the oldest readings were lost`);
  return failure ? failWith(undelivered(failure, collection.spool, waiting)) : succeed(undefined);
}

function undelivered(
  { kind, message }: Failure,
  { folder }: Spool,
  { files, bytes }: { readonly files: number; readonly bytes: number },
): Failure {
  return { kind, message: `${message}; ${plural(files, 'file')}, ${formatBytes(bytes)}, wait in ${folder}` };
}

async function readHostNow(
  context: Context,
  flags: CollectFlags,
  { periodMs, labels }: Collection,
  signal: AbortSignal,
): Promise<Result<{ readonly reading: Reading; readonly origins: readonly MemoryOrigin[] }>> {
  const isNamed = (flags.pid?.length ?? 0) > 0 || flags.cgroup !== undefined;
  const asked = isNamed ? flags : { all: true, budget: flags.budget };
  const digest = await digestProcesses(context, asked, { signal, periodMs });
  if (!digest.ok) return digest;
  const tree = new KernelTree(context.kernelRoot);
  const uptimeMs = readUptime(tree);
  const name = flags.host ?? digest.value.host.name ?? '';
  if (name === '') return fail('usage', 'the machine has no host name: give --host NAME');
  const reading = {
    digest: digest.value,
    host: flags.hashNames ? hashedName(name) : name,
    labels,
    machine: {
      ...readMachineMemory(tree),
      bootedAtMs: uptimeMs === undefined ? undefined : Math.round(Date.now() - uptimeMs),
    },
    hashNames: flags.hashNames === true,
  };
  return succeed({ reading, origins: digest.value.origins });
}
