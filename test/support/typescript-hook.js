/**
 * Lets a plain Node process run the project's TypeScript as Jest does, without a build: `node --require <this>`.
 * The real thing runs what `npm run build` made.
 */
const { readFileSync } = require('node:fs');
const { transformSync } = require('@swc/core');

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), { filename });
  module._compile(code, filename);
};
