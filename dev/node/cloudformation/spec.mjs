// Holds resources to AWS's own specification of CloudFormation: their types,
// the names and types of their properties, what is required, what is allowed.
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';

let loaded;
const spec = () => (loaded ??= loadAwsServiceSpecSync());

/** faults returns what is wrong with rendered resources, one line each. */
export function faults(resources) {
  return Object.entries(resources).flatMap(([id, resource]) => {
    const [type] = spec().lookup('resource', 'cloudFormationType', 'equals', resource.Type);
    return type ? object(type.properties, resource.Properties ?? {}, id) : [`${id}: there is no type ${resource.Type}`];
  });
}

/** attributes lists what GetAtt knows of a type. */
export function attributes(name) {
  const [type] = spec().lookup('resource', 'cloudFormationType', 'equals', name);
  return Object.keys(type.attributes);
}

function object(properties, value, at) {
  if (!isObject(value)) return [`${at}: want an object`];
  const missing = Object.entries(properties)
    .filter(([name, p]) => p.required && !(name in value))
    .map(([name]) => `${at}: ${name} is required`);
  return missing.concat(
    Object.entries(value).flatMap(([name, v]) =>
      properties[name] ? typed(properties[name].type, v, `${at}.${name}`) : [`${at}: there is no property ${name}`],
    ),
  );
}

const isObject = (v) => v !== null && typeof v === 'object' && !Array.isArray(v);
const want = (ok, at, what) => (ok ? [] : [`${at}: want ${what}`]);

function typed(type, value, at) {
  switch (type.type) {
    case 'string': {
      const choice = type.allowedValues;
      return want(
        typeof value === 'string' && (!choice || choice.includes(value)),
        at,
        choice ? `one of ${choice.join(', ')}` : 'a text',
      );
    }
    case 'integer':
      return want(Number.isInteger(Number(value)) && value !== '' && typeof value !== 'boolean', at, 'a whole number');
    case 'number':
      return want(Number.isFinite(Number(value)) && value !== '', at, 'a number');
    case 'boolean':
      return want(typeof value === 'boolean', at, 'true or false');
    case 'json':
      return want(isObject(value), at, 'an object');
    case 'tag':
      return object(
        { Key: { type: { type: 'string' }, required: true }, Value: { type: { type: 'string' }, required: true } },
        value,
        at,
      );
    case 'array':
      return Array.isArray(value)
        ? value.flatMap((v, i) => typed(type.element, v, `${at}[${i}]`))
        : [`${at}: want a list`];
    case 'map':
      return isObject(value)
        ? Object.entries(value).flatMap(([k, v]) => typed(type.element, v, `${at}.${k}`))
        : [`${at}: want an object`];
    case 'ref':
      return object(spec().get('typeDefinition', type.reference.$ref).properties, value, at);
    case 'union': {
      const tries = type.types.map((t) => typed(t, value, at));
      return tries.find((t) => t.length === 0) ?? tries[0];
    }
    default:
      throw new Error(`${at}: type ${type.type} is not known here`);
  }
}
