// Comparing values and joining truths, as functions (row, index, rows) => value.
import { compare, equal, text } from './values.mjs';

const isTrue = (value) => value === true;

// Three-valued logic: false wins over null in "and", true wins over null in "or".
export function and(left, right) {
  return (row, i, rows) => {
    const a = left(row, i, rows);
    if (a === false) return false;
    const b = right(row, i, rows);
    if (b === false) return false;
    return a === null || b === null ? null : isTrue(a) && isTrue(b);
  };
}

export function or(left, right) {
  return (row, i, rows) => {
    const a = left(row, i, rows);
    if (a === true) return true;
    const b = right(row, i, rows);
    if (b === true) return true;
    return a === null || b === null ? null : false;
  };
}

// null == null is null, but null == value is false and null != value is true.
export function equality(left, right, leftNull, rightNull, wanted) {
  return (row, i, rows) => {
    const a = left(row, i, rows) ?? leftNull;
    const b = right(row, i, rows) ?? rightNull;
    if (a === null && b === null) return null;
    return (a !== null && b !== null && equal(a, b)) === wanted;
  };
}

export const ORDER = { '<': (n) => n < 0, '<=': (n) => n <= 0, '>': (n) => n > 0, '>=': (n) => n >= 0 };

// Values without an order between them (a dynamic string against a number) compare to null.
export function ordering(left, right, test) {
  return (row, i, rows) => {
    const a = left(row, i, rows);
    const b = right(row, i, rows);
    if (a === null || b === null) return null;
    const order = compare(a, b);
    return order === undefined ? null : test(order);
  };
}

/** Long lists of constants (subqueries, watchlists) are looked up in a set, built once per list. */
export function memberSet(list) {
  let seen = null;
  let set = null;
  return (row, i, rows) => {
    const values = list(row, i, rows);
    if (values !== seen) {
      seen = values;
      set = new Set(values.map(text));
    }
    return set;
  };
}
