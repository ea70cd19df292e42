// A process that holds BYTES of memory with TOUCHED of every 4 pages present, until it is killed.
const [bytes, touched] = process.argv.slice(2).map(Number);
const PAGE = 4096;
const memory = [];
for (let left = bytes; left > 0; left -= 1 << 30) {
  const piece = new Uint8Array(1 << 30);
  for (let page = 0; page < piece.length / PAGE; page++) if (page % 4 < touched) piece[page * PAGE] = 1;
  memory.push(piece);
}
console.log(`holding ${memory.length} GiB`);
setInterval(() => memory.length, 1 << 30);
