/** Major and minor number of a kernel release: 6 and 18 of "6.18.44-cloud-amd64". */
export function seriesOf(release: string): readonly [major: number, minor: number] {
  const [major, minor] = release.split('.');
  return [Number.parseInt(major, 10), Number.parseInt(minor, 10)];
}

/** Whether a kernel release is older than a series. */
export function isBefore(release: string, [major, minor]: readonly [major: number, minor: number]): boolean {
  const [ofMajor, ofMinor] = seriesOf(release);
  return ofMajor < major || (ofMajor === major && ofMinor < minor);
}

/** The series whose prctl(PR_SET_THP_DISABLE) can leave memory alone that asked for huge pages. */
export const FIRST_EXCEPT_ADVISED_SERIES = [6, 18] as const;

/** The series whose khugepaged collapses to more than the PMD size for the first time. */
export const FIRST_MTHP_SERIES = [7, 2] as const;
