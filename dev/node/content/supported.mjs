// What no query of the content may use, since Log Analytics, or an analytics rule, does not run it. The language
// service knows all of Azure Data Explorer and does not say. Sources: "Log query overview", section "Language
// differences" (statements alias and query parameters; cluster(), cursor_*(), database(), current_principal*(),
// extent_id(), extent_tags(); cross-cluster join, externaldata counts as one; plugins python, r, sql_request), and
// "Scheduled analytics rules overview" (no "search *", no "union *", no functions of Azure Data Explorer) of
// Microsoft's documentation. The rest is ours: queries over other workspaces, over all tables, and what gives another
// result at each run.
const FORBIDDEN = [
  /^\s*\.[a-z]/m,
  /\b(cluster|database|workspace|app|adx|arg|resource)\s*\(/i,
  /\b(external_table|stored_query_result|materialized_view|entity_group)\s*\(/i,
  /\b(cursor_\w+|current_(cursor|cluster_endpoint|database|principal\w*)|extent_(id|tags))\s*\(/,
  /\b(estimate_data_size|rand|new_guid|hll\w*|tdigest\w*)\s*\(/,
  /\bexternaldata\b/,
  /\bmacro-expand\b/,
  /\bgraph-\w+/,
  /\bmake-graph\b/,
  /\bfork\b/,
  /\bfacet\b/,
  /\bscan\b/,
  /\bunion\s+((kind|withsource|isfuzzy)\s*=\s*\w+\s+)*\*/,
  /(^|[;|(])\s*(search|find)\b/m,
  /\bevaluate\b/,
  /\bset\s+\w+\s*;/,
  /^\s*alias\s/m,
  /\bdeclare\b/,
];

/** A query without its comments and texts. */
export const bare = (query) =>
  query.replace(/@?"(?:[^"\\\n]|\\.)*"|@?'(?:[^'\\\n]|\\.)*'/g, '""').replace(/\/\/.*$/gm, '');

/** What of a query is not supported: pieces of it. */
export const unsupported = (query) => FORBIDDEN.map((pattern) => pattern.exec(bare(query))?.[0]).filter(Boolean);
