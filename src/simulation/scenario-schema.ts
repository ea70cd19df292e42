import { z } from 'zod';
import { parseBytes } from '../core/base/bytes.ts';
import { parseDuration } from '../core/base/duration.ts';
import { geometryOfPmdOrder, MAX_PMD_ORDER, MIN_PMD_ORDER } from '../core/memory/geometry.ts';
import { KERNEL_MODEL_NAMES } from '../core/rules/kernel-names.ts';
import type { CacheKind } from '../core/rules/page-cache.ts';
import { HUGE_MOUNT_WORDS } from '../core/rules/shmem-settings.ts';
import type { Action, FileSpec, MappingSpec, PageAction, Scenario, ScenarioEvent } from './scenario.ts';
import { FILE_VERBS } from './scenario.ts';

const size = z
  .string()
  .regex(/^\d+[KMGT]$/, 'write a size such as 64K, 512M or 2G')
  .meta({ id: 'size', description: 'Bytes: 64K, 512M, 2G' })
  .transform((text) => parseBytes(text) as number);
/** What is mapped, or a file that is: mmap refuses a length of 0. */
const length = z
  .string()
  .regex(/^0*[1-9]\d*[KMGT]$/, 'write a size above 0 such as 64K, 512M or 2G')
  .meta({ id: 'length', description: 'Bytes, not 0: 64K, 512M, 2G' })
  .transform((text) => parseBytes(text) as number);
const duration = z
  .string()
  .regex(
    /^\d+(\.\d+)?(ns|us|ms|s|m|h|d)( \d+(\.\d+)?(ns|us|ms|s|m|h|d))*$/,
    'write a time such as 250ms, 10s or 2h',
  )
  .meta({ id: 'duration', description: 'Time: 250ms, 10s, 1m 30s, 2h' })
  .transform((text) => parseDuration(text) as number);
const name = z.string().min(1);
const share = z.number().min(0).max(1);
const value = z.union([z.string(), z.int()]).transform(String);
const advice = z.enum(['hugepage', 'nohugepage']);

const machine = z
  .strictObject({
    memory: size.describe('At least 512M: the kernel turns THP off on smaller machines'),
    swap: size.optional().describe('Swap space; none by default'),
    pmdOrder: z
      .int()
      .min(MIN_PMD_ORDER)
      .max(MAX_PMD_ORDER)
      .optional()
      .describe('9 by default; 11 implies 16K pages, 5 and 13 64K'),
    fragmentation: z
      .strictObject({
        unmovableBlocks: share
          .optional()
          .describe('Blocks of the PMD size that hold a page of the kernel for good'),
        cacheBlocks: share
          .optional()
          .describe('Blocks of the PMD size that hold page cache, which can be moved or dropped'),
        cacheFill: share
          .optional()
          .describe('Share of the pages of those that is page cache; half by default'),
      })
      .optional()
      .describe('How memory was used before: shares of 0 to 1'),
  })
  .refine(({ memory }) => memory >= 512 * 2 ** 20, {
    path: ['memory'],
    message: 'the kernel turns THP off on machines below 512M',
  });

const mapping = z.strictObject({
  name: name.describe('What events call it'),
  size: length.describe('Its size, a multiple of a page'),
  advice: advice.optional().describe('MADV_HUGEPAGE or MADV_NOHUGEPAGE from the start'),
  file: name
    .optional()
    .describe('What it maps, shared: a name of files; private anonymous memory by default'),
  fileFrom: size.optional().describe('Where in the file it begins; 0 by default'),
});

const file = z.strictObject({
  name: name.describe('What mappings call it'),
  kind: z
    .enum(['shared-anonymous', 'memfd', 'tmpfs', 'file'])
    .describe(
      'Shared anonymous memory, a memfd, a file on a tmpfs, or on a filesystem that takes huge pages',
    ),
  size: length.describe('Its size, a multiple of a page'),
  huge: z.enum(HUGE_MOUNT_WORDS).optional().describe('huge= of its tmpfs; never by default'),
});

const choice = {
  mapping: name.describe('Name of the mapping'),
  from: size.optional().describe('Bytes from the start of the mapping; 0 by default'),
  bytes: size.optional().describe('Bytes from there on; all the rest by default'),
  density: share.optional().describe('Share of the blocks that are chosen at random; all by default'),
  block: size.optional().describe('What is chosen together; a page by default'),
  seed: z
    .int()
    .min(0)
    .optional()
    .describe('Choices with the same seed choose the same blocks; by default each is its own'),
};
const over = duration.optional().describe('Spread evenly over this time; at once by default');

const PAGE_ACTIONS = [
  'touch',
  'read',
  'dontneed',
  'free',
  'pageout',
  'age',
  'pin',
  'munmap',
  ...FILE_VERBS,
] as const satisfies PageAction['do'][];
const onPages = z
  .enum(PAGE_ACTIONS)
  .describe(
    'touch writes, read reads; dontneed is MADV_DONTNEED, free MADV_FREE, pageout MADV_PAGEOUT; age clears the accessed ' +
      'bits, as time does; pin pins for good, as device drivers do; munmap unmaps. Of a mapping of a file: write ' +
      'writes to the file, sync has it on the disk, punch is fallocate with PUNCH_HOLE, fadvise POSIX_FADV_DONTNEED',
  );

/** An object of every kind of thing that a process may do, each with these fields too. */
function acts<T extends z.ZodRawShape>(fields: T) {
  return [
    z.strictObject({ ...fields, do: onPages, ...choice, over }),
    z.strictObject({
      ...fields,
      do: z.literal('advise').describe('MADV_HUGEPAGE or MADV_NOHUGEPAGE'),
      mapping: name.describe('Name of the mapping'),
      advice: advice.describe('What madvise is told'),
    }),
    z.strictObject({ ...fields, do: z.literal('exit').describe('The process ends') }),
  ] as const;
}

const after = { after: duration.describe('Since the fork') };
const when = {
  at: duration.describe('Since the beginning'),
  every: duration.optional().describe('Time from one to the next; it happens again and again'),
  times: z.int().min(1).max(100_000).optional().describe('How often it happens; once by default'),
};
const who = { ...when, process: name.describe('Every living process of this name does it') };

const event = z.discriminatedUnion('do', [
  ...acts(who),
  z.strictObject({
    ...who,
    do: z.literal('fork').describe('The process makes a child'),
    child: name.describe('Name of the child, which has the same mappings'),
    does: z
      .array(z.discriminatedUnion('do', [...acts(after)]))
      .optional()
      .describe('What the child does'),
  }),
  z.strictObject({
    ...when,
    do: z.literal('set').describe('A write to sysfs'),
    file: name.describe('Below /sys/kernel/mm/transparent_hugepage'),
    value: value.describe('What is written'),
  }),
]);

/** What a scenario file says; schemas/scenario.schema.json is made from it. */
export const scenarioSchema = z.strictObject({
  $schema: z.string().optional().describe('Where the schema is, for editors'),
  version: z
    .literal(2)
    .describe(
      '2; files without a version are of version 1, where free was MADV_DONTNEED and lazyfree MADV_FREE',
    ),
  title: z.string().min(1).describe('One line on what it is about'),
  about: z.string().optional().describe('What the story shows'),
  kernel: z.enum(KERNEL_MODEL_NAMES).optional().describe('linux-7.3 by default'),
  machine: machine.describe('The simulated machine'),
  settings: z
    .record(z.string(), value)
    .optional()
    .describe(
      'Files below /sys/kernel/mm/transparent_hugepage and what is written to them before anything begins',
    ),
  files: z.array(file).optional().describe('Files and shared memory that mappings name'),
  processes: z
    .array(
      z.strictObject({
        name: name.describe('What events call it'),
        memoryMax: size.optional().describe('Limit of a memory cgroup of its own'),
        mappings: z.array(mapping).describe('Its private anonymous memory, and what it maps of files'),
      }),
    )
    .min(1)
    .describe('The programs that run at the start'),
  events: z.array(event).describe('What happens, in whatever order'),
  costs: z
    .record(z.string(), z.number().min(0))
    .optional()
    .describe('ns in the place of those of the calibration'),
  until: z
    .union([z.literal('settled'), duration])
    .optional()
    .describe("'settled' by default: until nothing changes any more"),
});

type ScenarioJson = z.output<typeof scenarioSchema>;
type FileJson = NonNullable<ScenarioJson['files']>[number];
type MappingJson = ScenarioJson['processes'][number]['mappings'][number];
type EventJson = ScenarioJson['events'][number];
type ChildJson = NonNullable<Extract<EventJson, { do: 'fork' }>['does']>[number];

/** A scenario in the words of the simulation. */
export function scenarioOf(json: ScenarioJson): Scenario {
  const { memory, swap = 0, pmdOrder = 9, fragmentation } = json.machine;
  return {
    title: json.title,
    about: json.about ?? '',
    kernel: json.kernel ?? 'linux-7.3',
    machine: { geometry: geometryOfPmdOrder(pmdOrder), memoryBytes: memory, swapBytes: swap, fragmentation },
    settings: Object.entries(json.settings ?? {}).map(([file, value]) => ({ file, value })),
    files: (json.files ?? []).map(fileOf),
    processes: json.processes.map((process) => ({
      name: process.name,
      memoryMax: process.memoryMax ?? Number.POSITIVE_INFINITY,
      mappings: process.mappings.map(mappingOf),
    })),
    events: json.events.map(eventOf),
    costs: json.costs ?? {},
    until: json.until ?? 'settled',
  };
}

function fileOf({ name, kind, size: bytes, huge }: FileJson): FileSpec {
  const cacheKind: CacheKind = kind === 'memfd' ? 'shared-anonymous' : kind;
  return { name, kind: cacheKind, isMemfd: kind === 'memfd', bytes, hugeMount: huge };
}

function mappingOf({ name, size: bytes, advice, file, fileFrom = 0 }: MappingJson): MappingSpec {
  return { name, bytes, advice, file: file === undefined ? undefined : { name: file, from: fileFrom } };
}

function eventOf(json: EventJson): ScenarioEvent {
  const { at, every = 0, times = 1 } = json;
  const process = json.do === 'set' ? undefined : json.process;
  return { at, every, times, process, action: actionOf(json) };
}

function actionOf(json: EventJson | ChildJson): Action {
  switch (json.do) {
    case 'set':
      return { do: 'set', setting: { file: json.file, value: json.value } };
    case 'exit':
      return { do: 'exit' };
    case 'advise':
      return { do: 'advise', mapping: json.mapping, advice: json.advice };
    case 'fork':
      return {
        do: 'fork',
        child: json.child,
        does: (json.does ?? []).map((each) => ({ at: each.after, action: actionOf(each) })),
      };
    default: {
      const {
        mapping,
        from = 0,
        bytes = Number.POSITIVE_INFINITY,
        density = 1,
        block = 0,
        seed,
        over = 0,
      } = json;
      return { do: json.do, pages: { mapping, from, bytes, density, block, seed }, over };
    }
  }
}

/** The JSON Schema of scenario files, as it is published. */
export function scenarioJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(scenarioSchema, { io: 'input' });
  const about =
    'A story for `thpscope simulate`: a machine, its processes, and what happens to them over time.';
  return { $schema, title: 'thpscope scenario', description: about, ...schema };
}
