import { expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { costsOf, DEFAULT_CALIBRATION } from '../../src/khugepaged/costs.ts';
import { measuredCalibration } from '../../src/simulation/measured-calibration.ts';

test('copying and clearing are taken from a line through the times, all else as it was', () => {
  const timings = [1, 128, 256, 512].map((pages) => ({ pages, ns: 100_000 + 900 * pages }));
  const calibration = measuredCalibration(timings, 'a machine', x86_64, DEFAULT_CALIBRATION);
  const { copyPage, clearPage, ...rest } = calibration.costs;
  const { copyPage: _copy, clearPage: _clear, ...others } = DEFAULT_CALIBRATION.costs;
  expect(rest).toEqual(others);
  expect(clearPage.ns).toBeGreaterThan(150);
  expect(clearPage.ns).toBeLessThan(200);
  // What a page costs more than a hole is its copy, isolation and removal, less what clearing the hole costs.
  expect(copyPage.ns).toBeGreaterThan(800);
  expect(copyPage.ns).toBeLessThan(1000);
  expect(copyPage.source).toMatch(/^measured: MADV_COLLAPSE .* a machine, .*100 us and 900 ns/);
  expect(costsOf(calibration, x86_64).ok).toBe(true);
});
