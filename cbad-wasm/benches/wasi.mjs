// Runs a WASI command in Node: node --no-warnings wasi.mjs MODULE STDIN STDOUT [ARGUMENT…], with "-" for this process's own.
import { openSync, readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [module, input, output, ...args] = process.argv.slice(2);
if (!output) throw new Error('usage: node wasi.mjs MODULE STDIN STDOUT [ARGUMENT…]');
const wasi = new WASI({
  version: 'preview1',
  args: [module, ...args],
  stdin: input === '-' ? 0 : openSync(input, 'r'),
  stdout: output === '-' ? 1 : openSync(output, 'w'),
});
const compiled = await WebAssembly.compile(readFileSync(module));
wasi.start(await WebAssembly.instantiate(compiled, wasi.getImportObject()));
