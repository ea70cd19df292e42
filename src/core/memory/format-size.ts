import { formatBytes } from '../base/bytes.ts';
import { type Geometry, pageBytes } from './geometry.ts';

/** The size of so many base pages as people write it: "64K", "1.5G", "0B". */
export function formatSize(pages: number, geometry: Geometry): string {
  return formatBytes(pages * pageBytes(geometry));
}
