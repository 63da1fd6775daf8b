import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = path.join(__dirname, '../..');
const PROGRAM = `
  const { stopSignals } = require('./launcher/stop-signals.ts');
  const alive = setTimeout(() => {}, 30_000);
  stopSignals(() => {}).addEventListener('abort', ({ target }) => {
    console.log('stopped: ' + target.reason.message);
    clearTimeout(alive);
  });
  console.log('runs');`;

test('npm is sent a SIGTERM, which the shell between does not pass on: it stops all the same', async () => {
  // The second command keeps the shell from becoming the first.
  const shell = spawn(
    'sh',
    ['-c', '"$0" --require ./test/support/typescript-hook.js -e "$1"; true', process.execPath, PROGRAM],
    {
      cwd: ROOT,
      env: { ...process.env, npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const lines = createInterface(shell.stdout);
  expect(await once(lines, 'line')).toEqual(['runs']);
  const next = once(lines, 'line');
  shell.kill('SIGTERM');
  expect(await next).toEqual(['stopped: npm has ended']);
});
