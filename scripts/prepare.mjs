/** What must be there before anything can run: dependencies and `dist`. Needs nothing but Node and npm; runs by itself, too. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
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
/** Beside its own: what the console takes from `src`, types and constants. */
const CONSOLE_SOURCES = [
  'console',
  'src/api/answers.ts',
  'src/clone',
  'src/contract.ts',
  'tsconfig.json',
  'package-lock.json',
];

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

/** Everything that runs from `dist`, each part when one of its sources is newer than what is there. */
export async function build() {
  await buildPrograms();
  await buildConsole();
}

/** Compiles into `dist` and bundles the workflows. */
async function buildPrograms() {
  await unlessFresh('.built', SOURCES, async () => {
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    await step(
      'Compiling',
      [process.execPath, tsc, '-p', 'tsconfig.build.json'],
      'The sources do not compile.',
    );
    const bundler = join('dist', 'launcher', 'bundle-workflows.js');
    await step('Bundling the workflows', [process.execPath, bundler], 'The workflows could not be bundled.');
  });
}

/** Builds the web console into `dist/console`; its types are looked at by `tsc -p console` alone. */
export async function buildConsole() {
  if (!existsSync(join(ROOT, 'dist', 'console', 'index.html')))
    rmSync(stampFile('.console-built'), { force: true });
  await unlessFresh('.console-built', CONSOLE_SOURCES, async () => {
    const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
    await step(
      'Building the console',
      [process.execPath, vite, 'build', 'console', '--logLevel', 'warn'],
      'The console could not be built.',
    );
  });
}

/** Does the work and sets a stamp, unless the stamp is there and no source is younger. */
async function unlessFresh(name, sources, work) {
  const started = new Date();
  const stamp = stampFile(name);
  if (existsSync(stamp) && newest(sources) <= statSync(stamp).mtimeMs) return;
  await work();
  writeFileSync(stamp, '');
  // What was edited while it was being built counts as newer.
  utimesSync(stamp, started, started);
}

function stampFile(name) {
  return join(ROOT, 'dist', name);
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

/**
 * Runs a command with its output on the terminal and a sign of life every ten seconds.
 *
 * @throws a LaunchError of the sentence `failure` when it fails, or takes longer than `timeoutMs`.
 */
export async function step(title, [program, ...args], failure, { timeoutMs, env = process.env } = {}) {
  console.log(`${title} …`);
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const ticker = setInterval(() => console.log(`  ${title.toLowerCase()}: ${seconds()} s`), 10_000);
  const code = await new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      env,
      timeout: timeoutMs,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
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
