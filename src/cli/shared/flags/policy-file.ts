import { z } from 'zod';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import { type Order, ordersOf, parseOrders } from '../../../core/memory/order.ts';
import { SIZE_WORDS, type SizeWord, TOP_LEVEL_WORDS } from '../../../core/rules/settings-words.ts';
import { defaultSettings, type ThpSettings } from '../../../core/rules/thp-settings.ts';
import { firstIssue } from '../input/first-issue.ts';
import { type InputFile, readJsonFile } from '../input/input-file.ts';

const policyFile = z.strictObject({
  enabled: z.enum(TOP_LEVEL_WORDS).optional(),
  sizes: z.record(z.string(), z.enum(SIZE_WORDS)).optional(),
  maxPtesNone: z.int().optional(),
  maxPtesSwap: z.int().optional(),
  maxPtesShared: z.int().optional(),
});

/**
 * Settings as JSON, such as {"enabled":"madvise","sizes":{"64K":"always"},"maxPtesNone":0}; the rest is
 * default. Fails with what is wrong about the file.
 */
export async function readPolicyFile(
  { path, name }: InputFile,
  geometry: Geometry,
): Promise<Result<ThpSettings>> {
  const json = await readJsonFile({ path, name: `--policy ${name}, neither current nor default` });
  if (!json.ok) return json;
  const parsed = policyFile.safeParse(json.value);
  if (!parsed.success)
    return fail(
      'unreadable',
      `--policy ${name}: ${firstIssue(parsed.error)}; see schemas/policy.schema.json`,
    );
  const { sizes, ...rest } = parsed.data;
  const settings = defaultSettings(geometry);
  if (!sizes) return succeed({ ...settings, ...rest });
  const byOrder = new Map<Order, SizeWord>();
  for (const [size, word] of Object.entries(sizes)) {
    const orders = parseOrders(size, geometry);
    if (!orders.ok) return fail('unreadable', `--policy ${name}: ${orders.failure.message}`);
    for (const order of ordersOf(orders.value)) byOrder.set(order, word);
  }
  return succeed({ ...settings, ...rest, sizes: byOrder });
}
