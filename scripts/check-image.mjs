/**
 * Runs the Dockerfile's stages in clean folders, without a container engine, and starts everything from the files of
 * the last one: what is not copied, or not among the production dependencies, is missing here as it would be there.
 * Usage: node scripts/check-image.mjs
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Started and asked to stop by the launcher, which itself comes from the image's files. */
const RUN =
  "require('./dist/launcher/main.js').main({ cluster: 'simulator', verbose: false }).then(process.exit)";
const START_WITHIN_MS = 180_000;

const work = mkdtempSync(join(tmpdir(), 'image-'));
try {
  const runtime = buildStages(instructions());
  await startEverything(runtime);
  console.log(`The image's files start (${megabytes(runtime.root)} MB of ${runtime.from}).`);
} catch (error) {
  console.error(`Dockerfile: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** [keyword, rest] of each line, comments dropped. */
function instructions() {
  return readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => /^([A-Z]+)\s+(.*)$/.exec(line)?.slice(1) ?? unsupported(line));
}

/** Does each stage in a folder of its own; answers the last. */
function buildStages(lines) {
  const stages = new Map();
  let stage;
  for (const [keyword, rest] of lines) {
    if (keyword === 'FROM') {
      const [, from, name] = /^(\S+) AS (\S+)$/.exec(rest) ?? unsupported(rest);
      stage = { ...(stages.get(from) ?? { from, workdir: '/', env: {} }), root: join(work, name) };
      mkdirSync(stage.root);
      if (stages.has(from))
        cpSync(stages.get(from).root, stage.root, { recursive: true, verbatimSymlinks: true });
      stages.set(name, stage);
      console.log(`Stage ${name} …`);
    } else if (keyword === 'WORKDIR') stage = keep(stages, stage, { workdir: rest });
    else if (keyword === 'ENV')
      stage = keep(stages, stage, { env: { ...stage.env, ...Object.fromEntries([rest.split('=')]) } });
    else if (keyword === 'COPY') copy(stages, stage, rest.split(' '));
    else if (keyword === 'RUN') runIn(stage, rest);
    else if (!['USER', 'EXPOSE', 'HEALTHCHECK', 'CMD'].includes(keyword)) unsupported(keyword);
    for (const script of startedScripts(keyword, rest)) {
      if (!existsSync(join(inside(stage), script)))
        throw new Error(`${keyword} starts ${script}, which is not there`);
    }
  }
  return stage;
}

function keep(stages, stage, change) {
  const changed = { ...stage, ...change };
  mkdirSync(inside(changed), { recursive: true });
  for (const [name, known] of stages) if (known === stage) stages.set(name, changed);
  return changed;
}

function copy(stages, stage, words) {
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  const paths = words.filter((word) => !word.startsWith('--'));
  const target = paths.pop();
  for (const path of paths) {
    if (!from && !inContext(path)) throw new Error(`COPY ${path}: .dockerignore keeps it out`);
    const source = from ? join(stages.get(from).root, path) : join(ROOT, path);
    const to = join(inside(stage), target.endsWith('/') ? join(target, basename(path)) : target);
    cpSync(source, to, { recursive: true, verbatimSymlinks: true });
  }
}

function inContext(path) {
  const lines = readFileSync(join(ROOT, '.dockerignore'), 'utf8').trim().split('\n');
  return lines[0] === '*' && lines.includes(`!${path}`);
}

function runIn(stage, command) {
  console.log(`  ${command}`);
  const env = { ...process.env, ...stage.env };
  const { status } = spawnSync('sh', ['-c', command], {
    cwd: inside(stage),
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`RUN ${command} ended with ${status}`);
}

function startedScripts(keyword, rest) {
  return ['CMD', 'HEALTHCHECK'].includes(keyword) ? (rest.match(/dist\/[\w/.-]+\.js/g) ?? []) : [];
}

/** Temporal, simulator, worker and API on free ports, from the runtime stage's files, then a stop as by Ctrl-C. */
async function startEverything({ root, workdir, env }) {
  const folder = join(root, workdir);
  const [PORT, TEMPORAL_PORT, TEMPORAL_UI_PORT, SIMULATOR_PORT] = (await freePorts(4)).map(String);
  const { TEMPORAL_ADDRESS: _, ...own } = process.env;
  const ports = { PORT, TEMPORAL_PORT, TEMPORAL_UI_PORT, SIMULATOR_PORT, HOST: '127.0.0.1' };
  console.log('Starting from its files …');
  const child = spawn(process.execPath, ['-e', RUN], {
    cwd: folder,
    env: { ...own, ...env, ...ports, STATE_DIR: join(folder, 'state') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  const killer = setTimeout(() => child.kill('SIGKILL'), START_WITHIN_MS);
  let problems;
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(`  ${line}`);
    if (!/^VM Clone is running/.test(line)) continue;
    const asks = { ...env, PORT, TEMPORAL_ADDRESS: `127.0.0.1:${TEMPORAL_PORT}` };
    problems = [
      ...['http-health.js', 'worker-health.js'].flatMap((check) => healthProblems(folder, check, asks)),
      ...(await consoleProblems(`http://127.0.0.1:${PORT}`).catch(({ message }) => [
        `the console: ${message}`,
      ])),
    ];
    child.kill('SIGTERM');
  }
  const code = await exited;
  clearTimeout(killer);
  if (!problems) throw new Error('the files of the last stage do not start');
  if (problems.length > 0) throw new Error(problems.join('; '));
  if (code !== 0) throw new Error(`the stop ended with ${code}`);
}

function healthProblems(folder, check, env) {
  const args = [join('dist', 'launcher', check)];
  const { status } = spawnSync(process.execPath, args, { cwd: folder, env, stdio: 'inherit' });
  return status === 0 ? [] : [`the health check ${check} ends with ${status}`];
}

/** The page comes with its policy, and each file that it names is there, the hashed ones to be kept. */
async function consoleProblems(url) {
  const ask = (path) => fetch(`${url}${path}`, { signal: AbortSignal.timeout(10_000) });
  const page = await ask('/');
  const html = await page.text();
  const problems = [];
  const check = (holds, problem) => {
    if (!holds) problems.push(`the console: ${problem}`);
  };
  check(page.ok && /^text\/html/.test(page.headers.get('content-type')), `/ answers ${page.status} ${html}`);
  check(/script-src 'self';/.test(page.headers.get('content-security-policy')), 'has no policy');
  const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path);
  check(
    files.some((path) => /^\/assets\/.*\.js$/.test(path)),
    'names no script of its own',
  );
  for (const path of files) {
    const { status, headers } = await ask(path);
    check(status === 200, `${path} answers ${status}`);
    const kept = /immutable/.test(headers.get('cache-control'));
    check(kept === path.startsWith('/assets/'), `${path} is ${kept ? '' : 'not '}kept for ever`);
  }
  return problems;
}

async function freePorts(count) {
  const listen = () =>
    new Promise((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
    });
  const servers = await Promise.all(Array.from({ length: count }, listen));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function inside({ root, workdir }) {
  return join(root, workdir);
}

function megabytes(folder) {
  return spawnSync('du', ['-sm', folder], { encoding: 'utf8' }).stdout?.split('\t')[0];
}

function unsupported(text) {
  throw new Error(`this check does not know: ${text}`);
}
