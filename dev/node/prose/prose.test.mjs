import assert from 'node:assert/strict';
import test from 'node:test';
import { faultsOf, isChecked } from './prose.mjs';

const messages = (file, text) => faultsOf(file, text).map((f) => `${f.line}:${f.column} ${f.message}`);

test('each word is found as a whole word, in any case', () => {
  for (const [text, found] of Object.entries({
    'Mend the settings': 'Mend',
    'it was set aside': 'set aside',
    'Passed over 3 keys': 'Passed over',
    'made anew': 'anew',
    'the table alone': 'alone',
    'this is no ARN': 'is no',
    'they are no exports': 'are no',
    'worked off day by day': 'worked off',
    'rows on their way': 'on their way',
    'it is told': 'told',
    'Nobody listens': 'Nobody',
    'ends by itself': 'by itself',
    'the next run goes on': 'goes on',
  })) {
    const [fault, ...others] = faultsOf('x.go', `// ${text}`);
    assert.ok(fault?.message.startsWith(`"${found}": write `), `${text}: ${fault?.message}`);
    assert.deepEqual(others, [], text);
  }
});

test('words that only look like them are left', () => {
  const text = 'recommend, amend; there is no bucket; There are no rows; it is no longer so; a standalone tool';
  assert.deepEqual(messages('x.go', text), []);
});

test('a fault names line and column', () => {
  assert.deepEqual(messages('x.md', 'one\ntwo anew'), ['2:5 "anew": write again']);
});

test('words that a wrap divides are found once, where they begin', () => {
  const text = '\t// the rest is set\n\t// aside, and it is\n\t// there';
  assert.deepEqual(messages('x.go', text), ['1:17 "set aside": write quarantined']);
});

test('a hyphen, more space, emphasis and the end of a text do not hide words', () => {
  for (const text of [
    'a Set-aside row',
    'set  aside',
    'it is *no* row',
    'set it aside',
    'on-its-way',
    '"the rows are\\nset aside"',
    '"one\\nalone"',
    '"the rows are " +\n\t"no rows"',
    "'set ' +\n  'aside'",
  ])
    assert.equal(messages('x.go', text).length, 1, text);
  assert.deepEqual(messages('x.go', 'slog.Int("set_aside", n)'), [], 'the name of a field');
  assert.deepEqual(messages('x.md', 'The limits are\n- no more than two'), [], 'a list');
  assert.deepEqual(messages('x.md', 'The parts are\n- no server'), [], 'a list');
});

const words = (n) => 'word '.repeat(n / 5);

test('prose is wrapped at 100 columns, but for tables, code and links', () => {
  assert.deepEqual(messages('x.md', words(105)), ['1:101 longer than 100 columns']);
  const long = `- https://example.com/${'x'.repeat(100)}`;
  assert.deepEqual(messages('x.md', `| ${words(105)} |\n\`\`\`\n${words(105)}\n\`\`\`\n${long}`), []);
  assert.equal(messages('x.md', `\`\`\`\n\`\`\`\n${words(105)}`).length, 1);
  assert.equal(messages('x.md', `\`\`\`\`\n\`\`\`\n\`\`\`\`\n${words(105)}`).length, 1, 'a fence in a fence');
});

test('code is wrapped at 120 columns, a tab being four', () => {
  assert.deepEqual(messages('x.go', `\t\t\t\t\t${words(105)}`), ['1:121 longer than 120 columns']);
  assert.deepEqual(messages('x.go', `\t${words(115)}`), []);
  assert.deepEqual(messages('x.go', `a = "${'x'.repeat(130)}"`), [], 'a text without a space');
  assert.equal(messages('x.go', `a = "${words(130)}"`).length, 1);
  assert.deepEqual(messages('x.bicep', `@description('${words(130)}')`), []);
  assert.deepEqual(messages('x.yaml', `description: ${words(130)}`), []);
  assert.equal(messages('x.yaml', `  | where ${words(130)}`).length, 1);
  assert.deepEqual(messages('x.json', words(200)), []);
});

test('what others wrote is not checked', () => {
  assert.ok(
    isChecked('README.md') && isChecked('handler/main.go') && isChecked('sentinel/Parsers/GuardDutyFindings.yaml'),
  );
  assert.ok(!['LICENSE', 'go.sum', 'dev/testdata/findings.jsonl', 'sentinel/finding_types.json'].some(isChecked));
});
