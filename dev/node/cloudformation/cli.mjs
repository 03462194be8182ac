// node dev/node/cloudformation/cli.mjs TEMPLATE [NAME=VALUE…]: prints the template's
// resources and outputs, worked out for these parameters, as JSON.

import { render } from './render.mjs';
import { read } from './template.mjs';

const [file, ...settings] = process.argv.slice(2);
try {
  const pairs = settings.map((s) => [s.slice(0, s.indexOf('=')), s.slice(s.indexOf('=') + 1)]);
  const pseudo = pairs.filter(([name]) => name.startsWith('AWS::'));
  const given = pairs.filter(([name]) => !name.startsWith('AWS::'));
  console.log(JSON.stringify(render(read(file), Object.fromEntries(given), Object.fromEntries(pseudo)), null, 2));
} catch (error) {
  console.error(`cloudformation: ${error.message}`);
  process.exitCode = 2;
}
