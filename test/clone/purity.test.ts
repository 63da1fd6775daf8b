import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(__dirname, '../../src/clone');
const files = readdirSync(folder);
const IMPORT = /\bfrom\s+'([^']+)'|\b(?:import|require)\(\s*'([^']+)'|\bimport\s+'([^']+)'/g;

// architecture, Folders: `src/clone` imports nothing but `contract`; a Node built-in fails the workflow bundle
test.each(files)('%s imports only its neighbours and the contract', (file) => {
  const text = readFileSync(join(folder, file), 'utf8');
  const imported = [...text.matchAll(IMPORT)].map(([, from, dynamic, bare]) => from ?? dynamic ?? bare);
  expect(imported.filter((path) => path !== '../contract' && !/^\.\/[a-z-]+$/.test(path ?? ''))).toEqual([]);
});

// Both differ between a run and its replay: they are parameters (architecture, Folders)
test.each(files)('%s reads no clock, no randomness and no environment', (file) => {
  const text = readFileSync(join(folder, file), 'utf8');
  expect(text).not.toMatch(/\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bprocess\.|\bcrypto\./);
});

test('the folder is there', () => expect(files).toContain('plan.ts'));
