/** Loaded into every Node of the emulated machine: JavaScript is interpreted, as compilers cost more there than they save. */
const { setFlagsFromString } = require('node:v8');

for (const flag of ['--no-opt', '--no-maglev', '--no-sparkplug', '--no-wasm-tier-up']) setFlagsFromString(flag);
