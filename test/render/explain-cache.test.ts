import { expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { hugepagePolicy } from '../../src/core/rules/thp-settings.ts';
import { cacheRangeJson } from '../../src/render/json/explain-cache.ts';
import { cacheRangeSvg } from '../../src/render/svg/explain-cache.ts';
import { cacheRangeText } from '../../src/render/text/explain/explain-cache.ts';
import { foldLines } from '../../src/render/text/layout/fold-lines.ts';
import { styleOf } from '../../src/render/text/layout/style.ts';
import {
  BUFFERS,
  explained,
  fileItems,
  PAGES,
  RANGE,
  shmemPolicy,
  TABLE,
  TMPFS,
} from '../analysis/cache/cached-memory.ts';
import { mappingItem } from '../analysis/cache/items.ts';
import { processItem } from '../analysis/streams.ts';
import { expectSchema } from '../support/schemas.ts';

const CASES = {
  collapses: explained(
    [
      mappingItem(BUFFERS),
      processItem(2),
      mappingItem(BUFFERS, { flags: ['hg'] }),
      ...fileItems(BUFFERS, 300),
    ],
    shmemPolicy('advise'),
  ),
  settings: explained([mappingItem(BUFFERS), ...fileItems(BUFFERS, 300)], shmemPolicy(undefined)),
  mount: explained([mappingItem(TMPFS), ...fileItems(TMPFS, 300)], shmemPolicy('never')),
  unaligned: explained(
    [mappingItem(TABLE, { start: 8 * RANGE + 4096, flags: ['nh'] }), ...fileItems(TABLE, 300)],
    shmemPolicy('never', 'inherit', { enabled: 'never' }),
    8 * RANGE + 4096,
  ),
  memfd: explained(
    [mappingItem({ ...BUFFERS, name: '/memfd:heap (deleted)' }, { start: 8 * RANGE + 4096 })],
    shmemPolicy('always'),
    8 * RANGE + 4096,
  ),
  memfdNever: explained(
    [mappingItem({ ...BUFFERS, name: '/memfd:heap (deleted)' }, { start: 8 * RANGE + 4096 })],
    shmemPolicy('never', 'always'),
    8 * RANGE + 4096,
  ),
  none: explained(
    [mappingItem(TABLE), ...fileItems(TABLE, 300, { dirtyPages: undefined, mappedPages: undefined })],
    shmemPolicy('never', 'inherit', { maxPtesNone: 100 }),
  ),
  dirty: explained([mappingItem(TABLE), ...fileItems(TABLE, PAGES, { dirtyPages: 3 })], shmemPolicy('never')),
  unseen: explained([mappingItem(TABLE)], shmemPolicy('never')),
};

test('says in text of 80 columns who maps it, what governs it, what is in memory and what comes of it', async () => {
  const texts = Object.entries(CASES).map(
    ([name, each]) => `== ${name}\n${foldLines(cacheRangeText(each, styleOf(false)), 80)}`,
  );
  await expect(texts.join('\n')).toMatchFileSnapshot('golden/explain-cache.txt');
});

test.each(Object.entries(CASES))('says it as JSON of the schema, and as a picture: %s', (_, each) => {
  const { model } = each;
  const policy = hugepagePolicy({ settings: shmemPolicy('never').settings, model }, x86_64);
  const json = JSON.parse(JSON.stringify(cacheRangeJson(each, policy, 'walk')));
  expectSchema('explain', json);
  expect(json.pageCache.mappings).toHaveLength(1 + each.others.length);
  const svg = cacheRangeSvg(each);
  expect(svg).not.toContain('<table>');
  expect(svg).toContain(`page cache of ${json.pageCache.file.name.replace(/<(.*)>/, '&lt;$1&gt;')}`);
});
