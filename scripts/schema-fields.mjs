// The fields of a JSON schema as rows of a table.

/** Units by the end of a field's name; what ends otherwise is a count of what it names, or no number. */
const UNITS = [
  [/([Pp]ages)$/, 'base pages'],
  [/([Bb]ytes)$/, 'bytes'],
  [/Ns$/, 'nanoseconds'],
  [/(Ms|[Mm]illis|[Mm]illisecs)$/, 'milliseconds'],
  [/([Ss]econds)$/, 'seconds'],
  [/^pageShift$/, 'log2 of bytes'],
  [/([Oo]rder)$/, 'log2 of base pages'],
];

/** The unit of a field: that of its name, of the names around it, or none. */
function unitOf(path, schema) {
  if (!isNumber(schema)) return '';
  const names = path
    .split('.')
    .reverse()
    .map((name) => name.replace(/[[\]?*]/g, ''));
  for (const name of names) {
    const unit = UNITS.find(([ending]) => ending.test(name))?.[1];
    if (unit) return unit;
  }
  return '';
}

function isNumber({ type }) {
  return [type].flat().some((each) => each === 'integer' || each === 'number');
}

/**
 * Every field of a schema, in its order: where it is, its type, its unit and what it is. A part that several
 * fields share is shown at the first of them; a field without a description has '' as `what`.
 */
export function fieldRows(schema) {
  const rows = [];
  const shown = new Map();
  walk(schema, '');
  return rows;

  function walk(node, path) {
    for (const [name, given] of Object.entries(node.properties ?? {})) {
      const optional = node.required?.includes(name) ? '' : '?';
      field(given, `${path}${path === '' ? '' : '.'}${name}${optional}`);
    }
    for (const part of [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])])
      walk(resolved(part).schema, path);
    if (isSchema(node.items)) inside(node.items, `${path}[]`);
    if (isSchema(node.additionalProperties)) inside(node.additionalProperties, `${path}.*`);
  }

  function field(given, path) {
    const { schema: own, name } = resolved(given);
    if (rows.some((row) => row.path === path)) return walk(own, path);
    const at = name && shown.get(name);
    const what = given.description ?? own.description ?? constantText(own) ?? alternativesText(own);
    rows.push({
      path,
      type: typeOf(own, resolved),
      unit: unitOf(path, own),
      what: at ? `${what}; fields as of ${at}` : what,
    });
    if (at) return undefined;
    if (name && hasFields(own)) shown.set(name, path);
    return walk(own, path);
  }

  function inside(given, path) {
    const { schema: own, name } = resolved(given);
    if (name && shown.has(name)) return;
    if (name && hasFields(own)) shown.set(name, path);
    walk(own, path);
  }

  function resolved(node) {
    if (!node.$ref) return { schema: node, name: undefined };
    const found = node.$ref
      .slice(2)
      .split('/')
      .reduce((at, key) => at[key], schema);
    const deeper = resolved(found);
    return { schema: deeper.schema, name: node.$ref };
  }
}

function isSchema(value) {
  return typeof value === 'object' && value !== null;
}

function hasFields({ properties, items, additionalProperties }) {
  return properties !== undefined || isSchema(items) || isSchema(additionalProperties);
}

function constantText(schema) {
  return schema.const === undefined ? undefined : 'always this';
}

/** What a field is that may be one of several things. */
function alternativesText({ anyOf = [], oneOf = [] }) {
  return [...anyOf, ...oneOf].flatMap(({ description }) => description ?? []).join('; or: ');
}

function typeOf(node, resolve) {
  const { type, const: constant, enum: values, items, anyOf, oneOf } = resolve(node).schema;
  if (constant !== undefined) return `\`${JSON.stringify(constant)}\``;
  if (values) return values.map((value) => `\`${JSON.stringify(value)}\``).join(' or ');
  const alternatives = anyOf ?? oneOf;
  if (type === undefined && alternatives)
    return [...new Set(alternatives.map((each) => typeOf(each, resolve)))].join(' or ');
  const types = [type ?? 'any'].flat();
  return types
    .map((each) => (each === 'array' && isSchema(items) ? `array of ${typeOf(items, resolve)}` : each))
    .join(' or ');
}
