const POLYNOMIAL = 0xedb88320;

/** At 256 * k + b: the CRC of byte b and k zero bytes after it, so that eight bytes are done in a step. */
const TABLES = new Uint32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  TABLES[byte] = crc;
}
for (let i = 256; i < TABLES.length; i++)
  TABLES[i] = (TABLES[i - 256] >>> 8) ^ TABLES[TABLES[i - 256] & 0xff];

/** CRC-32 as in gzip and zip. Node has it in zlib, browsers have not. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    crc =
      TABLES[0x700 | (crc & 0xff)] ^
      TABLES[0x600 | ((crc >>> 8) & 0xff)] ^
      TABLES[0x500 | ((crc >>> 16) & 0xff)] ^
      TABLES[0x400 | (crc >>> 24)] ^
      TABLES[0x300 | bytes[i + 4]] ^
      TABLES[0x200 | bytes[i + 5]] ^
      TABLES[0x100 | bytes[i + 6]] ^
      TABLES[bytes[i + 7]];
  }
  for (; i < bytes.length; i++) crc = TABLES[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The CRC-32 of bytes as eight hex digits: what metadata of snapshots and digests end with. */
export function checksumOf(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}
