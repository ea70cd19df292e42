import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import type { Message } from '../../../verify/c/c-of-mail.ts';
import type { SourceLine } from '../../../verify/c/source-line.ts';

/** Headers by their names in small letters. */
type Headers = ReadonlyMap<string, string>;

/**
 * The messages of a file of one mail or several (mbox), decoded: their texts, and attachments that are text
 * or patches. A file that is no mail is one message. Every line keeps its number, but for those of base64,
 * which count on from the first. Parsers of mail lose the numbers, so this is our own. Fails where a text is
 * encoded in a way that mail has not.
 */
export function messagesOf(text: string): Result<Message[]> {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const numbered = lines.map((each, i) => ({ text: each, number: i + 1 }));
  const messages: Message[] = [];
  for (const raw of apart(numbered)) {
    const { headers, body } = headersOf(raw);
    const isMail = ['from', 'subject', 'content-type', 'content-transfer-encoding'].some((name) =>
      headers.has(name),
    );
    const decoded = isMail ? decodedText(headers, body) : succeed([...raw]);
    if (!decoded.ok) return decoded;
    messages.push({ isMail, body: decoded.value });
  }
  return succeed(messages);
}

/** The mails of a file: each begins with a line `From somebody`. */
function apart(lines: readonly SourceLine[]): SourceLine[][] {
  const mails: SourceLine[][] = [[]];
  for (const [i, line] of lines.entries()) {
    const begins = /^From \S/.test(line.text) && HEADER.test(lines[i + 1]?.text ?? '');
    if (begins && (i === 0 || lines[i - 1].text === '')) mails.push([]);
    else mails.at(-1)?.push(line);
  }
  return mails.filter((mail) => mail.length > 0);
}

const HEADER = /^([!-9;-~]+):(?:\s+(.*))?$/;

function headersOf(lines: readonly SourceLine[]): { readonly headers: Headers; readonly body: SourceLine[] } {
  const headers = new Map<string, string>();
  let last: string | undefined;
  for (const [i, { text }] of lines.entries()) {
    if (text === '') return { headers, body: lines.slice(i + 1) };
    const [, name, value = ''] = HEADER.exec(text) ?? [];
    if (name !== undefined) last = name.toLowerCase();
    else if (last === undefined || !/^[ \t]/.test(text)) break;
    headers.set(last, name === undefined ? `${headers.get(last)} ${text.trim()}` : value);
  }
  return { headers: new Map(), body: [...lines] };
}

/** What a mail or a part of one says, as text. */
function decodedText(headers: Headers, body: readonly SourceLine[]): Result<SourceLine[]> {
  const type = headers.get('content-type') ?? 'text/plain';
  const boundary = /\bboundary="?([^";]+)"?/i.exec(type)?.[1];
  if (/^multipart\//i.test(type) && boundary !== undefined) return textOfParts(body, boundary.trim());
  const isText = /^text\/(?!html)/i.test(type);
  const isPatch = /name\*?=.*\.(?:patch|diff|c)\b/i.test(`${type} ${headers.get('content-disposition')}`);
  if (!isText && !isPatch) return succeed([]);
  const encoding = (headers.get('content-transfer-encoding') ?? '').trim().toLowerCase();
  switch (encoding) {
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return succeed([...body]);
    case 'quoted-printable':
      return succeed(unquoted(body));
    case 'base64':
      return succeed(ofBase64(body));
    default:
      return fail(
        'unreadable',
        `its Content-Transfer-Encoding is ${encoding}, which mail has not; save its text`,
      );
  }
}

function textOfParts(body: readonly SourceLine[], boundary: string): Result<SourceLine[]> {
  const parts: SourceLine[][] = [];
  let part: SourceLine[] | undefined;
  for (const line of body) {
    const text = line.text.trimEnd();
    if (text === `--${boundary}` || text === `--${boundary}--`) {
      if (part) parts.push(part);
      part = text.endsWith(`${boundary}--`) ? undefined : [];
    } else part?.push(line);
  }
  // The end of the last may be cut off.
  if (part) parts.push(part);
  const texts: SourceLine[] = [];
  for (const each of parts) {
    const isPlain = each[0]?.text === '';
    const { headers, body: own } = isPlain ? { headers: new Map(), body: each.slice(1) } : headersOf(each);
    const decoded = decodedText(headers, own);
    if (!decoded.ok) return decoded;
    texts.push(...decoded.value);
  }
  return succeed(texts);
}

/** Quoted-printable: a line that ends with = goes on in the next, and =XX is a byte. */
function unquoted(lines: readonly SourceLine[]): SourceLine[] {
  const joined: SourceLine[] = [];
  let open: { readonly parts: string[]; readonly number: number } | undefined;
  const close = () => {
    if (open) joined.push({ text: open.parts.join(''), number: open.number });
    open = undefined;
  };
  for (const { text, number } of lines) {
    const [, soft] = /^(.*)=[ \t]*$/.exec(text) ?? [];
    open ??= { parts: [], number };
    open.parts.push(soft ?? text);
    if (soft === undefined) close();
  }
  close();
  return joined.map(({ text, number }) => ({
    text: text.replaceAll(/(?:=[0-9A-F]{2})+/gi, (bytes) =>
      Buffer.from(bytes.replaceAll('=', ''), 'hex').toString(),
    ),
    number,
  }));
}

function ofBase64(lines: readonly SourceLine[]): SourceLine[] {
  const bytes = Buffer.from(lines.map(({ text }) => text).join(''), 'base64');
  const first = lines[0]?.number ?? 1;
  const decoded = bytes.toString().replaceAll('\r\n', '\n').split('\n');
  return decoded.map((text, i) => ({ text, number: first + i }));
}
