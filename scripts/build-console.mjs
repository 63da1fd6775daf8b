/** Builds the web console when it is missing or stale; Playwright's global set-up, too. Usage: node scripts/build-console.mjs */
import { fileURLToPath } from 'node:url';
import { buildConsole } from './prepare.mjs';

export default buildConsole;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildConsole().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
