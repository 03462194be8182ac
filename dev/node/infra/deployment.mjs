// Works out what a Bicep file would deploy, with given parameters: resources with
// their bodies, modules and all, and the outputs. What only Azure knows, such as
// a principal id, is an Unknown, which prints as <id of the resource>.property.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { kids, read, stringPart } from './bicep.mjs';
import { functions } from './functions.mjs';
import { conforms } from './types.mjs';

/** A value that is known only after the deployment. */
export class Unknown {
  constructor(name) {
    this.name = name;
  }

  toString() {
    return `<${this.name}>`;
  }
}

/**
 * {resources: [{symbol, type, version, id, name, body, onlyIfNotExists}], outputs}. A fault in the file or in params
 * throws.
 */
export function deploy(
  file,
  params,
  { subscriptionId = '00000000-0000-0000-0000-00000000000a', group = 'rg-function' } = {},
) {
  const all = [];
  const deployment = new Deployment(file, params, groupOf(subscriptionId, group), all);
  return { resources: all, outputs: deployment.outputs() };
}

const groupOf = (subscriptionId, name) => ({
  subscriptionId,
  name,
  id: `/subscriptions/${subscriptionId}/resourceGroups/${name}`,
  location: 'westeurope',
});

class Deployment {
  constructor(file, given, group, all) {
    this.file = read(file);
    this.group = group;
    this.all = all;
    this.names = new Map();
    for (const name of Object.keys(given)) {
      if (!this.file.params.some((p) => p.name === name)) throw new Error(`${file}: there is no parameter ${name}`);
    }
    for (const param of this.file.params)
      this.names.set(
        param.name,
        lazy(() => this.param(param, given)),
      );
    for (const variable of this.file.vars)
      this.names.set(
        variable.name,
        lazy(() => this.variable(variable)),
      );
    for (const resource of this.file.resources)
      this.names.set(
        resource.name,
        lazy(() => this.resource(resource)),
      );
    for (const module of this.file.modules)
      this.names.set(
        module.name,
        lazy(() => this.module(module)),
      );
    for (const get of this.names.values()) get();
  }

  outputs() {
    return Object.fromEntries(this.file.outputs.map((output) => [output.name, this.value(output.value)]));
  }

  param({ name, type, value }, given) {
    if (name in given) return given[name];
    if (value) return this.value(value);
    throw new Error(`${this.file.file}: ${name} is missing (${type})`);
  }

  /** A variable that says its type has a value of that type. */
  variable({ name, type, value }) {
    const made = this.value(value);
    if (type) conforms(made, type, this.file, `${this.file.file}: ${name}`);
    return made;
  }

  /** One resource, or a list of those of a loop; null when its condition is false. */
  resource(declaration, parent = null) {
    return this.each(declaration.value, new Map(), (body, locals) =>
      this.oneResource(declaration, parent, body, locals),
    );
  }

  /** Calls make for the body of a declaration, once or once for each item of its loop. */
  each(node, locals, make) {
    if (node.type === 'if_statement') {
      const [condition, body] = kids(node);
      return this.value(condition, locals) ? make(body, locals) : null;
    }
    if (node.type === 'for_statement') return this.loop(node, locals, (body, inner) => make(body, inner));
    return make(node, locals);
  }

  oneResource(declaration, parent, node, locals) {
    const nested = new Map();
    const [own, version = parent?.version] = declaration.reference.split('@');
    const type = parent ? `${parent.type}/${own}` : own;
    const { parent: above = parent, scope, dependsOn, ...body } = this.object(node, locals);
    const id = idOf(scope?.id ?? this.group.id, type, body.name, above);
    const resource = {
      symbol: declaration.name,
      type,
      version,
      id,
      name: body.name,
      scope,
      body,
      nested,
      onlyIfNotExists: 'onlyIfNotExists' in declaration.decorators,
    };
    if (!declaration.existing) this.all.push(resource);
    for (const child of declaration.nested) nested.set(child.name, this.resource(child, resource));
    return resource;
  }

  module(declaration) {
    return this.each(declaration.value, new Map(), (node, locals) => {
      const { scope, params = {} } = this.object(node, locals);
      const file = path.join(path.dirname(this.file.file), declaration.reference);
      const made = new Deployment(file, params, scope ?? this.group, this.all);
      return { symbol: declaration.name, outputs: made.outputs() };
    });
  }

  /** @returns {Record<string, any>} */
  object(node, locals) {
    const result = {};
    for (const property of kids(node)) {
      const [key, value] = kids(property);
      if (key.type === 'resource_declaration') continue;
      result[key.type === 'identifier' ? key.text : this.value(key, locals)] = this.value(value, locals);
    }
    return result;
  }

  loop(node, locals, make) {
    const [head, list, body] = kids(node);
    const names = head.type === 'identifier' ? [head.text] : kids(head).map((n) => n.text);
    return this.value(list, locals).map((item, i) => make(body, new Map([...locals, [names[0], item], [names[1], i]])));
  }

  value(node, locals = new Map()) {
    const evaluate = EVALUATORS[node.type];
    if (!evaluate) throw new Error(`${this.file.file}:${node.startPosition.row + 1}: ${node.type} is not supported`);
    return evaluate(this, node, locals);
  }

  name(name, locals) {
    if (locals.has(name)) return locals.get(name);
    if (!this.names.has(name)) throw new Error(`${this.file.file}: there is no ${name}`);
    return this.names.get(name)();
  }
}

function idOf(scope, type, name, above) {
  const [provider, ...types] = type.split('/');
  if (above) return `${above.id}/${types.at(-1)}/${name}`;
  return `${scope}/providers/${provider}/${types[0]}/${name}`;
}

function lazy(make) {
  let made;
  return () => {
    if (!made) {
      made = { value: undefined };
      made.value = make();
    }
    return made.value;
  };
}

/** The member of a value: of a resource what is known of it, else an Unknown. */
function member(of, name, safe) {
  if (of instanceof Unknown) return new Unknown(`${of.name}.${name}`);
  if (of === null || of === undefined) {
    if (safe) return null;
    throw new Error(`${name} of what is not there`);
  }
  if (of.nested) return name === 'id' || name === 'name' ? of[name] : new Unknown(`${of.id}.${name}`);
  if (!(name in of) && !safe) throw new Error(`there is no ${name}`);
  return of[name] ?? null;
}

const BINARY = {
  '==': (a, b) => a() === b(),
  '!=': (a, b) => a() !== b(),
  '&&': (a, b) => a() && b(),
  '||': (a, b) => a() || b(),
  '??': (a, b) => a() ?? b(),
  '+': (a, b) => a() + b(),
  '-': (a, b) => a() - b(),
};

const EVALUATORS = {
  string: (d, node, locals) =>
    kids(node)
      .map((part) => (part.type === 'interpolation' ? String(d.value(kids(part)[0], locals)) : stringPart(part)))
      .join(''),
  number: (_, node) => Number(node.text),
  boolean: (_, node) => node.text === 'true',
  null: () => null,
  identifier: (d, node, locals) => d.name(node.text, locals),
  parenthesized_expression: (d, node, locals) => d.value(kids(node)[0], locals),
  object: (d, node, locals) => d.object(node, locals),
  array: (d, node, locals) =>
    itemsOf(node).map(([item, args]) => (args ? call(d, item, args, locals) : d.value(item, locals))),
  for_statement: (d, node, locals) => d.loop(node, locals, (body, inner) => d.value(body, inner)),
  unary_expression: (d, node, locals) => !d.value(kids(node)[0], locals),
  binary_expression: (d, node, locals) => {
    const [a, b] = kids(node);
    return BINARY[node.children[1].type](
      () => d.value(a, locals),
      () => d.value(b, locals),
    );
  },
  ternary_expression: (d, node, locals) => {
    const [condition, yes, no] = kids(node);
    return d.value(d.value(condition, locals) ? yes : no, locals);
  },
  lambda_expression: (d, node, locals) => {
    const [head, body] = kids(node);
    const names = head.type === 'identifier' ? [head.text] : kids(head).map((n) => n.text);
    return (...args) => d.value(body, new Map([...locals, ...names.map((name, i) => [name, args[i]])]));
  },
  member_expression: memberExpression,
  subscript_expression: (d, node, locals) => {
    const [of, index] = kids(node);
    return member(
      d.value(of, locals),
      d.value(index, locals),
      node.children.some((c) => c.type === '?'),
    );
  },
  resource_expression: (d, node, locals) => {
    const [of, name] = kids(node);
    return d.value(of, locals).nested.get(name.text);
  },
  call_expression: (d, node, locals) => call(d, ...kids(node), locals),
};

function call(d, name, args, locals) {
  const values = kids(args).map((arg) => d.value(arg, locals));
  const own = d.file.funcs[name.text];
  if (own) return d.value(own.value, new Map(own.params.map((param, i) => [param, values[i]])));
  const builtIn = functions(d, {
    readText: (file) => readFileSync(path.join(path.dirname(d.file.file), file), 'utf8'),
  })[name.text];
  if (!builtIn) throw new Error(`${d.file.file}: function ${name.text} is not supported`);
  return builtIn(...values);
}

/** The items of an array as [node] or, of a call, which the grammar reads as two items, as [name, arguments]. */
function itemsOf(node) {
  const items = [];
  for (const item of kids(node)) {
    const before = items.at(-1)?.[0];
    if (
      item.type === 'parenthesized_expression'
      && before?.type === 'identifier'
      && before.endIndex === item.startIndex
    )
      items.at(-1).push(item);
    else items.push([item]);
  }
  return items;
}

/** The grammar reads `a ? b : c.d` and `x => c.d` as members of the whole: the member is that of the last operand. */
function memberExpression(d, node, locals) {
  const [of, property] = kids(node);
  const safe = node.children.some((c) => c.type === '.?');
  const take = (value) => member(value, property.text, safe);
  if (of.type === 'lambda_expression') return (...args) => take(d.value(of, locals)(...args));
  if (of.type === 'ternary_expression') {
    const [condition, yes, no] = kids(of);
    return d.value(condition, locals) ? d.value(yes, locals) : take(d.value(no, locals));
  }
  return take(d.value(of, locals));
}
