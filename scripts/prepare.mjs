/** What must be there before compiled code can run: dependencies and `dist`. Needs nothing but Node and npm; runs by itself, too. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = [
  'worker.ts',
  'src',
  'simulator',
  'launcher',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
];
const STAMP = join(ROOT, 'dist', '.built');

/** `npm ci`, when what is installed is not what package-lock.json says. */
export async function install() {
  if (isInstalled()) return;
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const failure =
    'The dependencies could not be installed: look at the network and at the npm registry that is set up.';
  await step(
    'Installing dependencies',
    [...npm, 'ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'],
    failure,
  );
}

/** Compiles into `dist` and bundles the workflows, when a source is newer than what is there. */
export async function build() {
  const started = new Date();
  if (existsSync(STAMP) && newest(SOURCES) <= statSync(STAMP).mtimeMs) return;
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  await step(
    'Compiling',
    [process.execPath, tsc, '-p', 'tsconfig.build.json'],
    'The sources do not compile.',
  );
  const bundler = join('dist', 'launcher', 'bundle-workflows.js');
  await step('Bundling the workflows', [process.execPath, bundler], 'The workflows could not be bundled.');
  writeFileSync(STAMP, '');
  // What was edited while it was being built counts as newer.
  utimesSync(STAMP, started, started);
}

/** By content: the times of the two lock files say nothing after a checkout or an `npm install`. */
function isInstalled() {
  try {
    const wanted = readLock('package-lock.json').packages;
    const installed = readLock(join('node_modules', '.package-lock.json')).packages;
    return Object.entries(wanted).every(
      ([path, { version, optional }]) => !path || optional || installed[path]?.version === version,
    );
  } catch {
    return false;
  }
}

function readLock(path) {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}

/** Latest change below these paths, in ms; folders count, so that a removed file does. */
function newest(paths) {
  return paths.reduce((latest, path) => {
    const stats = statSync(join(ROOT, path));
    const below = stats.isDirectory()
      ? newest(readdirSync(join(ROOT, path)).map((name) => join(path, name)))
      : 0;
    return Math.max(latest, stats.mtimeMs, below);
  }, 0);
}

/** Runs a command with its output on the terminal and a sign of life every ten seconds. */
async function step(title, [program, ...args], failure) {
  console.log(`${title} …`);
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const ticker = setInterval(() => console.log(`  ${title.toLowerCase()}: ${seconds()} s`), 10_000);
  const code = await new Promise((resolve) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
  clearInterval(ticker);
  if (code !== 0) throw Object.assign(new Error(failure), { name: 'LaunchError' });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await install();
    await build();
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
