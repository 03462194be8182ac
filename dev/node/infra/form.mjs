// The portal's form, infra/createUiDefinition.json: its elements, and what it
// hands to the template for given answers. It has the functions that the form uses.
import { text } from './templates.mjs';

const { parameters, ...head } = JSON.parse(text('infra/createUiDefinition.json'));

export { head };
export const { steps, outputs, basics } = parameters;

/** Every element: {step, ...element}. */
export const elements = steps.flatMap((step) => step.elements.map((element) => ({ step: step.name, ...element })));

export const element = (step, name) => elements.find((e) => e.step === step && e.name === name);

/** The value with which an element starts: of a list that of the label that it names, of an empty text box ''. */
export function startOf({ type, defaultValue, constraints }) {
  const listed = constraints?.allowedValues;
  return listed
    ? listed.find((option) => option.label === defaultValue)?.value
    : (defaultValue ?? (type === 'Microsoft.Common.TextBox' ? '' : undefined));
}

const isEmpty = (value) => value === undefined || value === null || value.length === 0;

const FUNCTIONS = {
  equals: (a, b) => a === b,
  and: (...all) => all.every(Boolean),
  or: (...all) => all.some(Boolean),
  not: (value) => !value,
  greaterOrEquals: (a, b) => a >= b,
  empty: isEmpty,
  when: (condition, yes, no) => (condition ? yes : no),
  int: Number,
  bool: (value) => ({ true: true, false: false })[value],
  parse: JSON.parse,
  split: (value, by) => value.split(by),
  take: (list, n) => list.slice(0, n),
  last: (list) => list.at(-1),
};

/** What an expression gives for the answers, {step: {element: value}}. */
export function evaluate(expression, answers) {
  const inner = /^\[([\s\S]*)\]$/.exec(expression);
  if (!inner) return expression;
  const names = { ...FUNCTIONS, steps: (name) => answers[name], location: () => 'westeurope' };
  return new Function(...Object.keys(names), `return ${inner[1].replace(/\bif\(/g, 'when(')}`)(...Object.values(names));
}

const shown = (e, answers) => e.visible === undefined || evaluate(e.visible, answers) === true;

/** Answers to everything: those given, else what the element starts with. What is hidden has none. */
export function answered(given = {}) {
  const all = Object.fromEntries(
    steps.map((step) => [
      step.name,
      Object.fromEntries(step.elements.map((e) => [e.name, given[step.name]?.[e.name] ?? startOf(e)])),
    ]),
  );
  for (const e of elements) if (!shown(e, all)) delete all[e.step][e.name];
  return all;
}

/** The faults that the form shows for the answers. */
export function faults(answers) {
  return elements
    .filter((e) => shown(e, answers))
    .flatMap((e) => {
      const value = answers[e.step][e.name];
      const { required, validations = [] } = e.constraints ?? {};
      if (isEmpty(value) && required) return [`${e.step}.${e.name} is required`];
      return validations
        .filter(({ regex, isValid }) =>
          regex ? !isEmpty(value) && !new RegExp(regex).test(value) : !evaluate(isValid, answers),
        )
        .map(({ message }) => `${e.step}.${e.name}: ${message}`);
    });
}

/** The parameters that the form hands to the template. */
export const parametersOf = (answers) =>
  Object.fromEntries(Object.entries(outputs).map(([name, expression]) => [name, evaluate(expression, answers)]));
