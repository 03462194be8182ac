// Bicep's functions, as far as the templates use them. A hash is its arguments.
import { parseYaml } from '../content/yaml.mjs';

const cloud = { suffixes: { storage: 'core.example', keyvaultDns: '.vault.example' } };

/** The functions of a deployment; readText reads a file beside its template. */
export function functions(deployment, { readText }) {
  return {
    ...PLAIN,
    resourceGroup: (subscriptionId, name) =>
      name ? { subscriptionId, name, id: `/subscriptions/${subscriptionId}/resourceGroups/${name}` } : deployment.group,
    subscription: () => ({
      tenantId: 'tenant',
      subscriptionId: deployment.group.subscriptionId,
      id: `/subscriptions/${deployment.group.subscriptionId}`,
    }),
    subscriptionResourceId: (type, name) =>
      `/subscriptions/${deployment.group.subscriptionId}/providers/${type}/${name}`,
    loadTextContent: readText,
    loadJsonContent: (file) => JSON.parse(readText(file)),
    loadYamlContent: (file) => parseYaml(readText(file)),
  };
}

const isEmpty = (value) =>
  value === null
  || value === ''
  || (Array.isArray(value) && value.length === 0)
  || (value.constructor === Object && Object.keys(value).length === 0);

const PLAIN = {
  environment: () => cloud,
  newGuid: () => 'new guid',
  guid: (...parts) => `guid(${parts.join('|')})`,
  uniqueString: () => 'abcdefghijklm',
  cidrSubnet: (prefix, size, i) => `subnet ${i} of ${size} bits in ${prefix}`,
  fail: (message) => {
    throw new Error(message);
  },
  empty: isEmpty,
  indexOf: (list, item) => list.indexOf(item),
  contains: (list, item) => list.includes(item),
  string: (value) => (typeof value === 'boolean' ? { true: 'True', false: 'False' }[value] : String(value)),
  trim: (text) => text.trim(),
  endsWith: (text, end) => text.toLowerCase().endsWith(end.toLowerCase()),
  take: (text, n) => text.slice(0, n),
  replace: (text, from, to) => text.replaceAll(from, () => to),
  toLower: (text) => text.toLowerCase(),
  toUpper: (text) => text.toUpperCase(),
  join: (list, by) => list.join(by),
  concat: (...lists) => lists.flat(),
  union: (...values) => (Array.isArray(values[0]) ? [...new Set(values.flat())] : Object.assign({}, ...values)),
  map: (list, make) => list.map((item, i) => make(item, i)),
  items: (object) => Object.entries(object).map(([key, value]) => ({ key, value })),
  filter: (list, keep) => list.filter((item) => keep(item)),
  toObject: (list, key, value) => Object.fromEntries(list.map((item) => [key(item), value(item)])),
};
