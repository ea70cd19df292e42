import { expect, test } from 'vitest';
import { messagesOf } from '../../src/cli/shared/c-walk/mail-messages.ts';

function bodies(text: string): string[][] {
  const messages = messagesOf(text);
  if (!messages.ok) throw new Error(messages.failure.message);
  return messages.value.map(({ body }) => body.map((line) => `${line.number} ${line.text}`));
}

test('a file that is no mail is one message, whatever is in it', () => {
  expect(bodies('int a;\n')).toEqual([['1 int a;', '2 ']]);
  expect(bodies('a: b\n\nint c;')).toEqual([['1 a: b', '2 ', '3 int c;']]);
  expect(bodies('')).toEqual([['1 ']]);
});

test('lines keep their numbers: quoted-printable where they begin, base64 from its first line on', () => {
  const head = (encoding: string) => `From: a\nContent-Transfer-Encoding: ${encoding}\n\n`;
  expect(bodies(`${head('7bit')}a=3D\r\nb`)).toEqual([['4 a=3D', '5 b']]);
  expect(bodies(`${head('Quoted-Printable')}a=3D=\nb=C3=A4=\n\nc=`)).toEqual([['4 a=bä', '7 c']]);
  expect(bodies(`${head('base64')}YQpi\nCmM=`)).toEqual([['4 a', '5 b', '6 c']]);
  expect(messagesOf(`${head('uuencode')}a`)).toMatchObject({ ok: false, failure: { kind: 'unreadable' } });
});

test('of parts those that are text or a patch', () => {
  const part = (type: string, text: string) => `--x\nContent-Type: ${type}\n\n${text}\n`;
  const mail = `Subject: a\nContent-Type: multipart/mixed;\n\tboundary="x"\n\nfor old readers\n${part('text/plain', 'b')}${part('text/html', '<b>')}${part('application/x; name="a.patch"', '+c')}${part('image/png', 'd')}--x--\ne`;
  expect(bodies(mail)).toEqual([['9 b', '17 +c']]);
  expect(bodies(`${mail.split('--x\n')[0]}--x\n\nhi`)).toEqual([['8 hi']]);
});

test('each mail of a mailbox is one; a line of text that begins with From is none', () => {
  expect(bodies('From a Mon\nSubject: 1\n\nFrom here on\n\nFrom b Mon\nSubject: 2\n\nc')).toEqual([
    ['4 From here on', '5 '],
    ['9 c'],
  ]);
});
