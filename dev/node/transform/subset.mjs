// What a transformation of a data collection rule may use of KQL, as Microsoft
// documents it ("Supported KQL features in Azure Monitor transformations").
// The language service knows all of KQL and does not say.
import { kind } from '../kql/language.mjs';

export const OPERATORS = [
  'where',
  'extend',
  'project',
  'project-away',
  'project-rename',
  'parse',
  'print',
  'datatable',
];

export const STRING_OPERATORS = [
  '==',
  '!=',
  '=~',
  '!~',
  'contains',
  '!contains',
  'contains_cs',
  '!contains_cs',
  'has',
  '!has',
  'has_cs',
  '!has_cs',
  'startswith',
  '!startswith',
  'startswith_cs',
  '!startswith_cs',
  'endswith',
  '!endswith',
  'endswith_cs',
  '!endswith_cs',
  'matches regex',
  'in',
  '!in',
];

export const FUNCTIONS = `columnifexists
binary_and binary_or binary_not binary_shift_left binary_shift_right binary_xor
tobool todatetime todouble toreal toguid toint tolong tostring totimespan
ago datetime_add datetime_diff datetime_part dayofmonth dayofweek dayofyear endofday endofmonth endofweek endofyear
getmonth getyear hourofday
make_datetime make_timespan now startofday startofmonth startofweek startofyear weekofyear
array_concat array_length pack_array pack parse_json parse_xml zip
abs bin floor ceiling exp exp10 exp2 isfinite isinf isnan log log10 log2 pow round sign
case iif max_of min_of
base64_encodestring base64_decodestring countof extract extract_all indexof isempty isnotempty split strcat strcat_delim
strlen substring tolower
toupper hash_sha256
gettype isnotnull isnull
parse_cef_dictionary geo_location`
  .trim()
  .split(/\s+/);

export const MAX_LENGTH = 15360;
export const MAX_PARSE_COLUMNS = 10;

const OPERATOR_NODES = [
  'FilterOperator',
  'ExtendOperator',
  'ProjectOperator',
  'ProjectAwayOperator',
  'ProjectRenameOperator',
  'ParseOperator',
  'PrintOperator',
];
const ARITHMETIC = ['+', '-', '*', '/', '%', '<', '<=', '>', '>=', 'and', 'or'];
const STATEMENTS = ['LetStatement', 'ExpressionStatement'];

/** What a parsed query uses beyond the subset: names, each once, in order. */
export function outside(syntax) {
  const found = [];
  const own = functionNames(syntax);
  for (const node of nodes(syntax)) {
    const type = kind(node);
    const name = type === 'FunctionCallExpression' ? node.Name.SimpleName : null;
    if (type.endsWith('Operator') && !OPERATOR_NODES.includes(type)) found.push(`operator ${firstWord(node)}`);
    else if (type.endsWith('Statement') && !STATEMENTS.includes(type)) found.push(`statement ${firstWord(node)}`);
    else if (name && !own.includes(name) && !FUNCTIONS.includes(name)) found.push(`function ${name}()`);
    else if (type === 'DynamicExpression') found.push('dynamic literal (use parse_json())');
    else if (/^(Binary|In|HasAny|HasAll|Between)Expression$/.test(type)) found.push(...outsideOperator(node));
    else if (type === 'ParseOperator' && parsedColumns(node) > MAX_PARSE_COLUMNS)
      found.push(`parse with more than ${MAX_PARSE_COLUMNS} columns`);
  }
  return [...new Set(found)];
}

function outsideOperator(node) {
  const word = [...children(node)].find((c) => c.ChildCount === 0)?.Text ?? '';
  return [...STRING_OPERATORS, ...ARITHMETIC].includes(word) ? [] : [`operator ${word}`];
}

function functionNames(syntax) {
  return [...nodes(syntax)]
    .filter((n) => kind(n) === 'LetStatement' && kind(n.Expression) === 'FunctionDeclaration')
    .map((n) => n.Name.SimpleName);
}

const parsedColumns = (node) => [...nodes(node)].filter((n) => kind(n) === 'NameDeclaration').length;
const firstWord = (node) => node.toString(1).trim().split(/\s/)[0];

function* children(node) {
  for (let i = 0; i < node.ChildCount; i++) {
    const child = node.GetChild(i);
    if (child) yield child;
  }
}

function* nodes(node) {
  yield node;
  for (const child of children(node)) yield* nodes(child);
}
