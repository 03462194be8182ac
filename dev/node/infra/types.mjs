// Whether a value is of a type that a Bicep file declares. Stricter than the
// compiler: a property that an object type does not name is a fault as well.
import { kids, literal } from './bicep.mjs';

const PRIMITIVE = {
  string: (value) => typeof value === 'string',
  int: Number.isInteger,
  bool: (value) => typeof value === 'boolean',
  any: () => true,
};

/** Throws when value is not of a type, which is the text or the node of one in a file that read() made. */
export function conforms(value, type, file, where) {
  if (typeof type === 'string') return named(value, type, file, where);
  const [inner] = kids(type);
  switch (type.type) {
    case 'object':
      return object(value, type, file, where);
    case 'array_type':
      return list(value, (item, at) => conforms(item, inner, file, at), where);
    case 'nullable_type':
      return value === null || conforms(value, inner, file, where);
    case 'union_type':
      return within(members(type).includes(value), value, type.text, where);
    case 'type':
    case 'parenthesized_type':
      return conforms(value, inner, file, where);
    case 'string':
      return within(literal(type) === value, value, type.text, where);
    default:
      return named(value, type.text, file, where);
  }
}

/** The values of a union. Within it the grammar reads a | b as an operation of two values. */
export function members(node) {
  if (node.type === 'string') return [literal(node)];
  return node.type === 'number' ? [Number(node.text)] : kids(node).flatMap(members);
}

function named(value, name, file, where) {
  if (name.endsWith('[]')) return list(value, (item, at) => named(item, name.slice(0, -2), file, at), where);
  if (file.types[name]) return conforms(value, file.types[name], file, where);
  if (!PRIMITIVE[name]) throw new Error(`${where}: type ${name} is not supported`);
  return within(PRIMITIVE[name](value), value, name, where);
}

function within(is, value, type, where) {
  if (!is) throw new Error(`${where}: ${JSON.stringify(value)} is not ${type}`);
  return true;
}

function list(value, check, where) {
  within(Array.isArray(value), value, 'a list', where);
  return value.every((item, i) => check(item, `${where}[${i}]`));
}

function object(value, type, file, where) {
  within(value !== null && typeof value === 'object' && !Array.isArray(value), value, 'an object', where);
  const properties = kids(type)
    .filter((n) => n.type === 'object_property')
    .map(kids);
  const [first] = properties;
  if (first?.length === 1 || first?.[0].text === '*')
    return Object.entries(value).every(([key, item]) => conforms(item, first.at(-1), file, `${where}.${key}`));
  for (const key of Object.keys(value)) {
    if (!properties.some(([name]) => name.text === key))
      throw new Error(`${where}: there is no property ${key} in its type`);
  }
  return properties.every(([name, of]) => {
    if (name.text in value) return conforms(value[name.text], of, file, `${where}.${name.text}`);
    return within(
      file.optional.has(of.endIndex) || of.type === 'nullable_type',
      undefined,
      of.text,
      `${where}.${name.text}`,
    );
  });
}
