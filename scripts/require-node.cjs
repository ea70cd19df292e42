// Ends the process with a sentence and exit code 4 where Node is older than package.json asks for. Every
// entry loads this before anything else, so it keeps to what old versions have.
const { engines } = require('../package.json');

const needed = engines.node.slice('>='.length);
const running = process.versions.node;
if (isOlder(running.split('.'), needed.split('.'))) {
  console.error(`thpscope needs Node.js ${needed} or newer; this is ${running}.`);
  process.exit(4);
}

function isOlder(version, other) {
  const at = other.findIndex((part, i) => Number(part) !== Number(version[i]));
  return at >= 0 && Number(version[at]) < Number(other[at]);
}
