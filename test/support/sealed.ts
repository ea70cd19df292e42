import { checksumOf } from '../../src/snapshot/crc32.ts';

/** JSON of a digest as a file that ends with its checksum, as `thpscope digest` writes it. */
export function sealed(json: object): string {
  const body = JSON.stringify({ ...json, crc32: undefined }).slice(0, -1);
  return `${body},"crc32":"${checksumOf(new TextEncoder().encode(body))}"}\n`;
}
