// A Node program with 60,000 objects, for `thpscope conform --suite restart`.
const objects = Array.from({ length: 60_000 }, (_, i) => ({
  id: i,
  name: `object ${i}`,
  parts: [i, i + 1, i + 2],
}));
console.log('ready');
setInterval(() => objects.length, 1_000_000);
