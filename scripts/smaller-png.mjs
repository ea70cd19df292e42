import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = 8;
const RGB = 2;
const PALETTE = 3;
const RGBA = 6;
const MOST_COLORS = 256;

/**
 * The same picture in half the bytes, for Chromium packs screenshots in a hurry. Takes 8-bit RGB and opaque RGBA as
 * Chromium writes them; where there are more than 256 colours, those that differ least become one.
 */
export function smallerPng(png) {
  const chunks = chunksOf(png);
  const header = Buffer.from(chunks.find(({ type }) => type === 'IHDR').data);
  const [width, height, depth, color] = [
    header.readUInt32BE(0),
    header.readUInt32BE(4),
    header[8],
    header[9],
  ];
  if (depth !== 8 || (color !== RGB && color !== RGBA) || header[12] !== 0) return png;
  const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
  const bytes = color === RGBA ? 4 : 3;
  const pixels = colorsOf(unfiltered(inflateSync(packed), width * bytes, bytes), bytes);
  const palette = paletteOf(pixels);
  const indexOf = nearestIn(palette);
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = indexOf(pixels[y * width + x]);
  header[9] = PALETTE;
  return Buffer.concat([
    png.subarray(0, SIGNATURE),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap((each) => [each >> 16, (each >> 8) & 255, each & 255]))),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function colorsOf(samples, bytes) {
  return Uint32Array.from({ length: samples.length / bytes }, (_, i) => samples.readUIntBE(i * bytes, 3));
}

/** The colours of a picture, frequent ones first, without those that hardly differ from one before: as few as must go. */
function paletteOf(pixels) {
  const counts = new Map();
  for (const color of pixels) counts.set(color, (counts.get(color) ?? 0) + 1);
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || a - b).map(([color]) => color);
  for (let apart = 0; ; apart++) {
    const palette = [];
    for (const color of sorted) {
      if (palette.length > MOST_COLORS) break;
      if (apart === 0 || palette.every((other) => distance(color, other) > apart ** 2)) palette.push(color);
    }
    if (palette.length <= MOST_COLORS) return palette;
  }
}

/** The place of the nearest colour of a palette. */
function nearestIn(palette) {
  const places = new Map(palette.map((color, place) => [color, place]));
  return (color) => {
    const known = places.get(color);
    if (known !== undefined) return known;
    const away = palette.map((other) => distance(color, other));
    const place = away.indexOf(Math.min(...away));
    places.set(color, place);
    return place;
  };
}

function distance(color, other) {
  const square = (shift) => (((color >> shift) & 255) - ((other >> shift) & 255)) ** 2;
  return square(16) + square(8) + square(0);
}

function chunksOf(png) {
  const chunks = [];
  for (let at = SIGNATURE; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    chunks.push({ type, data: png.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

function chunk(type, data) {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(named.length + 8);
  out.writeUInt32BE(data.length, 0);
  named.copy(out, 4);
  out.writeUInt32BE(crc32(named), named.length + 4);
  return out;
}

/** Undoes the five filters of PNG (RFC 2083, section 6). */
function unfiltered(rows, stride, bytes) {
  const height = rows.length / (stride + 1);
  const out = Buffer.alloc(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)];
    for (let i = 0; i < stride; i++) {
      const left = i >= bytes ? out[y * stride + i - bytes] : 0;
      const up = y > 0 ? out[(y - 1) * stride + i] : 0;
      const corner = y > 0 && i >= bytes ? out[(y - 1) * stride + i - bytes] : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      out[y * stride + i] = rows[y * (stride + 1) + 1 + i] + guess;
    }
  }
  return out;
}

function paeth(left, up, corner) {
  const near = left + up - corner;
  const [a, b, c] = [Math.abs(near - left), Math.abs(near - up), Math.abs(near - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
