// Calls of functions that give tables.
import { Scope } from './env.mjs';
import { bindArguments } from './expressions.mjs';
import { items } from './language.mjs';

/** Calls a tabular function; `first` is the piped table of invoke. */
export function callTable(node, args, env, first = null) {
  const { env: inner, body } = bindArguments(node, args, new Scope(env), first);
  for (const statement of items(body.Statements)) env.runtime.executeStatement(statement, inner);
  return env.runtime.evaluateTable(body.Expression, inner);
}
