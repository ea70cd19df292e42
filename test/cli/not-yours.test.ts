import { expect, test } from 'vitest';
import { spawnThpscope } from '../support/thpscope.ts';

const NOBODY = { uid: 65534, gid: 65534 };

test.runIf(process.geteuid?.() === 0)('a user without processes is told that none is theirs', async () => {
  const { code, stderr } = await spawnThpscope(['predict', '--all'], '', NOBODY);
  expect(code).toBe(3);
  expect(stderr).toMatch(
    /^thpscope: none of these [\d,]+ processes is one whose memory this user may read;/m,
  );
  expect(stderr).not.toContain('process 1:');
});
