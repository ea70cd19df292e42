/** Text as it may stand in XML, in content and in quoted attributes; characters that XML has none of become U+FFFD. */
export function escapeXml(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex -- they are what is looked for
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}

/** An element; attributes that are undefined are left out, content is XML already. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  content = '',
): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? rounded(value) : escapeXml(value ?? '')}"`)
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

/** A number with at most two digits behind the point. */
function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** A line of text whose baseline begins, or by class ends or is centred, at a place. */
export function textAt(x: number, y: number, text: string, kind?: string): string {
  return element('text', { x, y, class: kind }, escapeXml(text));
}
