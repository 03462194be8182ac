/** The query uses something this engine does not execute. The message names the construct. */
export class Unsupported extends Error {
  constructor(construct) {
    super(`not supported: ${construct}`);
    this.name = 'Unsupported';
  }
}

/** The query failed while running (bad arguments, assert(), ambiguous semantics). */
export class QueryError extends Error {
  constructor(message) {
    super(message);
    this.name = 'QueryError';
  }
}

/** A table that does not exist; union isfuzzy=true is the only place that forgives it. */
export class UnknownName extends QueryError {}

/** The parser or binder refused the query. `diagnostics` holds {line, column, code, message, severity}. */
export class DiagnosticsError extends QueryError {
  constructor(diagnostics) {
    super(diagnostics.map((d) => `${d.line}:${d.column} ${d.code} ${d.message}`).join('\n'));
    this.name = 'DiagnosticsError';
    this.diagnostics = diagnostics;
  }
}

/** The language service is not there. */
export class NotInstalled extends Error {}
