// A parser file of Azure-Sentinel's form as a stored function.
import { parseYaml } from './yaml.mjs';

/** {name, params, query, yaml}: of the text of a file, as parserOf(). */
export const readParser = (text) => parserOf(parseYaml(text));

/** {name, params, query, yaml}: of a file with Function..., or with Parser... as ASIM has them. */
export function parserOf(yaml) {
  const params = yaml.FunctionParams ?? yaml.ParserParams ?? [];
  const name = yaml.FunctionAlias ?? yaml.ParserName;
  const query = yaml.FunctionQuery ?? yaml.ParserQuery;
  if (!name || !query) throw new Error('not a parser: its name or query is missing');
  const value = (p) => (p.Type === 'string' ? JSON.stringify(p.Default) : p.Default);
  return { name, query, yaml, params: params.map((p) => `${p.Name}:${p.Type}=${value(p)}`).join(', ') };
}
