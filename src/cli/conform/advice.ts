import { breachesOf } from '../../conform/advice/advice-check.ts';
import { runAdvice } from '../../conform/advice/advice-suite.ts';
import { askBuilt } from '../../conform/guest/built-command.ts';
import { packageFiles } from '../../conform/guest/guest-files.ts';
import { REDIS, redisFiles } from '../../conform/guest/guest-redis.ts';
import type { BootableKernel } from '../../conform/guest/kernels.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { type Context, print } from '../shared/context.ts';
import { describeAdvice } from './advice-table.ts';
import { adviceSuiteJson } from './json.ts';
import { askGuests } from './program-guest.ts';

/**
 * The suite advice: a redis-server that follows each advice in the guest. Returns how often more came out
 * than was said. Fails where the machine cannot bring a redis-server.
 */
export async function conformAdvice(
  context: Context,
  kernels: readonly BootableKernel[],
  folder: string,
  json = false,
): Promise<Result<number>> {
  const redis = await redisFiles();
  if (!redis.ok) return redis;
  const files = [...packageFiles(), ...redis.value];
  const asked = await askGuests(context, kernels, folder, files, (guest, kernel, progress) =>
    runAdvice({ guest, kernel, server: REDIS, askBuilt, folder }, (done, of) =>
      progress.show(done, of, `advice on ${kernel.version}`),
    ),
  );
  if (!asked.ok) return asked;
  if (json) await print(context, adviceSuiteJson(asked.value));
  else
    for (const { kernel, answer } of asked.value)
      await print(context, [`Linux ${kernel}`, ...answer.flatMap(describeAdvice), ''].join('\n'));
  return succeed(asked.value.flatMap(({ answer }) => answer.flatMap(breachesOf)).length);
}
