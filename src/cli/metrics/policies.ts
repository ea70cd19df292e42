import { basename } from 'node:path';
import type { NamedPolicy } from '../../analysis/metrics/watched-memory.ts';
import { WATCHED_POLICIES, type WatchedPolicyName } from '../../analysis/metrics/watched-policies.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import { readPolicyFile } from '../shared/flags/policy-file.ts';
import type { InputFile } from '../shared/input/input-file.ts';

/** Asked about where nobody says otherwise; `current` only where it is known. */
const POLICIES = ['current', 'default', 'mthp'].map((name) => ({ path: name, name }));

/** The policies that --policy names; a file is named after itself, without its ending. */
export async function policiesNamed(
  asked: readonly InputFile[] | undefined,
  geometry: Geometry,
  current: ThpSettings | undefined,
): Promise<Result<NamedPolicy[]>> {
  const files = asked ?? POLICIES.filter(({ name }) => name !== 'current' || current);
  const policies: NamedPolicy[] = [];
  for (const file of files) {
    const settings = await settingsNamed(file, geometry, current);
    if (!settings.ok) return settings;
    const name = basename(file.name, '.json');
    if (policies.some((each) => each.name === name))
      return fail(
        'usage',
        `--policy ${file.name}: there are two policies '${name}'; name the file otherwise`,
      );
    policies.push({ name, settings: settings.value });
  }
  return succeed(policies);
}

async function settingsNamed(
  file: InputFile,
  geometry: Geometry,
  current: ThpSettings | undefined,
): Promise<Result<ThpSettings>> {
  if (Object.hasOwn(WATCHED_POLICIES, file.path))
    return succeed(WATCHED_POLICIES[file.path as WatchedPolicyName](geometry));
  if (file.path !== 'current') return readPolicyFile(file, geometry);
  if (current) return succeed(current);
  return fail(
    'usage',
    '--policy current: the settings in force are not known: no THP here, or machines that differ; name others',
  );
}
