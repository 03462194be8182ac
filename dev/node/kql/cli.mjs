// node dev/node/kql/cli.mjs: KQL over rows in files. --help lists the options.
import { command } from './command.mjs';

process.exitCode = command(process.argv.slice(2), { program: 'node dev/node/kql/cli.mjs' });
