// The workbook's file as the tests use it: its panels, its parameters, and a query with the parameters filled in.
import { readText } from '../content.mjs';

export const readWorkbook = () => JSON.parse(readText('sentinel/Workbooks/AmazonGuardDuty.json'));

/** Every item, those of groups too: {item, groups}, the groups from the outside in. */
export function* itemsOf(items, groups = []) {
  for (const item of items) {
    yield { item, groups };
    if (item.type === 12) yield* itemsOf(item.content.items, [...groups, item]);
  }
}

/** Every query item: {name, tab, content, item}. */
export const panelsOf = (workbook) =>
  [...itemsOf(workbook.items)]
    .filter(({ item }) => item.type === 3)
    .map(({ item, groups }) => ({
      name: item.name,
      tab: groups[0].conditionalVisibility.value,
      content: item.content,
      item,
    }));

/** Every parameter of every parameters item. */
export const parametersOf = (workbook) =>
  [...itemsOf(workbook.items)].filter(({ item }) => item.type === 9).flatMap(({ item }) => item.content.parameters);

/** What stands in braces: [{name, format}]. '{0}' in a text of thresholds is the value itself. */
/** Names of the parameters that a grid sets when a row is chosen. */
export const exportsOf = ({ exportedParameters = [] }) => exportedParameters.map((p) => p.parameterName);

export const references = (text) =>
  [...text.matchAll(/\{([A-Za-z]\w*)(?::(\w+))?\}/g)].map(([, name, format]) => ({ name, format }));

/**
 * The text as Workbooks sends it. `choices` are {parameter: value or list of values}; what is not chosen has the value
 * it has when the workbook is opened. `grain` is what {TimeRange:grain} becomes, `exported` what grids have set.
 */
export function fill(text, workbook, { choices = {}, grain = '1d', exported = {} } = {}) {
  const known = Object.fromEntries(parametersOf(workbook).map((p) => [p.name, p]));
  return text.replaceAll(/\{([A-Za-z]\w*)(?::(\w+))?\}/g, (whole, name, format) => {
    if (name === 'TimeRange' && format === 'grain') return grain;
    if (format) throw new Error(`${whole}: this form is not known here`);
    if (name in exported) return exported[name];
    const parameter = known[name];
    if (!parameter) throw new Error(`${whole}: no such parameter`);
    const chosen = choices[name] ?? parameter.value;
    if (!parameter.multiSelect) return chosen;
    const values = chosen.map((value) => (value === 'value::all' ? parameter.typeSettings.selectAllValue : value));
    return values.map((value) => `${parameter.quote}${value}${parameter.quote}`).join(parameter.delimiter);
  });
}
