// The items of a workbook, as its JSON has them.
const WORKSPACE = { queryType: 0, resourceType: 'microsoft.operationalinsights/workspaces' };

// sizes as the portal numbers them
export const SIZE = { medium: 0, small: 1, large: 2, full: 3, tiny: 4 };

// formatters as the portal numbers them
const FORMAT = { text: 1, bar: 3, hidden: 5, date: 6, link: 7, heatmap: 8, big: 12, thresholds: 18 };

const SEVERITY_COLORS = { Critical: 'redDark', High: 'redBright', Medium: 'orange', Low: 'yellow' };
const OUTCOME_COLORS = { ok: 'green', partial: 'blue', busy: 'gray', failed: 'redBright' };

const thresholds = (columnMatch, colors, other = 'gray') => ({
  columnMatch,
  formatter: FORMAT.thresholds,
  formatOptions: {
    thresholdsOptions: 'colors',
    thresholdsGrid: [
      ...Object.entries(colors).map(([thresholdValue, representation]) => ({
        operator: '==',
        thresholdValue,
        representation,
        text: '{0}{1}',
      })),
      { operator: 'Default', thresholdValue: null, representation: other, text: '{0}{1}' },
    ],
  },
});

export const severity = (column = 'Severity') => thresholds(column, SEVERITY_COLORS);
export const outcome = (column = 'Outcome') => thresholds(column, OUTCOME_COLORS);
export const state = (column = 'State') => ({
  columnMatch: column,
  formatter: FORMAT.thresholds,
  formatOptions: {
    thresholdsOptions: 'icons',
    thresholdsGrid: [
      { operator: '==', thresholdValue: 'look', representation: '2', text: '' },
      { operator: 'Default', thresholdValue: null, representation: 'success', text: '' },
    ],
  },
});
export const bar = (column, palette = 'blue') => ({
  columnMatch: column,
  formatter: FORMAT.bar,
  formatOptions: { min: 0, palette },
});
export const date = (column) => ({ columnMatch: column, formatter: FORMAT.date });
export const heat = (column, palette = 'red') => ({
  columnMatch: column,
  formatter: FORMAT.heatmap,
  formatOptions: { min: 0, palette },
});
export const hidden = (column) => ({ columnMatch: column, formatter: FORMAT.hidden });
export const link = (column, linkLabel) => ({
  columnMatch: column,
  formatter: FORMAT.link,
  formatOptions: { linkTarget: 'Url', linkLabel },
});
export const details = (column) => ({
  columnMatch: column,
  formatter: FORMAT.link,
  formatOptions: { linkTarget: 'CellDetails', linkIsContextBlade: true },
});
export const console = link('ConsoleLink', 'Open');
export const heats = [
  heat('^Critical$'),
  heat('^High$'),
  heat('^Medium$', 'orange'),
  heat('^Low$', 'yellow'),
  bar('^Findings$'),
];

/** A column of the row that is chosen, as a parameter of other items. */
export const exported = (fieldName, parameterName) => ({ fieldName, parameterName, parameterType: 1 });

/** @typedef {(name: string, title: string, text: string, options: Record<string, any>) => object} Panel */

const labels = (names) => Object.entries(names).map(([columnId, label]) => ({ columnId, label }));

/**
 * A query item. `width` is the share of the page in percent.
 * @param {string} name
 * @param {string} title
 * @param {string} text
 * @param {Record<string, any>} options
 */
export function query(name, title, text, { visualization, width = 100, size = SIZE.medium, noData, ...more }) {
  return {
    type: 3,
    content: {
      version: 'KqlItem/1.0',
      query: text,
      size,
      title,
      noDataMessage: noData,
      timeContextFromParameter: 'TimeRange',
      ...more,
      ...WORKSPACE,
      visualization,
    },
    customWidth: String(width),
    name,
    styleSettings: { showBorder: true },
  };
}

/** @type {Panel} */
export const grid = (name, title, text, { formatters = [], names = {}, rows = 250, ...more }) =>
  query(name, title, text, {
    showExportToExcel: true,
    ...more,
    visualization: 'table',
    gridSettings: { formatters, rowLimit: rows, filter: true, labelSettings: labels(names) },
  });

/** @type {(visualization: string) => Panel} */
const chart =
  (visualization) =>
  (name, title, text, { x, y, group, colors, ...more }) =>
    query(name, title, text, {
      ...more,
      visualization,
      chartSettings: {
        ...(x && { xAxis: x }),
        ...(y && { yAxis: y }),
        ...(group && { group, createOtherGroup: 20 }),
        showLegend: true,
        ...(colors && {
          seriesLabelSettings: Object.entries(colors).map(([seriesName, color]) => ({ seriesName, color })),
        }),
      },
    });

export const pie = chart('piechart');
export const bars = chart('barchart');
export const line = chart('timechart');
export const colors = { severity: SEVERITY_COLORS, outcome: OUTCOME_COLORS };

/**
 * One tile for each row.
 * @type {Panel}
 */
export const tiles = (name, title, text, { titleContent, value, subtitle, ...more }) =>
  query(name, title, text, {
    size: SIZE.tiny,
    ...more,
    visualization: 'tiles',
    tileSettings: {
      titleContent,
      leftContent: {
        columnMatch: value,
        formatter: FORMAT.big,
        formatOptions: { palette: 'auto' },
        numberFormat: { unit: 17, options: { style: 'decimal', maximumFractionDigits: 1 } },
      },
      ...(subtitle && { subtitleContent: subtitle }),
      showBorder: true,
    },
  });
export const plain = (column) => ({ columnMatch: column, formatter: FORMAT.text });

/**
 * Countries by name.
 * @type {Panel}
 */
export const map = (name, title, text, { country, value, ...more }) =>
  query(name, title, text, {
    ...more,
    visualization: 'map',
    mapSettings: {
      locInfo: 'CountryRegion',
      locInfoColumn: country,
      sizeSettings: value,
      sizeAggregation: 'Sum',
      labelSettings: country,
      legendMetric: value,
      legendAggregation: 'Sum',
      itemColorSettings: {
        type: 'heatmap',
        nodeColorField: value,
        colorAggregation: 'Sum',
        heatmapPalette: 'yellowOrangeRed',
      },
    },
  });

export const text = (name, json) => ({ type: 1, content: { json }, name });

/** Items that are shown together: while a parameter has a value, or any value. */
export const group = (name, items, parameterName, value) => ({
  type: 12,
  content: { version: 'NotebookGroup/1.0', groupType: 'editable', items },
  conditionalVisibility: {
    parameterName,
    comparison: value === undefined ? 'isNotEqualTo' : 'isEqualTo',
    ...(value !== undefined && { value }),
  },
  name,
});

export const parameters = (name, list) => ({
  type: 9,
  content: { version: 'KqlParameterItem/1.0', parameters: list, style: 'pills', ...WORKSPACE },
  name,
});

const parameter = (id, name, type, more) => ({
  id,
  version: 'KqlParameterItem/1.0',
  name,
  type,
  isRequired: true,
  ...more,
});

const ALL = { additionalResourceOptions: ['value::all'], selectAllValue: '*', showDefault: false };

/** A drop-down of several choices, All at first: from a query, or from a list. */
export const choices = (id, name, label, from) =>
  parameter(id, name, 2, {
    label,
    multiSelect: true,
    quote: "'",
    delimiter: ',',
    ...(Array.isArray(from)
      ? { jsonData: JSON.stringify(from.map((value) => ({ value, label: value }))) }
      : { query: from, timeContextFromParameter: 'TimeRange', ...WORKSPACE }),
    typeSettings: ALL,
    defaultValue: 'value::all',
    value: ['value::all'],
  });

/** A choice of one, the first at first. */
export const choice = (id, name, label, values) =>
  parameter(id, name, 10, {
    label,
    jsonData: JSON.stringify(values.map((value, i) => ({ value, label: value, ...(i === 0 && { selected: true }) }))),
    typeSettings: { additionalResourceOptions: [] },
    value: values[0],
  });

const HOUR = 3_600_000;

export const timeRange = (id, hours, initial) =>
  parameter(id, 'TimeRange', 4, {
    label: 'Time range',
    typeSettings: { selectableValues: hours.map((h) => ({ durationMs: h * HOUR })), allowCustom: true },
    value: { durationMs: initial * HOUR },
  });

/** Tabs that set the parameter Tab. */
export const tabs = (names) => ({
  type: 11,
  content: {
    version: 'LinkItem/1.0',
    style: 'tabs',
    links: Object.entries(names).map(([linkLabel, id]) => ({
      id,
      cellValue: 'Tab',
      linkTarget: 'parameter',
      linkLabel,
      subTarget: linkLabel,
      style: 'link',
    })),
  },
  name: 'tabs',
});
