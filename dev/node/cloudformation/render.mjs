// Works a template out for given parameters, as CloudFormation does when it
// makes a stack: what the resources are then, and the outputs.
import { attribute, reference } from './names.mjs';

export const PSEUDO = {
  'AWS::AccountId': '111122223333',
  'AWS::Region': 'eu-west-1',
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackName': 'guardduty-export',
};

const NO_VALUE = Symbol('AWS::NoValue');

/** render returns {Resources, Outputs} without functions and without what a condition leaves out. */
export function render(template, given = {}, pseudo = {}) {
  const stack = { template, values: { ...PSEUDO, ...pseudo, ...parameters(template.Parameters ?? {}, given) } };
  checkRules(stack);
  const keep = (items = {}) =>
    Object.entries(items).filter(([, item]) => !item.Condition || condition(stack, item.Condition));
  stack.resources = Object.fromEntries(keep(template.Resources));
  const out = (items) =>
    Object.fromEntries(items.map(([name, { Condition, ...item }]) => [name, resolve(stack, item)]));
  return { Resources: out(Object.entries(stack.resources)), Outputs: out(keep(template.Outputs)) };
}

/** The parameters' values: what is given or the default, each allowed. */
function parameters(declared, given) {
  for (const name of Object.keys(given)) if (!declared[name]) throw new Error(`there is no parameter ${name}`);
  return Object.fromEntries(
    Object.entries(declared).map(([name, p]) => {
      const text = given[name] ?? p.Default;
      if (text === undefined) throw new Error(`${name}: a value is required`);
      const items =
        p.Type === 'CommaDelimitedList'
          ? String(text)
              .split(',')
              .map((s) => s.trim())
          : [String(text)];
      for (const item of items)
        if (!allowed(p, item)) throw new Error(`${name}: ${JSON.stringify(item)} is not allowed`);
      return [name, p.Type === 'CommaDelimitedList' ? items : items[0]];
    }),
  );
}

function allowed(p, text) {
  if (p.AllowedPattern && !new RegExp(`^(?:${p.AllowedPattern})$`).test(text)) return false;
  if (p.AllowedValues && !p.AllowedValues.includes(text)) return false;
  if (p.MaxLength !== undefined && text.length > p.MaxLength) return false;
  if (p.Type === 'Number' && !(Number(text) >= (p.MinValue ?? -Infinity) && Number(text) <= (p.MaxValue ?? Infinity)))
    return false;
  return true;
}

function checkRules(stack) {
  for (const rule of Object.values(stack.template.Rules ?? {})) {
    if (rule.RuleCondition && !truth(stack, rule.RuleCondition)) continue;
    for (const { Assert, AssertDescription } of rule.Assertions)
      if (!truth(stack, Assert)) throw new Error(AssertDescription);
  }
}

function condition(stack, name) {
  const found = stack.template.Conditions?.[name];
  if (!found) throw new Error(`there is no condition ${name}`);
  return truth(stack, found);
}

function truth(stack, value) {
  const [name, argument] = Object.entries(value)[0];
  switch (name) {
    case 'Condition':
      return condition(stack, argument);
    case 'Fn::Equals':
      return resolve(stack, argument[0]) === resolve(stack, argument[1]);
    case 'Fn::Not':
      return !truth(stack, argument[0]);
    case 'Fn::And':
      return argument.every((v) => truth(stack, v));
    case 'Fn::Or':
      return argument.some((v) => truth(stack, v));
    default:
      throw new Error(`${name} is not a condition`);
  }
}

function resolve(stack, value) {
  if (Array.isArray(value)) return value.map((v) => resolve(stack, v)).filter((v) => v !== NO_VALUE);
  if (!value || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  const [name, argument] = entries[0] ?? [];
  if (entries.length === 1 && (name === 'Ref' || name?.startsWith('Fn::'))) return call(stack, name, argument);
  return Object.fromEntries(entries.map(([k, v]) => [k, resolve(stack, v)]).filter(([, v]) => v !== NO_VALUE));
}

function call(stack, name, argument) {
  switch (name) {
    case 'Ref':
      return ref(stack, argument);
    case 'Fn::GetAtt':
      return attribute(stack, resource(stack, argument[0]), ...argument);
    case 'Fn::If':
      return resolve(stack, condition(stack, argument[0]) ? argument[1] : argument[2]);
    case 'Fn::Join':
      return resolve(stack, argument[1]).join(argument[0]);
    case 'Fn::Sub':
      return sub(stack, ...(Array.isArray(argument) ? argument : [argument, {}]));
    default:
      throw new Error(`${name} is not known here`);
  }
}

function ref(stack, name) {
  if (name === 'AWS::NoValue') return NO_VALUE;
  return name in stack.values ? stack.values[name] : reference(stack, resource(stack, name), name);
}

function resource(stack, name) {
  const found = stack.resources?.[name];
  if (!found)
    throw new Error(`there is no resource ${name}${stack.template.Resources[name] ? ' under these conditions' : ''}`);
  return found;
}

function sub(stack, text, variables) {
  return text.replace(/\$\{([^!}][^}]*)\}/g, (_, name) => {
    if (name in variables) return resolve(stack, variables[name]);
    const dot = name.indexOf('.');
    return dot < 0 ? ref(stack, name) : call(stack, 'Fn::GetAtt', [name.slice(0, dot), name.slice(dot + 1)]);
  });
}
