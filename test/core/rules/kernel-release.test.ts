import { expect, test } from 'vitest';
import { joinReleases, modelOfRelease, releasesOf } from '../../../src/core/rules/kernel-release.ts';

test.each([
  ['4.18.0-553.el8_10.x86_64', 'linux-6.6'],
  ['5.15.0-1064-azure', 'linux-6.6'],
  ['6.6.32', 'linux-6.6'],
  ['6.7.12-amd64', 'linux-6.6'],
  ['6.8.0-rc1', 'linux-6.18'],
  ['6.8.0-45-generic', 'linux-6.18'],
  ['6.12.48+deb13-amd64', 'linux-6.18'],
  ['6.18.44-cloud', 'linux-6.18'],
  ['7.0.0', 'linux-6.18'],
  ['7.1.9-200.fc44.x86_64', 'linux-6.18'],
  ['7.2.0-rc3', 'linux-7.2'],
  ['7.2.13', 'linux-7.2'],
  ['7.3.0-rc1-next-20261101', 'linux-7.3'],
  ['7.3.4', 'linux-7.3'],
  ['7.10.1', 'linux-7.3'],
  ['8.0.0', 'linux-7.3'],
])('Linux %s is modelled by %s', (release, model) => {
  expect(modelOfRelease(release)?.name).toBe(model);
});

test.each(['', 'redacted', 'v7', '7'])('%j names no release of Linux', (release) => {
  expect(modelOfRelease(release)).toBeUndefined();
});

test('releases of several machines are kept apart, each once, however often they are joined', () => {
  const joined = joinReleases(['6.18.44', '7.3.4', '6.18.44']);
  expect(releasesOf(joined)).toEqual(['6.18.44', '7.3.4']);
  expect(releasesOf(joinReleases([joined, '7.2.13', '7.3.4']))).toEqual(['6.18.44', '7.3.4', '7.2.13']);
});
