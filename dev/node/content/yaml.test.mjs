import assert from 'node:assert/strict';
import test from 'node:test';
import { parseYaml } from './yaml.mjs';

test('maps, lists, literals and scalars', () => {
  const text = `# comment
a: plain text with 'quotes' inside
b: '0.1' # as text
c: "x\\ty"
list:
  - Name: one
    Default: datetime(null)
  - Name: two
flat:
- p
- 7
empty: []
inline: [x, 'y']
query: |
  let a = 1;

    a | take 1
nested:
  deep: true
`;
  assert.deepEqual(parseYaml(text), {
    a: "plain text with 'quotes' inside",
    b: '0.1',
    c: 'x\ty',
    list: [{ Name: 'one', Default: 'datetime(null)' }, { Name: 'two' }],
    flat: ['p', 7],
    empty: [],
    inline: ['x', 'y'],
    query: 'let a = 1;\n\n  a | take 1\n',
    nested: { deep: true },
  });
});

for (const [what, text] of Object.entries({
  anchor: 'a: &x 1',
  folded: 'a: >\n  x',
  flow: 'a: {b: c}',
  tab: 'a:\n\tb: c',
  twice: 'a: 1\na: 2',
  colon: 'a: b: c',
  comment: 'a: b # c',
  indentation: 'a: 1\n   b: 2',
  none: 'just text',
})) {
  test(`not read: ${what}`, () => assert.throws(() => parseYaml(text), /YAML line/));
}
