// Reads the part of YAML that the content files are written in: maps and lists
// in block form, literal blocks, quoted and plain scalars of one line, [] lists of scalars.
// Anything else is an error, so that no file is read differently here than by others.

/** The document as objects, arrays and strings; numbers and booleans where a plain scalar is one. */
export function parseYaml(text) {
  const reader = new Reader(text.split(/\r?\n/));
  const value = reader.block(0);
  if (reader.peek()) throw reader.fault('unexpected indentation');
  return value;
}

class Reader {
  constructor(lines) {
    this.lines = lines;
    this.at = 0;
  }

  fault(message) {
    return new Error(`YAML line ${this.at + 1}: ${message}`);
  }

  /** The next line that holds something: {indent, text}. */
  peek() {
    while (this.at < this.lines.length && /^\s*(#.*)?$/.test(this.lines[this.at])) this.at++;
    if (this.at >= this.lines.length) return null;
    const line = this.lines[this.at];
    if (/^ *\t/.test(line)) throw this.fault('tab');
    const indent = line.search(/\S/);
    return { indent, text: line.slice(indent).trimEnd() };
  }

  block(indent) {
    const line = this.peek();
    if (!line || line.indent < indent) return null;
    return /^-( |$)/.test(line.text) ? this.list(line.indent) : this.map(line.indent);
  }

  list(indent) {
    const out = [];
    for (let line = this.peek(); line?.indent === indent && /^-( |$)/.test(line.text); line = this.peek()) {
      const rest = line.text.slice(1).trimStart();
      if (rest === '') {
        this.at++;
        out.push(this.block(indent + 1));
      } else if (/^[A-Za-z_]\w*:( |$)/.test(rest)) {
        // the map of an item begins on the line of its dash
        const inner = indent + line.text.length - rest.length;
        this.lines[this.at] = ' '.repeat(inner) + rest;
        out.push(this.map(inner));
      } else {
        this.at++;
        out.push(this.scalar(rest));
      }
    }
    return out;
  }

  map(indent) {
    const out = {};
    for (let line = this.peek(); line?.indent === indent; line = this.peek()) {
      const m = /^([A-Za-z_][\w.-]*):(?: +(.*))?$/.exec(line.text);
      if (!m) throw this.fault('"key: value" expected');
      const [, key, rest = ''] = m;
      if (key in out) throw this.fault(`${key} twice`);
      this.at++;
      if (/^\|[-+]?$/.test(rest)) out[key] = this.literal(indent, rest.slice(1));
      else if (rest === '') out[key] = this.nested(indent);
      else out[key] = this.scalar(rest);
    }
    return out;
  }

  /** The value of a key that stands alone on its line; a list may stand at the key's own indentation. */
  nested(indent) {
    const line = this.peek();
    if (line?.indent === indent && /^-( |$)/.test(line.text)) return this.list(indent);
    return line && line.indent > indent ? this.block(line.indent) : null;
  }

  literal(indent, chomp) {
    const lines = [];
    let inner = null;
    for (; this.at < this.lines.length; this.at++) {
      const line = this.lines[this.at];
      if (line.trim() === '') {
        lines.push('');
        continue;
      }
      const here = line.search(/\S/);
      inner ??= here;
      if (here <= indent || here < inner) break;
      lines.push(line.slice(inner));
    }
    if (chomp === '+') return lines.join('\n');
    while (lines.at(-1) === '') lines.pop();
    return lines.join('\n') + (chomp === '-' ? '' : '\n');
  }

  scalar(text) {
    const single = /^'((?:[^']|'')*)'(?: +#.*)?$/.exec(text);
    if (single) return single[1].replaceAll("''", "'");
    const double = /^("(?:[^"\\]|\\.)*")(?: +#.*)?$/.exec(text);
    if (double) return JSON.parse(double[1]);
    const list = /^\[(.*)\]$/.exec(text);
    if (list) return list[1].trim() === '' ? [] : list[1].split(',').map((part) => this.scalar(part.trim()));
    if (/^[[\]{}&*!|>'"%@`,?]|^- |: |:$| #/.test(text)) throw this.fault(`not read here: ${text}`);
    if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
    if (text === 'true' || text === 'false') return text === 'true';
    return text;
  }
}
