// The workbook's form: its fields, items, parameters and tabs.
import assert from 'node:assert/strict';
import test from 'node:test';
import { readText } from './content.mjs';
import { workbookText } from './workbook/build.mjs';
import { exportsOf, itemsOf, parametersOf, references } from './workbook/read.mjs';
import { panels, passing, same, show, workbook } from './workbook/stage.mjs';

const parameters = parametersOf(workbook);

test('the file is what dev/node/content/workbook/build.mjs writes, and fits into a template', () => {
  const text = readText('sentinel/Workbooks/AmazonGuardDuty.json');
  assert.equal(text, workbookText());
  assert.ok(text.length < 120_000, `${text.length} characters`);
});

test('the outermost fields are those of a gallery template', () => {
  const { version, fromTemplateId, fallbackResourceIds, $schema } = workbook;
  assert.deepEqual(
    { version, fromTemplateId, fallbackResourceIds, $schema },
    {
      version: 'Notebook/1.0',
      fromTemplateId: 'sentinel-AmazonGuardDuty',
      fallbackResourceIds: [],
      $schema: 'https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json',
    },
  );
  assert.doesNotMatch(JSON.stringify(workbook), /subscriptions\/|crossComponentResources/);
});

test('the metadata is an entry in the form of Azure-Sentinel', () => {
  const [entry, ...others] = JSON.parse(readText('sentinel/Workbooks/WorkbooksMetadata.json'));
  assert.deepEqual(others, []);
  assert.deepEqual(Object.keys(entry), [
    'workbookKey',
    'logoFileName',
    'description',
    'dataTypesDependencies',
    'dataConnectorsDependencies',
    'previewImagesFileNames',
    'version',
    'title',
    'templateRelativePath',
    'subtitle',
    'provider',
  ]);
  assert.equal(`sentinel-${entry.templateRelativePath}`, `${workbook.fromTemplateId}.json`);
  assert.deepEqual(
    [entry.dataTypesDependencies, entry.dataConnectorsDependencies],
    [['AWSGuardDuty_CL'], ['AmazonGuardDutyS3Export']],
  );
});

test('names and ids are used once', () => {
  const names = [...itemsOf(workbook.items)].map(({ item }) => item.name);
  assert.deepEqual(
    names.filter((n, i) => !n || names.indexOf(n) !== i),
    [],
  );
  const ids = JSON.stringify(workbook).match(/"id":"[^"]+"/g);
  assert.equal(new Set(ids).size, ids.length);
});

test('every item that queries has a workspace, a time, a title and words for no data', () => {
  for (const { name, content } of panels) {
    assert.deepEqual(
      [content.version, content.queryType, content.resourceType, content.timeContextFromParameter],
      ['KqlItem/1.0', 0, 'microsoft.operationalinsights/workspaces', 'TimeRange'],
      name,
    );
    assert.ok(content.title && content.noDataMessage, name);
  }
});

test('no item uses a parameter that does not exist where it stands, or before it exists', () => {
  const known = new Set(['Tab']);
  for (const { item, groups } of itemsOf(workbook.items)) {
    const inner = new Set(
      groups
        .flatMap((g) => g.content.items)
        .flatMap((i) => (i.type === 9 ? i.content.parameters.map((p) => p.name) : exportsOf(i.content))),
    );
    const texts = item.type === 9 ? [] : item.type === 12 ? [] : [JSON.stringify(item.content)];
    for (const { name } of texts.flatMap(references))
      assert.ok(known.has(name) || inner.has(name), `${item.name}: {${name}}`);
    if (item.type === 12)
      assert.ok(
        known.has(item.conditionalVisibility.parameterName) || inner.has(item.conditionalVisibility.parameterName),
        item.name,
      );
    if (item.type !== 9) continue;
    for (const parameter of item.content.parameters) {
      for (const { name } of references(parameter.query ?? ''))
        assert.ok(known.has(name), `${parameter.name}: {${name}}`);
      if (groups.length === 0) known.add(parameter.name);
    }
  }
});

test('the tabs are the groups', () => {
  const { content } = workbook.items.find((i) => i.type === 11);
  const tabs = content.links.map((l) => l.subTarget);
  assert.deepEqual(tabs, ['Overview', 'Threats', 'Finding', 'Connector health']);
  assert.deepEqual(
    workbook.items.filter((i) => i.type === 12).map((i) => i.conditionalVisibility),
    tabs.map((value) => ({ parameterName: 'Tab', comparison: 'isEqualTo', value })),
  );
  for (const tab of tabs)
    assert.ok(
      panels.some((p) => p.tab === tab),
      tab,
    );
});

test('the finding that is chosen fills the panels about it, which show once there is one', () => {
  assert.deepEqual(
    panels.filter((p) => exportsOf(p.content).length).map((p) => [p.name, ...exportsOf(p.content)]),
    [['findings', 'FindingId', 'FindingAccount', 'FindingRegion']],
  );
  const about = [...itemsOf(workbook.items)].filter(
    ({ item }) => references(JSON.stringify(item.content)).some((r) => r.name === 'FindingId') && item.type !== 12,
  );
  assert.ok(about.length > 5);
  for (const { item, groups } of about)
    assert.deepEqual(
      groups.at(-1).conditionalVisibility,
      { parameterName: 'FindingId', comparison: 'isNotEqualTo' },
      item.name,
    );
});

test('columns that a panel formats, names, colours or exports are columns of its query', () => {
  for (const { name, content } of panels) {
    const columns = show(name).columns.map((c) => c.name);
    const { gridSettings: g, chartSettings: c, tileSettings: t, mapSettings: m } = content;
    const plain = [
      ...(g?.labelSettings ?? []).map((l) => l.columnId),
      c?.xAxis,
      ...(c?.yAxis ?? []),
      c?.group,
      t?.titleContent.columnMatch.replace(/[$^]/g, ''),
      t?.leftContent.columnMatch,
      t?.subtitleContent?.columnMatch,
      m?.locInfoColumn,
      m?.sizeSettings,
      m?.labelSettings,
      ...(content.exportedParameters ?? []).map((p) => p.fieldName),
    ].filter(Boolean);
    for (const column of plain) assert.ok(columns.includes(column), `${name}: ${column}`);
    for (const { columnMatch } of g?.formatters ?? [])
      assert.ok(
        columns.some((column) => new RegExp(columnMatch).test(column)),
        `${name}: ${columnMatch}`,
      );
  }
});

test('links lead where the column says, and every panel that has the link of a finding shows it as one', () => {
  for (const { name, content } of panels) {
    const links = (content.gridSettings?.formatters ?? []).filter((f) => f.formatter === 7);
    const columns = show(name).columns.map((c) => c.name);
    if (columns.includes('ConsoleLink'))
      assert.ok(
        links.some((l) => l.columnMatch === 'ConsoleLink' && l.formatOptions.linkTarget === 'Url'),
        name,
      );
    for (const l of links)
      assert.match(
        `${l.columnMatch} ${l.formatOptions.linkTarget}`,
        /^(ConsoleLink|IncidentUrl|AlertLink) Url$|^Content CellDetails$/,
        name,
      );
  }
});

test('a severity has its colour wherever it is a column', () => {
  const wanted = { Critical: 'redDark', High: 'redBright', Medium: 'orange', Low: 'yellow' };
  for (const { name, content } of panels.filter(
    (p) => p.tab !== 'Connector health' && !['finding-incidents', 'finding-alerts', 'finding-facts'].includes(p.name),
  )) {
    if (!show(name).columns.some((c) => c.name === 'Severity')) continue;
    const own = [...(content.gridSettings?.formatters ?? []), content.tileSettings?.titleContent].find(
      (f) => f?.columnMatch && new RegExp(f.columnMatch).test('Severity'),
    );
    const colours = own
      ? Object.fromEntries(
          own.formatOptions.thresholdsGrid
            .filter((t) => t.thresholdValue)
            .map((t) => [t.thresholdValue, t.representation]),
        )
      : Object.fromEntries(content.chartSettings.seriesLabelSettings.map((s) => [s.seriesName, s.color]));
    assert.deepEqual(colours, wanted, name);
  }
});

test('the parameters, and what they are when the workbook is opened', () => {
  assert.deepEqual(
    parameters.map((p) => [p.name, p.type, p.value]),
    [
      ['TimeRange', 4, { durationMs: 30 * 86_400_000 }],
      ['Samples', 10, 'Hide'],
      ['Account', 2, ['value::all']],
      ['Region', 2, ['value::all']],
      ['Severity', 2, ['value::all']],
      ['Type', 2, ['value::all']],
      ['App', 2, ['value::all']],
    ],
  );
  assert.ok(parameters[0].typeSettings.selectableValues.some((v) => v.durationMs === parameters[0].value.durationMs));
  for (const p of parameters.filter((x) => x.type === 2))
    assert.deepEqual(
      [p.multiSelect, p.quote, p.delimiter, p.typeSettings.selectAllValue],
      [true, "'", ',', '*'],
      p.name,
    );
});

for (const [name, column] of [
  ['Account', 'AccountId'],
  ['Region', 'Region'],
  ['Type', 'Type'],
]) {
  test(`the drop-down ${name} has every value, the most frequent first`, () => {
    const { query } = parameters.find((p) => p.name === name);
    for (const Samples of ['Hide', 'Show']) {
      const counts = new Map();
      for (const f of passing({ Samples }).findings) counts.set(f[column], (counts.get(f[column]) ?? 0) + 1);
      const want = [...counts]
        .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
        .map(([value, n]) => ({ value, label: `${value} (${n})` }));
      same(show(query, { Samples }).rows, want);
    }
  });
}

test('the drop-downs Severity and App have every value', () => {
  const values = JSON.parse(parameters.find((p) => p.name === 'Severity').jsonData).map((v) => v.value);
  assert.deepEqual(values, ['Critical', 'High', 'Medium', 'Low']);
  assert.deepEqual(new Set(values), new Set(passing().findings.map((f) => f.SeverityLabel)));
  assert.deepEqual(
    show(parameters.find((p) => p.name === 'App').query).rows.map((r) => r.value),
    ['func-one', 'func-three', 'func-two'],
  );
});
