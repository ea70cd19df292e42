import { expect, test } from 'vitest';
import { html, trusted } from '../../src/render/words/markup.ts';

test('what is put into markup is escaped, in elements and in attributes', () => {
  const name = `<b title='x'>"&`;
  expect(html`<i title="${name}">${name}</i>`.text).toBe(
    '<i title="&lt;b title=&#39;x&#39;&gt;&quot;&amp;">&lt;b title=&#39;x&#39;&gt;&quot;&amp;</i>',
  );
});

test('control characters and those that turn lines around are named', () => {
  expect(html`${'a\u001b[31m\u202eb'}`.text).toBe('a\\x1b[31m\\x202eb');
});

test('markup, lists, numbers and nothing are put together', () => {
  const items = ['<', 2].map((each) => html`<li>${each}</li>`);
  expect(html`${items}${undefined}${false}${0}${trusted('<br>')}`.text).toBe('<li>&lt;</li><li>2</li>0<br>');
});
