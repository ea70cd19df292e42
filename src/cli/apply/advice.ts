import { z } from 'zod';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { asOrder } from '../../core/memory/order.ts';
import type { Host } from '../../core/rules/memory-source.ts';
import { checkLimits } from '../../core/rules/policy.ts';
import { type FiledSettings, settingsFiles } from '../../core/rules/settings-file.ts';
import { SIZE_WORDS, TOP_LEVEL_WORDS } from '../../core/rules/settings-words.ts';
import type { KernelTree } from '../../linux/kernel/kernel-tree.ts';
import { lackingOptOuts } from '../../linux/processes/opt-outs.ts';
import { kernelAsked } from '../shared/flags/asked-kernel.ts';
import { type InputFile, readJsonFile } from '../shared/input/input-file.ts';

const settingsSchema = z.object({
  enabled: z.enum(TOP_LEVEL_WORDS),
  sizes: z.record(z.string().regex(/^\d+$/), z.enum(SIZE_WORDS)),
  maxPtesNone: z.int().nonnegative(),
  maxPtesSwap: z.int().nonnegative(),
  maxPtesShared: z.int().nonnegative(),
});

const adviceSchema = z.object({
  schema: z.literal('thpscope/advise@2'),
  model: z.string(),
  origin: z
    .object({ read: z.array(z.object({ host: z.string().nullable(), hosts: z.int().optional() })) })
    .optional(),
  geometry: z.object({ pageShift: z.number(), pmdOrder: z.number() }),
  advised: z.object({ settings: settingsSchema }),
  plan: z
    .object({
      settings: settingsSchema,
      dropIns: z.array(z.object({ path: z.string(), unit: z.string(), content: z.string() })),
    })
    .nullable(),
});

/** What an advice is to, and what speaks against following it on this machine now. */
export interface ReadAdvice {
  /** By service those of the plan. */
  readonly settings: FiledSettings;
  /** Services that are to opt out before and have not, a clause each. */
  readonly lacking: readonly string[];
  /** That it is about another machine or another kernel: a clause; undefined where it is about these. */
  readonly elsewhere: string | undefined;
  /** What nobody knows of its machine: a clause; undefined where it is known. */
  readonly unknown: string | undefined;
}

/** Reads an advice for this machine. Fails for what is none, and for other page sizes. */
export async function readAdvice(file: InputFile, host: Host, tree: KernelTree): Promise<Result<ReadAdvice>> {
  const json = await readJsonFile(file);
  if (!json.ok) return json;
  const parsed = adviceSchema.safeParse(json.value);
  if (!parsed.success)
    return fail('unreadable', `${file.name}: is no advice; thpscope advise --json prints one`);
  const { advised, plan, geometry: own, origin, model } = parsed.data;
  const { geometry } = host;
  if (own.pageShift !== geometry.pageShift || own.pmdOrder !== geometry.pmdOrder)
    return fail('usage', `${file.name}: is advice for a machine with other page sizes`);
  const { sizes, ...rest } = (plan ?? advised).settings;
  const limits = checkLimits(rest, geometry);
  if (!limits.ok) return fail('unreadable', `${file.name}: ${limits.failure.message}`);
  const words = Object.entries(sizes).map(([order, each]) => [asOrder(Number(order)), each] as const);
  const known = settingsFiles(geometry).size;
  if (words.length > known) return fail('unreadable', `${file.name}: names more sizes than there are`);
  const here = kernelAsked(undefined, host.kernelRelease);
  if (!here.ok) return here;
  return succeed({
    settings: { ...rest, sizes: new Map(words), shrinkUnderused: undefined },
    lacking: lackingOptOuts(tree, plan?.dropIns ?? []),
    ...whereMade(origin?.read ?? [], model, host, here.value.name),
  });
}

/** Whether an advice is about this machine. One that is about many hosts may be about this one, too. */
function whereMade(
  read: readonly { readonly host: string | null; readonly hosts?: number | undefined }[],
  model: string,
  host: Host,
  modelHere: string,
): Pick<ReadAdvice, 'elsewhere' | 'unknown'> {
  const hosts = read.find((each) => each.hosts !== undefined)?.hosts;
  const names = [...new Set(read.flatMap((each) => each.host ?? []))];
  const isElsewhere = names.length > 0 && !names.includes(host.name);
  if (isElsewhere || model !== modelHere) {
    const whose =
      hosts !== undefined
        ? `${hosts} hosts`
        : names.length > 0
          ? names.join(' and ')
          : 'a machine without a name';
    return {
      elsewhere: `this advice was made of ${whose} for ${model}; here runs ${host.name} under Linux ${host.kernelRelease} (${modelHere}), and its figures do not hold here`,
      unknown: undefined,
    };
  }
  const isKnown = names.length > 0 && hosts === undefined;
  return {
    elsewhere: undefined,
    unknown: isKnown
      ? undefined
      : hosts === undefined
        ? 'this advice does not say of which machine it was made'
        : `this advice was made of ${hosts} hosts: what it says of growth is of all of them`,
  };
}
