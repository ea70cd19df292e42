// Fills the redis-server behind /redis.sock with the same keys each time and deletes some, for
// `thpscope conform --suite restart`, `--suite advice` and `--suite diff`. With the word `serve` it does some work on
// the keys that are there instead: some values are written anew, some keys are new, some go.
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';

const KEYS = 60_000;
const BATCH = 1_000;
const SOCKET = '/redis.sock';

async function connectOnceItListens() {
  for (;;) {
    const socket = connect(SOCKET);
    const connected = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    if (connected) return socket;
    await setTimeout(100);
  }
}

const socket = await connectOnceItListens();

/** Sends commands, and waits until each has been answered by one line. */
async function send(commands) {
  const answered = new Promise((resolve, reject) => {
    let lines = 0;
    const count = (text) => {
      if (/^-/m.test(text)) reject(new Error(text));
      lines += text.split('\n').length - 1;
      if (lines < commands.length) return;
      socket.off('data', count);
      resolve();
    };
    socket.setEncoding('latin1').on('data', count);
  });
  const texts = commands.map(
    (words) => `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`,
  );
  socket.write(texts.join(''));
  await answered;
}

async function sendForKeys(commandOf) {
  for (let first = 0; first < KEYS; first += BATCH) {
    const keys = Array.from({ length: Math.min(BATCH, KEYS - first) }, (_, i) => first + i);
    await send(keys.map(commandOf).filter((words) => words !== undefined));
  }
}

let state = 88172645;
/** A number below a limit, the same ones each time. */
function below(limit) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

const isLarge = (key) => key % 40 === 0;

async function fill() {
  await sendForKeys((key) => {
    const bytes = isLarge(key) ? 8_000 + below(32_000) : 40 + below(900);
    return ['SET', `key:${key}`, 'v'.repeat(bytes)];
  });
  // What is left of small values stays in every page, large ones leave holes.
  await sendForKeys((key) => (below(isLarge(key) ? 2 : 3) === 0 ? ['DEL', `key:${key}`] : undefined));
  // What was freed leaves at once, not when some seconds have gone by.
  await send([['MEMORY', 'PURGE']]);
}

async function serve() {
  const few = Array.from({ length: 2_000 }, () => below(KEYS));
  await send(few.map((key) => ['SET', `key:${key}`, 'w'.repeat(40 + below(900))]));
  await send(few.slice(1_000).map((key) => ['DEL', `key:${key}`]));
  // More than what was freed has room for.
  await send(Array.from({ length: 500 }, (_, i) => ['SET', `new:${i}`, 'n'.repeat(8_000 + below(64_000))]));
}

if (process.argv[2] === 'serve') await serve();
else await fill();
console.log('done');
socket.end();
