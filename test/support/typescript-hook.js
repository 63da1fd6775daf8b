/**
 * Lets a plain Node process run the project's TypeScript as Jest does, without a build: `node --require <this>`.
 * The real thing runs what `npm run build` made.
 */
const { join } = require('node:path');
const { transformFileSync } = require('@swc/core');

const configFile = join(__dirname, '../../.swcrc');

require.extensions['.ts'] = (module, filename) => {
  module._compile(transformFileSync(filename, { configFile }).code, filename);
};
